//! Positions of groups as they stand in their context's log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::ViewWrite;
use event_log::port::{Log, LogError};
use event_log::writer::Note;
use platform::bus::{BusError, Partition, Positions, Resume};

/// `<topic>/<number>`, as positions are kept.
pub(crate) fn partition_name(partition: &Partition) -> String {
    format!("{}/{}", partition.topic, partition.number)
}

/// What a note keeps of a group's positions.
pub(crate) fn noted(group: &str, positions: &Positions) -> Vec<(String, String, u64)> {
    let kept = positions.iter();
    kept.map(|(partition, position)| (group.to_owned(), partition_name(partition), *position)).collect()
}

/// How far a group is.
pub(crate) async fn of_group(log: &dyn Log, group: &str) -> Result<Positions, LogError> {
    Ok(known(log.group(group).await?.0))
}

/// A topic that this program does not know any more is read by nobody.
fn known(kept: BTreeMap<String, u64>) -> Positions {
    let parse = |(name, position): (String, u64)| {
        let (topic, number) = name.rsplit_once('/')?;
        Some((Partition { topic: topic.parse().ok()?, number: number.parse().ok()? }, position))
    };
    kept.into_iter().filter_map(parse).collect()
}

/// Answers the bus where a group stands, and remembers it.
pub(crate) struct GroupPositions {
    log: Arc<dyn Log>,
    group: &'static str,
    known: Mutex<Positions>,
}

impl GroupPositions {
    pub fn new(log: Arc<dyn Log>, group: &'static str) -> Self {
        Self { log, group, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Positions> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads where the group stands now.
    pub async fn read(&self) -> Result<Positions, LogError> {
        let positions = of_group(self.log.as_ref(), self.group).await?;
        self.known().clone_from(&positions);
        Ok(positions)
    }

    /// A note of `views` that is kept only if nobody else has gone on in these partitions since they were read, or noted,
    /// here.
    pub fn note(&self, positions: &Positions, views: Vec<ViewWrite>) -> Note {
        let known = self.known();
        let at = positions.keys().map(|partition| (*partition, known.get(partition).copied().unwrap_or(0)));
        let only_at = noted(self.group, &at.collect());
        Note { positions: noted(self.group, positions), views, only_at, ..Note::default() }
    }

    /// The group stands there now.
    pub fn noted(&self, positions: &Positions) {
        self.known().extend(positions.iter().map(|(partition, position)| (*partition, *position)));
    }
}

#[async_trait]
impl Resume for GroupPositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        self.read().await.map_err(|error| BusError::Unavailable(Box::new(error)))
    }
}
