//! The progress of all groups, for callers that wait until they have caught up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use event_log::port::{Log, LogError};
use platform::bus::{Bus, BusError, Partition, Positions};
use schemas::{Context, Topic};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::positions;

/// How often positions of other processes are read.
const POLL: Duration = Duration::from_millis(50);

/// The positions of all groups. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    groups: Arc<watch::Sender<BTreeMap<String, Group>>>,
    /// The logs with the positions of all groups, if other processes run some of them. `None`: this process runs all groups,
    /// and `groups` has their positions.
    shared: Option<Arc<BTreeMap<Context, Arc<dyn Log>>>>,
}

#[derive(Clone, Debug)]
struct Group {
    context: Context,
    topics: Vec<Topic>,
    positions: Positions,
}

/// An event that groups are to handle.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub topic: Topic,
    /// The id of its stream.
    pub key: &'a str,
    /// Its position in its context's log.
    pub position: u64,
}

/// The end positions of topics, by partition.
type Ends = BTreeMap<Topic, BTreeMap<u32, u64>>;

impl Default for Progress {
    fn default() -> Self {
        Self { groups: Arc::new(watch::Sender::new(BTreeMap::new())), shared: None }
    }
}

/// The reasons why progress cannot be determined.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The ends of the topics are not known.
    #[error("the bus failed")]
    Bus(#[from] BusError),
    /// The positions of other processes are not known.
    #[error("the log failed")]
    Log(#[from] LogError),
}

impl Progress {
    /// For groups that several processes share: their positions are read from the logs.
    pub fn shared(logs: impl IntoIterator<Item = Arc<dyn Log>>) -> Self {
        let logs = logs.into_iter().map(|log| (log.context(), log)).collect();
        Self { shared: Some(Arc::new(logs)), ..Self::default() }
    }

    /// Adds a group of `context`, at these positions.
    pub fn join(&self, group: &str, context: Context, topics: &[Topic], positions: Positions) {
        self.groups.send_modify(|groups| {
            groups.insert(group.to_owned(), Group { context, topics: topics.to_vec(), positions });
        });
    }

    /// A group has handled all records up to these positions.
    pub fn advance(&self, group: &str, positions: &Positions) {
        self.groups.send_modify(|groups| {
            if let Some(known) = groups.get_mut(group) {
                known.positions.extend(positions.iter().map(|(partition, position)| (*partition, *position)));
            }
        });
    }

    /// Waits until all groups that `concerns` selects have handled the records that are on their topics now. `false`: that
    /// took longer than `patience`.
    pub async fn caught_up(
        &self,
        bus: &dyn Bus,
        concerns: impl Fn(&str) -> bool,
        patience: Duration,
    ) -> Result<bool, ProgressError> {
        let ends = bus.ends(&Topic::ALL).await?;
        self.reached(&ends, |name, _| concerns(name), patience).await
    }

    /// Waits until all groups that `concerns` selects have reached these ends. `false`: that took longer than `patience`.
    async fn reached(
        &self,
        ends: &Ends,
        concerns: impl Fn(&str, &Group) -> bool,
        patience: Duration,
    ) -> Result<bool, ProgressError> {
        let deadline = Instant::now() + patience;
        let mut changes = self.groups.subscribe();
        while !self.laggards(ends, &concerns, &mut changes).await?.is_empty() {
            let next = if self.shared.is_some() { deadline.min(Instant::now() + POLL) } else { deadline };
            let changed = timeout_at(next, changes.changed()).await.is_ok();
            if !changed && Instant::now() >= deadline {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until all groups of `context` that read `topic` have handled the event of `key` at `position`; parked counts as
    /// handled. `false`: that took longer than `patience`.
    pub async fn handled(
        &self,
        bus: &dyn Bus,
        context: Context,
        event: &Event<'_>,
        patience: Duration,
    ) -> Result<bool, ProgressError> {
        let ends =
            BTreeMap::from([(event.topic, BTreeMap::from([(bus.partition_of(event.key), event.position)]))]);
        let reads_it = |group: &Group| group.context == context && group.topics.contains(&event.topic);
        self.reached(&ends, |_, group| reads_it(group), patience).await
    }

    /// The groups that have not handled all records on their topics.
    pub async fn behind(&self, bus: &dyn Bus) -> Result<Vec<String>, ProgressError> {
        let ends = bus.ends(&Topic::ALL).await?;
        Ok(self.laggards(&ends, &|_, _| true, &mut self.groups.subscribe()).await?)
    }

    async fn laggards(
        &self,
        ends: &Ends,
        concerns: &impl Fn(&str, &Group) -> bool,
        changes: &mut watch::Receiver<BTreeMap<String, Group>>,
    ) -> Result<Vec<String>, LogError> {
        let behind: Vec<(String, Group)> = {
            let groups = changes.borrow_and_update();
            let behind = groups
                .iter()
                .filter(|(name, group)| concerns(name, group) && group.is_behind(&group.positions, ends));
            behind.map(|(name, group)| (name.clone(), group.clone())).collect()
        };
        let Some(logs) = &self.shared else { return Ok(behind.into_iter().map(|(name, _)| name).collect()) };
        let mut laggards = Vec::new();
        for (name, group) in behind {
            let stored = match logs.get(&group.context) {
                Some(log) => positions::of_group(log.as_ref(), &name).await?,
                None => Positions::new(),
            };
            if group.is_behind(&stored, ends) {
                laggards.push(name);
            }
        }
        Ok(laggards)
    }

    /// The groups and their positions that this process knows.
    pub fn groups(&self) -> BTreeMap<String, Positions> {
        self.groups.borrow().iter().map(|(name, group)| (name.clone(), group.positions.clone())).collect()
    }
}

impl Group {
    fn is_behind(&self, positions: &Positions, ends: &Ends) -> bool {
        self.topics.iter().filter_map(|topic| Some((topic, ends.get(topic)?))).any(|(topic, ends)| {
            ends.iter().any(|(number, end)| {
                let partition = Partition { topic: *topic, number: *number };
                *end > positions.get(&partition).copied().unwrap_or(0)
            })
        })
    }
}
