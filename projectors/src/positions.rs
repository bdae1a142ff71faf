//! Positions of generations.

use async_trait::async_trait;
use platform::bus::{BusError, Partition, Positions, Resume, TopicInfo};
use read_models::{Generation, Store};

/// Tells the bus the positions of a generation.
pub(crate) struct StorePositions {
    pub(crate) store: Store,
    pub(crate) generation: Generation,
}

#[async_trait]
impl Resume for StorePositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        let stored = self.store.keyed.resume(&self.generation).await;
        stored.map_err(|error| BusError::Unavailable(Box::new(error)))
    }
}

/// The ends of topics, as positions. Empty partitions are left out.
pub(crate) fn ends(topics: &[TopicInfo]) -> Positions {
    let ends = topics.iter().flat_map(|info| {
        info.ends.iter().map(|(number, end)| (Partition { topic: info.topic, number: *number }, *end))
    });
    ends.filter(|(_, end)| *end > 0).collect()
}

/// Whether `reached` is at or after `wanted` in every partition.
pub(crate) fn covers(reached: &Positions, wanted: &Positions) -> bool {
    wanted.iter().all(|(partition, wanted)| reached.get(partition).copied().unwrap_or(0) >= *wanted)
}
