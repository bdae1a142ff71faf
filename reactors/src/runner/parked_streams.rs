//! The streams with parked records.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::port::{Log, LogError};
use parking_lot::{Mutex, MutexGuard};
use platform::bus::{BusError, Positions, Resume};
use schemas::StreamId;

use crate::positions;

/// The parked streams of a reactor, as far as this process knows. The log knows all of them: they are read from it whenever
/// partitions come to this process, because another process may have parked records of these partitions.
pub(super) struct ParkedStreams {
    log: Arc<dyn Log>,
    reactor: &'static str,
    streams: Mutex<HashSet<StreamId>>,
}

impl ParkedStreams {
    pub(super) fn new(log: Arc<dyn Log>, reactor: &'static str) -> Self {
        Self { log, reactor, streams: Mutex::default() }
    }

    fn streams(&self) -> MutexGuard<'_, HashSet<StreamId>> {
        self.streams.lock()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.streams().is_empty()
    }

    pub(super) fn contains(&self, stream: &StreamId) -> bool {
        self.streams().contains(stream)
    }

    pub(super) fn add(&self, stream: &StreamId) {
        self.streams().insert(stream.clone());
    }

    pub(super) fn remove(&self, stream: &StreamId) {
        self.streams().remove(stream);
    }

    /// Reads them from the log again. Returns the streams to redrive: those whose first record is marked for it, or
    /// is no longer blocked because another process has just redriven the record before it.
    pub(super) async fn refresh(&self) -> Result<Vec<StreamId>, LogError> {
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

    /// The reactor's positions. The bus asks for them when partitions come to this process, which may not know the parked
    /// streams of these partitions yet.
    pub(super) async fn resume(&self) -> Result<Positions, LogError> {
        self.refresh().await?;
        positions::of_group(self.log.as_ref(), self.reactor).await
    }
}

#[async_trait]
impl Resume for ParkedStreams {
    async fn positions(&self) -> Result<Positions, BusError> {
        self.resume().await.map_err(|error| BusError::Unavailable(Box::new(error)))
    }
}
