//! What the client tells a member of a group.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use serde::Deserialize;

use super::lanes::Lanes;
use crate::bus::Partition;
use crate::bus::kafka::client;
use crate::bus::kafka::reader::unsigned;

/// A change of what a member has; to be answered by assigning or unassigning it.
pub(super) enum Change {
    Given(TopicPartitionList),
    Taken(TopicPartitionList),
}

impl Change {
    /// The answer of a member that leaves: it lets everything go; what it is given it takes, unread, because it can only
    /// let go what it has. Without an answer the client would not leave, and the whole group would wait for it.
    pub(super) fn decline(&self, consumer: &BaseConsumer<Member>) {
        let answered = match self {
            Self::Given(list) => consumer.incremental_assign(list),
            Self::Taken(list) => consumer.incremental_unassign(list),
        };
        if let Err(error) = answered {
            tracing::warn!(%error, "a member that leaves could not let its partitions go");
        }
    }
}

/// How far fetching is in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    /// The next offset to be fetched.
    pub next: u64,
    /// Records fetched and not yet taken.
    pub waiting: u64,
}

/// Keeps what the client told until the driver looks.
pub(super) struct Member {
    prefix: String,
    lanes: Arc<Lanes>,
    changes: Mutex<Vec<Change>>,
    fetched: Mutex<Option<HashMap<Partition, Fetched>>>,
    leaving: AtomicBool,
}

impl Member {
    pub(super) fn new(prefix: String, lanes: Arc<Lanes>) -> Self {
        Self {
            prefix,
            lanes,
            changes: Mutex::default(),
            fetched: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// Changes told since the last look, in their order.
    pub(super) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut *lock(&self.changes))
    }

    /// The state of fetching, once per report.
    pub(super) fn fetched(&self) -> Option<HashMap<Partition, Fetched>> {
        lock(&self.fetched).take()
    }

    /// From now on nobody looks: what is taken away is let go at once.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(error = %error, reason, "Kafka's consumer reports");
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match serde_json::from_slice::<Statistics>(statistics) {
            Ok(statistics) => *lock(&self.fetched) = Some(statistics.fetched(&self.prefix)),
            Err(error) => tracing::warn!(%error, "Kafka's statistics cannot be read"),
        }
    }
}

impl ConsumerContext for Member {
    /// The driver answers, after the poll that this comes from: it may have to wait, and must serve the client meanwhile.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let list = list.clone();
        let change = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Given(list),
            _ => Change::Taken(list),
        };
        if self.leaving.load(Ordering::Acquire) {
            change.decline(consumer);
        } else {
            lock(&self.changes).push(change);
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        // For lag tools only: the next one says it again.
        if let Err(error) = result {
            tracing::info!(%error, "Kafka did not take a group's offsets");
        }
        self.lanes.wake();
    }
}

/// The part of the client's statistics that is looked at.
#[derive(Deserialize)]
struct Statistics {
    #[serde(default)]
    topics: HashMap<String, TopicStatistics>,
}

#[derive(Deserialize)]
struct TopicStatistics {
    #[serde(default)]
    partitions: HashMap<String, PartitionStatistics>,
}

#[derive(Deserialize)]
struct PartitionStatistics {
    partition: i32,
    fetchq_cnt: i64,
    next_offset: i64,
}

impl Statistics {
    fn fetched(&self, prefix: &str) -> HashMap<Partition, Fetched> {
        let mut all = HashMap::new();
        for (name, topic) in &self.topics {
            let Some(topic_of_ours) = name.strip_prefix(prefix).and_then(|name| name.parse().ok()) else {
                continue;
            };
            for partition in topic.partitions.values().filter(|partition| partition.partition >= 0) {
                let (Ok(next), Ok(waiting)) =
                    (u64::try_from(partition.next_offset), u64::try_from(partition.fetchq_cnt))
                else {
                    continue;
                };
                let place = Partition { topic: topic_of_ours, number: unsigned(partition.partition) };
                all.insert(place, Fetched { next, waiting });
            }
        }
        all
    }
}
