//! The bus port: topics of records, read by groups.
//!
//! The bus promises **order per key and per partition, and nothing more**. Records of different partitions arrive in
//! any order. A record may be redelivered, for example after a restart or a rebalance. Batches are cut anywhere. Only
//! the consumer knows what it has done: it stores positions beside its work and presents them through [`Resume`].
//!
//! **A position is a log position**: the record's `position` in its context's log ([`Envelope::position`]), not a
//! number that the bus assigns. Positions rise within a partition, with gaps, because a log has many topics and a
//! topic many partitions. "Position P in partition p" means that all records of p with positions up to P are done. So
//! positions mean the same on every bus, and outlive any of them.
//!
//! Adapters are crates of their own (`bus-kafka`), or live beside their store (`event_log::log_bus`). No type of a
//! client library crosses this port, not even in errors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{Context, Envelope, Timestamp, Topic};

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod lag;
#[cfg(any(test, feature = "contract"))]
pub mod memory;
#[cfg(any(test, feature = "contract"))]
pub mod memory_topics;
mod passed;
mod positions;
pub mod publisher;
#[cfg(any(test, feature = "contract"))]
pub mod shuffled;
mod wrapped;

pub use passed::passed;
pub use positions::{InvalidPartition, decode as decode_positions};
pub use wrapped::WrappedBus;

/// A record on a topic: a CloudEvent. Its key is the stream's id.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub topic: Topic,
    /// The partition of the topic; a key's records are all in one.
    pub partition: u32,
    /// The bus's own number of the record, for people who inspect the bus. It means nothing on another bus: progress
    /// is kept as positions, `envelope.position`.
    pub offset: u64,
    /// The attributes, sent as headers.
    pub envelope: Arc<Envelope>,
    /// The exact bytes that were stored: JSON.
    pub payload: Arc<str>,
}

impl Record {
    pub fn partition(&self) -> Partition {
        Partition { topic: self.topic, number: self.partition }
    }

    /// Its position in its context's log, by which progress is counted.
    pub fn position(&self) -> u64 {
        self.envelope.position
    }
}

/// A partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    pub topic: Topic,
    /// Its number, from 0.
    pub number: u32,
}

/// The log position up to which everything is done, per partition.
pub type Positions = BTreeMap<Partition, u64>;

/// Whether `reached` is at or after `wanted` in every partition.
pub fn covers(reached: &Positions, wanted: &Positions) -> bool {
    wanted.iter().all(|(partition, wanted)| reached.get(partition).copied().unwrap_or(0) >= *wanted)
}

/// Where a group starts in a partition of which it has no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first record.
    Beginning,
    /// After the current last record.
    Head,
}

/// Reads a consumer's positions from the store that also holds its work.
#[async_trait]
pub trait Resume: Send + Sync {
    /// The stored positions. A partition without one starts at the subscription's [`Start`].
    async fn positions(&self) -> Result<Positions, BusError>;
}

/// A group's subscription to topics.
#[derive(Clone)]
pub struct Subscription {
    /// The group's name. Its members share the partitions.
    pub group: String,
    pub topics: Vec<Topic>,
    /// Where to start without a position.
    pub start: Start,
    /// Reads the positions to resume from.
    pub resume: Arc<dyn Resume>,
}

/// A batch of records, and the positions that are reached once all of them are done.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// In order per key. Empty if only positions have moved.
    pub records: Vec<Record>,
    /// To be stored beside the work, after the work. Positions of other partitions are unchanged.
    pub positions: Positions,
}

/// A member of a group.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// The next batch of at most `max` records. Waits, without polling in a loop, at most `patience`; then the delivery is
    /// empty. Cancel safe: a dropped call loses nothing.
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError>;

    /// Reports that everything up to `positions` is done and stored. It serves the bus's own lag figures only; [`Resume`]
    /// decides where the group resumes.
    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError>;

    /// Whether records of this key are delivered to this member, as far as it knows. Always true on a bus whose
    /// groups have one member.
    fn has(&self, topic: Topic, key: &str) -> bool {
        let _ = (topic, key);
        true
    }
}

/// The size and ends of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    pub topic: Topic,
    /// The number of its records.
    pub records: u64,
    /// Per partition, a position at or after its last record, and not after the topic's last; a consumer that has read
    /// everything has reached it. 0 if the partition is empty.
    pub ends: BTreeMap<u32, u64>,
}

/// A selection of a topic's records.
#[derive(Clone, Debug, Default)]
pub struct Browse {
    /// Only records of this key.
    pub key: Option<String>,
    /// Only records whose type has this name, without aggregate and version.
    pub name: Option<String>,
    /// Only records after these log positions, per partition.
    pub after: BTreeMap<u32, u64>,
    /// The maximum number of records.
    pub limit: usize,
}

/// How far a context's topics contain its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Every event up to this position is on the topics.
    pub position: u64,
    /// Everything that was recorded before this instant is on the topics. `None` if the topics are the log itself,
    /// which are always complete.
    pub as_of: Option<Timestamp>,
}

#[async_trait]
pub trait Bus: Send + Sync {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError>;

    /// The partition that holds a key's records, in every topic.
    fn partition_of(&self, key: &str) -> u32;

    /// Counts and ends of topics, in the given order. Counting may read a topic once; for ends alone use [`Bus::ends`].
    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError>;

    /// The log position of the last record of each partition; 0 if it is empty. Cheap.
    async fn ends(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        Ok(self.topics(topics).await?.into_iter().map(|info| (info.topic, info.ends)).collect())
    }

    /// How far the topics contain the logs of these contexts. A context without a published event is missing.
    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError>;

    /// Reads a topic without a group, for audit: each record once, in order per partition. Fewer records than the
    /// limit mean that the end was reached.
    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError>;

    /// Waits at most `patience` until `topic` holds a record after these log positions (0 for partitions that are not
    /// named). Returns at once if it already does.
    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError>;
}

/// Why a bus could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus or the log behind it does not answer.
    #[error("the bus cannot be read")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address of the bus is not valid. The text completes "the address of the bus …" and repeats no credentials.
    #[error("the address of the bus {0}")]
    Address(String),
    #[error(
        "no broker answers at {brokers}: {problem}; check that they are running, that the address is right, and that they accept this machine"
    )]
    Unreachable {
        /// The addresses tried, separated by commas.
        brokers: String,
        problem: String,
    },
    /// A topic is missing or has wrong settings.
    #[error("the topic {topic} {problem}")]
    Topic {
        /// The topic's full name on the bus.
        topic: String,
        /// What was found, what is required, and what to do.
        problem: String,
    },
    /// A foreign record: only the relay writes topics. Readers of the partition stop before it until an operator has
    /// handled it.
    #[error(
        "the record at offset {offset} of {topic}, partition {partition}, cannot be decoded ({problem}): only the relay may write \
         there. Inspect it with kcat, find its writer, and republish the topic from its log"
    )]
    Malformed {
        topic: Topic,
        partition: u32,
        /// The bus's own number of the record.
        offset: u64,
        problem: String,
    },
}
