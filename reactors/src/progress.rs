//! How far everybody is, for those who wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use platform::bus::{Bus, BusError, Positions};
use schemas::Topic;
use tokio::sync::watch;

/// Positions per group of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress(Arc<watch::Sender<BTreeMap<String, Group>>>);

#[derive(Clone, Debug, Default)]
struct Group {
    topics: Vec<Topic>,
    positions: Positions,
}

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }
}

impl Progress {
    /// A group joins, at these positions.
    pub fn join(&self, group: &str, topics: &[Topic], positions: Positions) {
        self.0.send_modify(|groups| {
            groups.insert(group.to_owned(), Group { topics: topics.to_vec(), positions });
        });
    }

    /// A group has done everything up to these positions.
    pub fn advance(&self, group: &str, positions: &Positions) {
        self.0.send_modify(|groups| {
            if let Some(known) = groups.get_mut(group) {
                known.positions.extend(positions.iter().map(|(partition, offset)| (*partition, *offset)));
            }
        });
    }

    /// Waits until every group that `concerns` names has done everything that its topics hold now, at most `patience`;
    /// `false` when that was not enough.
    pub async fn caught_up(
        &self,
        bus: &dyn Bus,
        concerns: impl Fn(&str) -> bool,
        patience: Duration,
    ) -> Result<bool, BusError> {
        let ends: BTreeMap<Topic, BTreeMap<u32, u64>> =
            bus.topics(&Topic::ALL).await?.into_iter().map(|info| (info.topic, info.ends)).collect();
        let behind = |groups: &BTreeMap<String, Group>| {
            groups.iter().filter(|(name, _)| concerns(name)).any(|(_, group)| group.is_behind(&ends))
        };
        let mut watch = self.0.subscribe();
        let arrived = watch.wait_for(|groups| !behind(groups));
        Ok(tokio::time::timeout(patience, arrived).await.is_ok_and(|waited| waited.is_ok()))
    }

    /// The groups and their positions.
    pub fn groups(&self) -> BTreeMap<String, Positions> {
        self.0.borrow().iter().map(|(name, group)| (name.clone(), group.positions.clone())).collect()
    }
}

impl Group {
    fn is_behind(&self, ends: &BTreeMap<Topic, BTreeMap<u32, u64>>) -> bool {
        self.topics.iter().filter_map(|topic| Some((topic, ends.get(topic)?))).any(|(topic, ends)| {
            ends.iter().any(|(number, end)| {
                let partition = platform::bus::Partition { topic: *topic, number: *number };
                *end > self.positions.get(&partition).copied().unwrap_or(0)
            })
        })
    }
}
