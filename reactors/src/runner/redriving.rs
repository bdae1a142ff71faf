//! Trying again what was parked, in order, when somebody asks for it.

use std::sync::Arc;
use std::time::Duration;

use event_log::port::{ParkedRecord, Parking};
use platform::bus::{Consumer, Record};
use platform::shutdown::Shutdown;
use schemas::reaction::ReactionEvent;
use schemas::{EventSet, StreamId};

use super::Runner;
use super::handling::Failure;

/// The pause before an outside failure is tried again.
const PAUSE: Duration = Duration::from_secs(1);

impl Runner {
    /// Whether it is told what became of reactions, rather than something to react to.
    pub(super) fn tells_of_redriving(&self, record: &Record) -> bool {
        record.topic == self.participant.context().reactions()
            && !self.participant.topics().contains(&record.topic)
    }

    /// `false` when the process is leaving before it was done.
    pub(super) async fn hear_of_redriving(
        &self,
        record: &Record,
        consumer: &dyn Consumer,
        shutdown: &Shutdown,
    ) -> bool {
        let envelope = &record.envelope;
        match ReactionEvent::decode(&envelope.name, envelope.type_version, &record.payload) {
            // Another process has the stream: it finds what was asked in the log.
            Ok(ReactionEvent::ReactionRedriven(event))
                if event.reactor == self.name() && self.has(consumer, &event.source) =>
            {
                self.redrive(&event.source, shutdown).await
            }
            Ok(_) => true,
            Err(error) => {
                tracing::error!(reactor = self.name(), event = %envelope.token(), %error, "unreadable; passed over");
                true
            }
        }
    }

    /// Whether the stream's records come to this process.
    fn has(&self, consumer: &dyn Consumer, stream: &StreamId) -> bool {
        let topics = self.participant.topics();
        let topic = topics.iter().find(|topic| topic.prefix() == stream.prefix());
        topic.is_some_and(|topic| consumer.has(*topic, stream.as_str()))
    }

    /// Tries again what was asked for while nobody heard it: when the process ended in the middle of it, or when another
    /// process heard of it that does not have the stream. `false` when the process is leaving.
    pub(super) async fn redrive_what_is_due(&self, consumer: &dyn Consumer, shutdown: &Shutdown) -> bool {
        if self.waiting.is_empty() {
            return true;
        }
        let due = match self.waiting.look().await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(reactor = self.name(), %error, "parked records cannot be read");
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

    /// Handles the waiting records of a stream in order. Stops at the first that fails again, which is then parked anew.
    async fn redrive(&self, source: &StreamId, shutdown: &Shutdown) -> bool {
        let log = self.writer.log();
        let waiting = match log.parked(Some(self.name()), usize::MAX).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(reactor = self.name(), %error, "parked records cannot be read");
                return false;
            }
        };
        for parked in waiting.into_iter().filter(|parked| parked.envelope.stream == *source) {
            let Some(record) = record_of(parked) else { continue };
            let version = record.envelope.version;
            let unpark = Parking::Unpark { reactor: self.name().to_owned(), source: source.clone(), version };
            loop {
                match self.once(&record, vec![unpark.clone()]).await {
                    Ok(()) => break,
                    Err(Failure::Closed) => return false,
                    Err(Failure::Poison(problem)) => {
                        return self.park(&record, Some(problem), shutdown).await;
                    }
                    Err(Failure::Outside(problem)) => {
                        tracing::warn!(reactor = self.name(), problem, "waiting for the outside");
                        tokio::select! {
                            () = shutdown.begun() => return false,
                            () = tokio::time::sleep(PAUSE) => {}
                        }
                    }
                }
            }
        }
        self.waiting.remove(source);
        true
    }
}

/// The record as it came.
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
