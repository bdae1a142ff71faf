//! Positions of groups in the log of their context.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ViewWrite;
use event_log::port::{Log, LogError};
use event_log::writer::Note;
use parking_lot::{Mutex, MutexGuard};
use platform::bus::{BusError, Positions, Resume, decode_positions};

/// The positions of a group as a note stores them.
pub(crate) fn noted(group: &str, positions: &Positions) -> Vec<(String, String, u64)> {
    let stored = positions.iter();
    stored.map(|(partition, position)| (group.to_owned(), partition.to_string(), *position)).collect()
}

/// The stored positions of a group.
pub(crate) async fn of_group(log: &dyn Log, group: &str) -> Result<Positions, LogError> {
    Ok(decode_positions(log.group(group).await?.0))
}

/// The positions of a group, as last read or written here.
pub(crate) struct GroupPositions {
    log: Arc<dyn Log>,
    group: &'static str,
    known: Mutex<Positions>,
}

impl GroupPositions {
    pub(crate) fn new(log: Arc<dyn Log>, group: &'static str) -> Self {
        Self { log, group, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Positions> {
        self.known.lock()
    }

    /// Reads the group's positions from the log.
    pub(crate) async fn read(&self) -> Result<Positions, LogError> {
        let positions = of_group(self.log.as_ref(), self.group).await?;
        self.known().clone_from(&positions);
        Ok(positions)
    }

    /// A note of `views` that is refused if another process has moved the group in these partitions since they were last read
    /// or written here.
    pub(crate) fn note(&self, positions: &Positions, views: Vec<ViewWrite>) -> Note {
        let known = self.known();
        let at = positions.keys().map(|partition| (*partition, known.get(partition).copied().unwrap_or(0)));
        let only_at = noted(self.group, &at.collect());
        Note { positions: noted(self.group, positions), views, only_at, ..Note::default() }
    }

    /// Remembers positions that were written.
    pub(crate) fn noted(&self, positions: &Positions) {
        self.known().extend(positions.iter().map(|(partition, position)| (*partition, *position)));
    }
}

#[async_trait]
impl Resume for GroupPositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        self.read().await.map_err(|error| BusError::Unavailable(Box::new(error)))
    }
}
