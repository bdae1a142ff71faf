//! Redrives: handles parked records again, in order, on request.

use std::sync::Arc;
use std::time::Duration;

use domain::reaction::RedriveReaction;
use event_log::port::{ParkedRecord, Parking};
use event_log::request::{Origin, Request};
use platform::backoff::Backoff;
use platform::bus::{Consumer, Record};
use platform::shutdown::Shutdown;
use schemas::reaction::ReactionEvent;
use schemas::{Actor, CommandId, EventSet, StreamId};

use super::Runner;
use super::handling::Failure;

/// The pause before another attempt after an outside failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The operators' request to redrive the parked records of a stream. The same request at the same position of the reactor's
/// log counts once.
pub fn redrive_request(reactor: String, source: StreamId, log_position: u64) -> Request {
    let command = CommandId::derived(&["redrive", &reactor, source.as_str(), &log_position.to_string()]);
    Request {
        command,
        origin: Origin::Inner,
        decision: Arc::new(RedriveReaction { reactor: reactor.clone(), source: source.clone() }),
        actor: Actor::staff("operator"),
        correlation: command.uuid(),
        causation: command.uuid(),
        traceparent: None,
        expected: Vec::new(),
        parking: vec![Parking::Redrive { reactor, source }],
    }
}

impl Runner {
    /// Whether the record is about reactions of the context, and not one that the reactor answers.
    pub(super) fn is_of_reactions(&self, record: &Record) -> bool {
        record.topic == self.reactor.spec().context.reactions()
            && !self.reactor.topics().contains(&record.topic)
    }

    /// Redrives the stream if the record asks this reactor for it. `false`: the shutdown came before it was done.
    pub(super) async fn handle_reaction_event(
        &self,
        record: &Record,
        consumer: &dyn Consumer,
        shutdown: &Shutdown,
    ) -> bool {
        let envelope = &record.envelope;
        match ReactionEvent::decode(&envelope.name, envelope.type_version, &record.payload) {
            Ok(ReactionEvent::ReactionRedriven(event)) => {
                // If another process has the stream, that one finds the request in the log.
                let own = event.reactor == self.name() && self.has(consumer, &event.source);
                !own || self.redrive(&event.source, shutdown).await
            }
            Ok(ReactionEvent::ReactionParked(_)) => true,
            Err(error) => {
                tracing::error!(reactor = self.name(), event = %envelope.token(), %error, "skipped an unreadable reaction event");
                true
            }
        }
    }

    /// Whether this process reads the stream's partition.
    fn has(&self, consumer: &dyn Consumer, stream: &StreamId) -> bool {
        let topics = self.reactor.topics();
        let topic = topics.iter().find(|topic| topic.prefix() == stream.prefix());
        topic.is_some_and(|topic| consumer.has(*topic, stream.as_str()))
    }

    /// Redrives streams whose request no process has carried out: the process ended in the middle of it, or the request came
    /// to a process that does not have the stream. `false`: the shutdown came before it was done.
    pub(super) async fn redrive_due(&self, consumer: &dyn Consumer, shutdown: &Shutdown) -> bool {
        if self.parked.is_empty() {
            return true;
        }
        let due = match self.parked.refresh().await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(reactor = self.name(), %error, "could not read the parked records");
                return true;
            }
        };
        for stream in due.iter().filter(|stream| self.has(consumer, stream)) {
            if !self.redrive(stream, shutdown).await {
                return false;
            }
        }
        true
    }

    /// Handles the parked records of a stream in order. Stops at the first that fails again and parks it again. `false`: the
    /// shutdown came before it was done.
    async fn redrive(&self, source: &StreamId, shutdown: &Shutdown) -> bool {
        let log = self.writer.log();
        let parked = match log.parked(Some(self.name()), usize::MAX).await {
            Ok(parked) => parked,
            Err(error) => {
                tracing::error!(reactor = self.name(), %error, "could not read the parked records");
                return false;
            }
        };
        for parked in parked.into_iter().filter(|parked| parked.envelope.stream == *source) {
            let Some(record) = record_of(parked) else { continue };
            let version = record.envelope.version;
            let unpark = Parking::Unpark { reactor: self.name().to_owned(), source: source.clone(), version };
            loop {
                match self.once(&record, vec![unpark.clone()], shutdown).await {
                    Ok(()) => break,
                    Err(Failure::Closed) => return false,
                    Err(Failure::Poison(problem)) => {
                        return self.park(&record, Some(problem), shutdown).await;
                    }
                    Err(Failure::Outside(problem)) => {
                        tracing::warn!(reactor = self.name(), problem, "external call failed; will retry");
                        if !Backoff::new(PAUSE, PAUSE).pause(shutdown.token()).await {
                            return false;
                        }
                    }
                }
            }
        }
        self.parked.remove(source);
        true
    }
}

/// The record as it was delivered.
fn record_of(parked: ParkedRecord) -> Option<Record> {
    let topic = parked.envelope.topic()?;
    let offset = parked.envelope.position;
    Some(Record {
        topic,
        partition: 0,
        offset,
        envelope: Arc::new(parked.envelope),
        payload: parked.payload.into(),
    })
}
