//! Positions of generations.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::{BusError, Partition, Positions, Resume, TopicInfo};
use read_models::{Generation, Keyed};

/// The positions that a member has resumed at or written, also for partitions that it got from another member. If the store
/// falls behind them, it was restored to an earlier moment.
#[derive(Clone, Default)]
pub(crate) struct Reached(Arc<Mutex<Positions>>);

impl Reached {
    /// Raises these.
    pub(crate) fn extend(&self, positions: &Positions) {
        let mut all = self.0.lock();
        for (partition, position) in positions {
            let known = all.entry(*partition).or_default();
            *known = (*known).max(*position);
        }
    }

    pub(crate) fn get(&self) -> Positions {
        self.0.lock().clone()
    }
}

/// Tells the bus the positions of a generation.
pub(crate) struct StorePositions {
    pub(crate) keyed: Arc<dyn Keyed>,
    pub(crate) generation: Generation,
    pub(crate) reached: Reached,
}

#[async_trait]
impl Resume for StorePositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        let stored = self.keyed.resume(&self.generation).await;
        let stored = stored.map_err(|error| BusError::Unavailable(Box::new(error)))?;
        self.reached.extend(&stored);
        Ok(stored)
    }
}

/// The ends of topics, as positions. Empty partitions are left out.
pub(crate) fn ends(topics: &[TopicInfo]) -> Positions {
    let ends = topics.iter().flat_map(|info| {
        info.ends.iter().map(|(number, end)| (Partition { topic: info.topic, number: *number }, *end))
    });
    ends.filter(|(_, end)| *end > 0).collect()
}

#[cfg(test)]
mod tests {
    use platform::bus::covers;

    use super::*;

    fn at(position: u64) -> Positions {
        platform::bus::decode_positions([("chorale.order.v1/0".to_owned(), position)])
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_member_that_takes_over_a_partition_knows_the_position_of_the_previous_member() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("documents.sqlite").display());
        let store = read_models::connect(&url, &read_models::documents::ALL).await.unwrap();
        let generation = store.generations.live(read_models::documents::ALL[0]).await.unwrap();
        let reached = Reached::default();
        let resume = StorePositions {
            keyed: store.keyed.clone(),
            generation: generation.clone(),
            reached: reached.clone(),
        };
        store.keyed.write(&generation, &[], &at(60)).await.unwrap();
        assert_eq!(resume.positions().await.unwrap(), at(60));
        // The other member writes on, and then loses the partition.
        store.keyed.write(&generation, &[], &at(100)).await.unwrap();
        assert_eq!(resume.positions().await.unwrap(), at(100));
        assert_eq!(reached.get(), at(100));
        assert!(!covers(&at(80), &reached.get()), "a store at 80 was restored");
    }
}
