//! Trying again what was parked, in order, when somebody asks for it.

use std::sync::Arc;
use std::time::Duration;

use event_log::port::{ParkedRecord, Parking};
use platform::bus::Record;
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
    pub(super) async fn hear_of_redriving(&self, record: &Record, shutdown: &Shutdown) -> bool {
        let envelope = &record.envelope;
        match ReactionEvent::decode(&envelope.name, envelope.type_version, &record.payload) {
            Ok(ReactionEvent::ReactionRedriven(event)) if event.reactor == self.name() => {
                self.redrive(&event.source, shutdown).await
            }
            Ok(_) => true,
            Err(error) => {
                tracing::error!(reactor = self.name(), event = %envelope.token(), %error, "unreadable; passed over");
                true
            }
        }
    }

    /// Goes on with what somebody had asked for when the process ended.
    pub(super) async fn redrive_interrupted(&self) {
        let shutdown = Shutdown::new();
        let parked = match self.writer.log().parked(Some(self.name()), usize::MAX).await {
            Ok(parked) => parked,
            Err(error) => {
                return tracing::error!(reactor = self.name(), %error, "parked records cannot be read");
            }
        };
        let mut streams: Vec<StreamId> =
            parked.into_iter().filter(|record| record.redrive).map(|record| record.envelope.stream).collect();
        streams.dedup();
        for stream in streams {
            if !self.redrive(&stream, &shutdown).await {
                break;
            }
        }
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
        self.parked().remove(source);
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
