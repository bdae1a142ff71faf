//! Positions of another bus.

use std::collections::BTreeSet;

use schemas::{Context, Topic};

use super::{Bus, BusError, Positions};

/// Which of the positions `wanted` a consumer of `bus` at `reached` has passed although it is before them, because no record
/// of their partition is in between and none can come.
///
/// Positions that were reached on another bus can be after the last record of a partition here: on the logs themselves they
/// move with the records of all topics. Such a position is passed once everything in the partition was read, if the topics
/// contain the log up to there. That stays so, because topics only grow.
pub async fn passed(bus: &dyn Bus, reached: &Positions, wanted: &Positions) -> Result<Positions, BusError> {
    let topics: BTreeSet<Topic> = wanted.keys().map(|partition| partition.topic).collect();
    let contexts: BTreeSet<Context> = topics.iter().map(|topic| topic.context()).collect();
    let (topics, contexts) = (Vec::from_iter(topics), Vec::from_iter(contexts));
    // Before the ends: what is published in between is read first.
    let reach = bus.reach(&contexts).await?;
    let ends = bus.ends(&topics).await?;
    let mut passed = Positions::new();
    for (partition, position) in wanted {
        let reached = reached.get(partition).copied().unwrap_or(0);
        let of_topic = ends.get(&partition.topic);
        let end = of_topic.and_then(|ends| ends.get(&partition.number)).copied().unwrap_or(0);
        let context = reach.get(&partition.topic.context());
        if (end..*position).contains(&reached) && context.is_some_and(|reach| reach.position >= *position) {
            passed.insert(*partition, *position);
        }
    }
    Ok(passed)
}
