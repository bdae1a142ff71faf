//! One projection, batch by batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use platform::backoff::Backoff;
use platform::bus::{Consumer, Delivery, Positions, Record, Start, Subscription};
use platform::error::Chain;
use platform::telemetry::metrics::metrics;
use platform::telemetry::traces;
use platform::trace_span;
use read_models::{Generation, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::Options;
use crate::Backends;
use crate::error::ProjectorError;
use crate::feed::Feed;
use crate::positions::{Reached, StorePositions};
use crate::projection::Projection;

/// The first pause after an error, which doubles with every further one, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Positions that moved without records are written once one has moved by `FAR`, or when no record has come for `QUIET`: an
/// idle projector does not write while others are busy.
const FAR: u64 = 1_000;
const QUIET: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_millis(50);

pub(super) struct Follower {
    pub(super) projection: &'static Projection,
    pub(super) backends: Backends,
    pub(super) options: Options,
    pub(super) retry: watch::Receiver<u64>,
    pub(super) trouble: watch::Sender<Option<String>>,
    pub(super) stop: CancellationToken,
}

/// Why following a generation ended.
enum Ended {
    Stopped,
    /// Another generation is live.
    Moved,
}

enum Next {
    Stop,
    Retry,
    Batch(Delivery),
}

impl Follower {
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            let mut went_well = false;
            match self.follow(&mut went_well).await {
                Ok(Ended::Stopped) => return,
                Ok(Ended::Moved) => {}
                Err(ProjectorError::Restored) => {
                    tracing::warn!(
                        projection = self.projection.name(),
                        "the store was restored to an earlier moment; catching up"
                    );
                }
                // The generation was dropped while it was followed, so another one is live.
                Err(ProjectorError::Store(StoreError::NoGeneration(_))) if went_well => {}
                Err(error) => {
                    if went_well {
                        backoff.reset();
                    }
                    let problem = Chain(&error).to_string();
                    tracing::error!(
                        projection = self.projection.name(),
                        problem,
                        "projector stalled; will retry"
                    );
                    self.trouble.send_replace(Some(problem));
                    if !backoff.pause(&self.stop).await {
                        return;
                    }
                }
            }
        }
    }

    /// Sets `went_well` once a batch was applied.
    async fn follow(&mut self, went_well: &mut bool) -> Result<Ended, ProjectorError> {
        let Backends { store, bus, source, .. } = &self.backends;
        let documents = store.of_collection(self.projection.collection());
        let live = documents.generations.live(self.projection.collection()).await?;
        let feed = Feed::of(self.projection, live, store, source);
        feed.retry_quarantined().await?;
        let reached = Reached::default();
        let subscription = subscription(self.projection, &self.backends, &feed.generation, reached.clone());
        reached.extend(&documents.keyed.resume(&feed.generation).await?);
        let mut consumer = bus.subscribe(subscription).await?;
        tracing::debug!(
            projection = self.projection.name(),
            generation = feed.generation.number,
            "following the live generation"
        );
        let mut pending = Positions::new();
        loop {
            let patience = if pending.is_empty() { self.options.patience } else { QUIET };
            let next = self.next(consumer.as_mut(), patience).await?;
            if self.moved(&feed).await? {
                return Ok(Ended::Moved);
            }
            match next {
                Next::Stop => return Ok(Ended::Stopped),
                Next::Retry => drop(feed.retry_quarantined().await?),
                Next::Batch(delivery) => {
                    let quiet = delivery.positions.is_empty();
                    pending.extend(delivery.positions);
                    let due = !pending.is_empty() && (quiet || far(&reached.get(), &pending));
                    if delivery.records.is_empty() && !due {
                        // An idle projector notices a restored store, too.
                        feed.require(&reached.get()).await?;
                        self.recovered();
                        continue;
                    }
                    let began = Instant::now();
                    let spans = spans(self.projection.name(), &delivery.records);
                    let batch = trace_span!(
                        "project batch",
                        otel.kind = "consumer",
                        projection = self.projection.name(),
                        records = delivery.records.len()
                    );
                    feed.apply(&delivery.records, &pending, &reached.get()).instrument(batch).await?;
                    drop(spans);
                    if !delivery.records.is_empty() {
                        let (metrics, projection) = (metrics(), [self.projection.name()]);
                        metrics.projector_batch.with(projection).observe(began.elapsed().as_secs_f64());
                        metrics.projector_records.with(projection).inc_by(delivery.records.len() as u64);
                    }
                    tracing::debug!(
                        projection = self.projection.name(),
                        records = delivery.records.len(),
                        taken = ?began.elapsed(),
                        "batch applied"
                    );
                    reached.extend(&pending);
                    consumer.commit(&std::mem::take(&mut pending)).await?;
                    if delivery.records.len() < self.options.batch {
                        self.rest(began.elapsed()).await;
                    }
                }
            }
            *went_well = true;
            self.recovered();
        }
    }

    /// The projector follows again, so it is no longer stalled.
    fn recovered(&self) {
        self.trouble.send_if_modified(|trouble| trouble.take().is_some());
    }

    /// Pauses after a batch, longer after a long one. Waking every projector for every record starves the others, so records
    /// that arrive during the pause are handled in one batch.
    async fn rest(&self, taken: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep((taken * 2).min(LONGEST_REST)) => {}
        }
    }

    async fn next(
        &mut self,
        consumer: &mut dyn Consumer,
        patience: Duration,
    ) -> Result<Next, ProjectorError> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Ok(Next::Stop),
            // An error means that the handle was dropped.
            Ok(()) = self.retry.changed() => Ok(Next::Retry),
            delivery = consumer.next(self.options.batch, patience) => Ok(Next::Batch(delivery?)),
        }
    }

    /// Whether another generation is live.
    async fn moved(&self, feed: &Feed) -> Result<bool, ProjectorError> {
        let collection = self.projection.collection();
        let live = self.backends.store.of_collection(collection).generations.live(collection).await?;
        if live == feed.generation {
            return Ok(false);
        }
        tracing::info!(
            projection = self.projection.name(),
            generation = live.number,
            "another generation is live; following it"
        );
        Ok(true)
    }
}

/// The spans of records that are being applied, each in the trace of its event; none while spans are not exported.
fn spans(projection: &'static str, records: &[Record]) -> Vec<Span> {
    if !traces::are_exported() {
        return Vec::new();
    }
    let span = |record: &Record| {
        let event = tracing::field::display(record.envelope.token());
        let span = trace_span!(parent: None, "project", otel.kind = "consumer", projection, event);
        traces::continue_from(&span, record.envelope.traceparent.as_deref());
        span
    };
    records.iter().map(span).collect()
}

fn far(written: &Positions, positions: &Positions) -> bool {
    let before = |partition| written.get(partition).copied().unwrap_or(0);
    positions.iter().any(|(partition, position)| position.saturating_sub(before(partition)) >= FAR)
}

/// The group of a generation. It resumes at the positions in the store.
pub(crate) fn subscription(
    projection: &Projection,
    backends: &Backends,
    generation: &Generation,
    reached: Reached,
) -> Subscription {
    Subscription {
        group: format!("projector-{}-v{}-g{}", projection.name(), generation.shape, generation.number),
        topics: projection.topics().to_vec(),
        start: Start::Beginning,
        resume: Arc::new(StorePositions {
            keyed: backends.store.of_collection(projection.collection()).keyed,
            generation: generation.clone(),
            reached,
        }),
    }
}
