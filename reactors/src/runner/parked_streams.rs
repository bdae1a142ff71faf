//! Which streams wait because something of theirs is parked.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use event_log::port::{Log, LogError};
use platform::bus::{BusError, Positions, Resume};
use schemas::StreamId;

use crate::positions;

/// What is known of a participant's parked streams. Its log knows it, too: whenever partitions come to this process, what
/// others have parked of them is read again.
pub(super) struct Waiting {
    log: Arc<dyn Log>,
    reactor: &'static str,
    streams: Mutex<HashSet<StreamId>>,
}

impl Waiting {
    pub fn new(log: Arc<dyn Log>, reactor: &'static str) -> Self {
        Self { log, reactor, streams: Mutex::default() }
    }

    fn streams(&self) -> MutexGuard<'_, HashSet<StreamId>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing waits, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.streams().is_empty()
    }

    /// Whether something of `stream` is parked.
    pub fn holds(&self, stream: &StreamId) -> bool {
        self.streams().contains(stream)
    }

    pub fn add(&self, stream: &StreamId) {
        self.streams().insert(stream.clone());
    }

    pub fn remove(&self, stream: &StreamId) {
        self.streams().remove(stream);
    }

    /// Reads anew what waits. Answers the streams that are to be tried again: those whose first record somebody wants
    /// tried, or waits behind nothing, because the one before it was just redriven by another process.
    pub async fn look(&self) -> Result<Vec<StreamId>, LogError> {
        let (mut streams, mut due) = (HashSet::new(), Vec::new());
        // In order of stream and version.
        for record in self.log.parked(Some(self.reactor), usize::MAX).await? {
            let first = streams.insert(record.envelope.stream.clone());
            if first && (record.redrive || record.error.is_empty()) {
                due.push(record.envelope.stream);
            }
        }
        *self.streams() = streams;
        Ok(due)
    }

    /// Where the participant stands. Who asks begins with partitions whose parked streams it may not know yet.
    pub async fn resume(&self) -> Result<Positions, LogError> {
        self.look().await?;
        positions::of_group(self.log.as_ref(), self.reactor).await
    }
}

#[async_trait]
impl Resume for Waiting {
    async fn positions(&self) -> Result<Positions, BusError> {
        self.resume().await.map_err(|error| BusError::Unavailable(Box::new(error)))
    }
}
