//! Positions of groups as they stand in their context's log.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::port::{Log, LogError};
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

/// Answers the bus where a group stands.
pub(crate) struct GroupPositions {
    pub log: Arc<dyn Log>,
    pub group: String,
}

#[async_trait]
impl Resume for GroupPositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        of_group(self.log.as_ref(), &self.group).await.map_err(|error| BusError::Unavailable(Box::new(error)))
    }
}
