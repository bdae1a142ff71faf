//! What the client tells a member of a group.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use platform::bus::Partition;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use serde::Deserialize;

use super::assignment::Assignment;
use crate::client;
use crate::reader::unsigned;

/// A rebalance. It must be answered by assigning or unassigning the partitions.
pub(super) enum Rebalance {
    Assigned(TopicPartitionList),
    Revoked(TopicPartitionList),
}

impl Rebalance {
    /// Answers for a member that leaves. Revoked partitions are unassigned. Assigned ones are accepted, unread, because only
    /// assigned partitions can be released. Without an answer the client does not leave, and the whole group waits for it.
    pub(super) fn decline(&self, consumer: &BaseConsumer<Member>) {
        let answered = match self {
            Self::Assigned(list) => consumer.incremental_assign(list),
            Self::Revoked(list) => consumer.incremental_unassign(list),
        };
        if let Err(error) = answered {
            tracing::warn!(%error, "a leaving member could not release its partitions");
        }
    }
}

/// The state of the fetch of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    /// The next offset to be fetched.
    pub next: u64,
    /// Records fetched and not yet taken.
    pub waiting: u64,
}

/// Keeps the client's callbacks until the driver handles them.
pub(super) struct Member {
    prefix: String,
    assignment: Arc<Assignment>,
    rebalances: Mutex<Vec<Rebalance>>,
    fetched: Mutex<Option<HashMap<Partition, Fetched>>>,
    leaving: AtomicBool,
}

impl Member {
    pub(super) fn new(prefix: String, assignment: Arc<Assignment>) -> Self {
        Self {
            prefix,
            assignment,
            rebalances: Mutex::default(),
            fetched: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// The rebalances since the last call, in order.
    pub(super) fn rebalances(&self) -> Vec<Rebalance> {
        std::mem::take(&mut *self.rebalances.lock())
    }

    /// The state of fetching; `None` if there is no new report.
    pub(super) fn fetched(&self) -> Option<HashMap<Partition, Fetched>> {
        self.fetched.lock().take()
    }

    /// The driver stops: from now on partitions are released at once.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(error = %error, reason, "Kafka consumer error");
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match serde_json::from_slice::<Statistics>(statistics) {
            Ok(statistics) => *self.fetched.lock() = Some(statistics.fetched(&self.prefix)),
            Err(error) => tracing::warn!(%error, "could not decode Kafka client statistics"),
        }
    }
}

impl ConsumerContext for Member {
    /// The driver answers after the poll that calls this. It may have to wait, and must serve the client at the same time.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let list = list.clone();
        let rebalance = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Rebalance::Assigned(list),
            _ => Rebalance::Revoked(list),
        };
        if self.leaving.load(Ordering::Acquire) {
            rebalance.decline(consumer);
        } else {
            self.rebalances.lock().push(rebalance);
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        // For lag tools only; the next commit repeats it.
        if let Err(error) = result {
            tracing::info!(%error, "could not commit the group's offsets");
        }
        self.assignment.wake();
    }
}

/// The part of the client's statistics that is used.
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
