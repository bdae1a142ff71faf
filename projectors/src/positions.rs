//! Positions as the bus names them and as the store keeps them.

use async_trait::async_trait;
use platform::bus::{BusError, Partition, Positions, Resume, TopicInfo};
use read_models::{Checkpoint, Generation, Store};

/// Answers the bus where a generation stands.
pub(crate) struct StorePositions {
    pub(crate) store: Store,
    pub(crate) generation: Generation,
}

#[async_trait]
impl Resume for StorePositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        let stored = self.store.documents().positions(&self.generation).await;
        let stored = stored.map_err(|error| BusError::Unavailable(Box::new(error)))?;
        Ok(stored.iter().filter_map(|(key, position)| Some((partition(key)?, *position))).collect())
    }
}

/// `<topic>/<partition>`
pub(crate) fn key(partition: &Partition) -> String {
    format!("{}/{}", partition.topic, partition.number)
}

pub(crate) fn checkpoint(positions: &Positions) -> Checkpoint {
    positions.iter().map(|(partition, position)| (key(partition), *position)).collect()
}

/// A key that names no topic of this program is of no use to it.
fn partition(key: &str) -> Option<Partition> {
    let (topic, number) = key.rsplit_once('/')?;
    Some(Partition { topic: topic.parse().ok()?, number: number.parse().ok()? })
}

/// Where topics end, as positions.
pub(crate) fn ends(topics: &[TopicInfo]) -> Checkpoint {
    let ends = topics.iter().flat_map(|info| {
        info.ends.iter().map(|(number, end)| (key(&Partition { topic: info.topic, number: *number }), *end))
    });
    ends.filter(|(_, end)| *end > 0).collect()
}

/// Whether everything up to `wanted` is done at `reached`.
pub(crate) fn covers(reached: &Checkpoint, wanted: &Checkpoint) -> bool {
    wanted.iter().all(|(key, wanted)| reached.get(key).copied().unwrap_or(0) >= *wanted)
}
