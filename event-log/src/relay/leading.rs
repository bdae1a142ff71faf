//! The leading relay: compares topics and log, then reads ahead and publishes.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::join;
use platform::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::{Timer, metrics};
use platform::telemetry::traces;
use platform::trace_span;
use schemas::Timestamp;
use schemas::topics::partition_of;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::heads::Heads;
use super::{Relay, RelayError, Stopped};
use crate::chain;
use crate::port::{Read, StoredEvent};

/// The longest pause of a relay that is not behind. It pauses for half the duration of its last transaction.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// The next events of the log.
struct Page {
    events: Vec<StoredEvent>,
    /// If the log has no more events: the time of the read.
    ends_at: Option<Timestamp>,
}

impl Relay {
    pub(super) async fn lead(&self, shutdown: &Shutdown) -> Result<Stopped, RelayError> {
        let mut publisher = (self.publishers)(self.context());
        let Some(mark) = self.take_over(publisher.as_mut()).await? else { return Ok(Stopped::Standby) };
        let mut at = self.compare(mark).await?;
        tracing::info!(context = %self.context(), position = at.position, "relaying");
        let mut heads = Heads::from(at.position);
        let mut renewed = Instant::now();
        let mut published = None;
        let mut page = self.page(&at).await?;
        while !shutdown.has_begun() {
            if renewed.elapsed() * 3 >= self.options.lease {
                if !self.holds_lease().await? {
                    tracing::warn!(context = %self.context(), "another relay has taken over");
                    return Ok(Stopped::Standby);
                }
                renewed = Instant::now();
            }
            if page.events.is_empty() && published.is_some_and(|at: Instant| at.elapsed() < self.options.beat)
            {
                let idle = (self.options.lease / 3).min(self.options.beat);
                tokio::select! {
                    () = shutdown.begun() => break,
                    () = self.log.grown(at.position, idle) => {}
                }
                page = self.page(&at).await?;
                continue;
            }
            (at, page) = self.publish(publisher.as_mut(), at, page, &mut heads).await?;
            published = Some(Instant::now());
        }
        if let Some(sign) = &self.sign
            && heads.is_behind(&at)
            && let Some(head) = heads.sign(&at, self.clock.now(), &self.options, sign)
        {
            // Sign last, so that the head covers everything that this relay has published.
            publisher.publish(&[head], &at).await.map_err(|error| self.publish_failed(error))?;
        }
        Ok(Stopped::Shutdown)
    }

    /// The position on the bus, once earlier relays are fenced; `None` if another relay acquires the lease in
    /// the meantime.
    async fn take_over(&self, publisher: &mut dyn Publisher) -> Result<Option<Option<Mark>>, RelayError> {
        let mut taking = pin!(publisher.take_over());
        loop {
            tokio::select! {
                mark = &mut taking => return mark.map(Some).map_err(|error| self.publish_failed(error)),
                // Taking over may take longer than the lease lasts.
                () = tokio::time::sleep(self.options.lease / 3) => {
                    if !self.holds_lease().await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The position to continue from: the one on the bus, if the log agrees.
    async fn compare(&self, mark: Option<Mark>) -> Result<Mark, RelayError> {
        let context = self.context();
        let head = self.log.head().await.map_err(|error| self.log_failed(error))?;
        let Some(mark) = mark else {
            let (epoch, hash) = (head.epoch, chain::to_hex(&chain::START));
            return Ok(Mark { context, epoch, position: 0, hash, as_of: Timestamp::EPOCH });
        };
        if mark.epoch != head.epoch {
            return Err(RelayError::OtherLog { context, published: mark.epoch, found: head.epoch });
        }
        if mark.position > head.position {
            return Err(RelayError::Lost { context, published: mark.position, end: head.position });
        }
        if mark.position > 0 {
            let there = self.log.read(Read::After(mark.position - 1), 1).await;
            let there = there.map_err(|error| self.log_failed(error))?;
            let same = there.first().is_some_and(|event| event.envelope.hash == mark.hash);
            if !same {
                return Err(RelayError::Rewritten { context, position: mark.position });
            }
        }
        Ok(mark)
    }

    async fn page(&self, at: &Mark) -> Result<Page, RelayError> {
        // Before the read, which may miss later commits.
        let now = self.clock.now();
        let events = self.log.read(Read::After(at.position), self.options.batch).await;
        let events = events.map_err(|error| self.log_failed(error))?;
        let ends_at = (events.len() < self.options.batch).then_some(now);
        Ok(Page { events, ends_at })
    }

    /// Checks that the log continues what was published, which it does not if it was restored or changed
    /// under a running relay.
    async fn require_continuation(&self, at: &Mark, page: &Page) -> Result<(), RelayError> {
        let context = self.context();
        if page.events.is_empty() {
            let head = self.log.head().await.map_err(|error| self.log_failed(error))?;
            if head.position < at.position {
                return Err(RelayError::Lost { context, published: at.position, end: head.position });
            }
            return Ok(());
        }
        let mut hash = chain::from_hex(&at.hash).unwrap_or(chain::START);
        for (event, position) in page.events.iter().zip(at.position + 1..) {
            hash = chain::link(&hash, &event.envelope, &event.payload);
            if event.envelope.position != position || event.envelope.hash != chain::to_hex(&hash) {
                return Err(RelayError::Torn { context, position });
            }
        }
        Ok(())
    }

    /// Publishes a page and reads the next one: at the same time if the relay is behind, otherwise afterwards and
    /// after a pause, so that more events are published together. A transaction costs the bus as much for one record
    /// as for a hundred, so the pause grows with the load of the bus.
    async fn publish(
        &self,
        publisher: &mut dyn Publisher,
        at: Mark,
        page: Page,
        heads: &mut Heads,
    ) -> Result<(Mark, Page), RelayError> {
        self.require_continuation(&at, &page).await?;
        let mut records = Vec::with_capacity(page.events.len() + 1);
        for event in &page.events {
            records.push(self.outgoing(event)?);
        }
        let mut mark = Mark { as_of: page.ends_at.unwrap_or(at.as_of), ..at };
        if let Some(last) = page.events.last() {
            mark.position = last.envelope.position;
            mark.hash.clone_from(&last.envelope.hash);
        }
        let now = self.clock.now();
        if let Some(sign) = &self.sign
            && heads.is_due(&mark, now, &self.options)
        {
            records.extend(heads.sign(&mark, now, &self.options, sign));
        }
        let began = Instant::now();
        let publishing = self.transaction(publisher, &page.events, &records, &mark);
        let next = if page.ends_at.is_none() {
            let (published, next) = join(publishing, self.page(&mark)).await;
            published.map_err(|error| self.publish_failed(error))?;
            next?
        } else {
            publishing.await.map_err(|error| self.publish_failed(error))?;
            tokio::time::sleep((began.elapsed() / 2).min(LONGEST_REST)).await;
            self.page(&mark).await?
        };
        Ok((mark, next))
    }

    /// Publishes records in one transaction, and reports it: in metrics, in a span of its own, and in a span in the
    /// trace of each event.
    async fn transaction(
        &self,
        publisher: &mut dyn Publisher,
        events: &[StoredEvent],
        records: &[Outgoing],
        mark: &Mark,
    ) -> Result<(), PublishError> {
        let context = self.context().name();
        let span = trace_span!("publish batch", otel.kind = "producer", context, events = events.len());
        let publishing: Vec<Span> = if traces::are_exported() {
            events.iter().map(|event| event_span(context, event)).collect()
        } else {
            Vec::new()
        };
        let timer = Timer::start();
        let result = publisher.publish(records, mark).instrument(span).await;
        drop(publishing);
        let outcome = if result.is_ok() { "committed" } else { "failed" };
        timer.observe(&metrics().relay_transactions.with([context, outcome]));
        if result.is_ok() {
            metrics().relay_events.with([context]).inc_by(events.len() as u64);
        }
        result
    }

    fn outgoing(&self, event: &StoredEvent) -> Result<Outgoing, RelayError> {
        let envelope = &event.envelope;
        let Some(topic) = envelope.topic() else {
            let (context, position, event) = (self.context(), envelope.position, envelope.id);
            return Err(RelayError::NoTopic { context, position, event });
        };
        Ok(Outgoing {
            topic: topic.name().to_owned(),
            partition: partition_of(envelope.stream.as_str(), self.options.partitions),
            key: envelope.stream.to_string(),
            headers: envelope.headers(),
            payload: event.payload.clone(),
            time: envelope.time,
        })
    }
}

/// The span of an event that is being published.
fn event_span(context: &'static str, event: &StoredEvent) -> Span {
    let envelope = &event.envelope;
    let span =
        trace_span!(parent: None, "publish", otel.kind = "producer", context, event = %envelope.token());
    traces::continue_from(&span, envelope.traceparent.as_deref());
    span
}
