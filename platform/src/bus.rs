//! The bus port: topics of records, read by groups.
//!
//! The bus promises **order per key and per partition, and nothing more**: records of different partitions come in any
//! order, a record may come again (after a restart, a rebalance), batches are cut anywhere. What a consumer has done is
//! known by the consumer alone: it keeps positions beside its work and presents them through [`Resume`].
//!
//! **A position is a log position**: the record's `position` in its context's log ([`Envelope::position`]), whatever the bus
//! numbers its records by. Within a partition positions rise, with gaps, because a log has many topics and a topic many
//! partitions. "Position P in partition p" means that all records of p with positions up to P are done. So positions mean
//! the same on every bus, and outlive any one of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{Context, Envelope, Timestamp, Topic};

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod kafka;
#[cfg(test)]
mod memory;
#[cfg(any(test, feature = "contract"))]
pub mod memory_topics;
mod positions;
pub mod publisher;
#[cfg(any(test, feature = "contract"))]
pub mod shuffled;

pub use positions::{InvalidPartition, decode as decode_positions};

/// A record on a topic: a CloudEvent. Its key is the stream's id.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The topic.
    pub topic: Topic,
    /// The partition of the topic; a key's records are all in one.
    pub partition: u32,
    /// The bus's own number of the record, for people who look at the bus itself. It says nothing on another bus: progress
    /// is kept as positions, `envelope.position`.
    pub offset: u64,
    /// The attributes, which travel as headers.
    pub envelope: Arc<Envelope>,
    /// The exact bytes that were stored: JSON.
    pub payload: Arc<str>,
}

impl Record {
    /// Where it stands.
    pub fn partition(&self) -> Partition {
        Partition { topic: self.topic, number: self.partition }
    }

    /// Its place in its context's log: what progress is counted by.
    pub fn position(&self) -> u64 {
        self.envelope.position
    }
}

/// A partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: Topic,
    /// Its number, from 0.
    pub number: u32,
}

/// Per partition the log position up to which everything is done.
pub type Positions = BTreeMap<Partition, u64>;

/// Where a group begins with a partition of which it knows no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first record there is.
    Beginning,
    /// With what comes after now.
    Head,
}

/// Answers where a consumer stands: from the store that also holds its work.
#[async_trait]
pub trait Resume: Send + Sync {
    /// The positions known; a partition that is missing begins at the subscription's [`Start`].
    async fn positions(&self) -> Result<Positions, BusError>;
}

/// What a group wants to hear.
#[derive(Clone)]
pub struct Subscription {
    /// The group's name: its members share the partitions.
    pub group: String,
    /// The topics.
    pub topics: Vec<Topic>,
    /// Where to begin without a position.
    pub start: Start,
    /// Where to go on.
    pub resume: Arc<dyn Resume>,
}

/// A batch of records, and how far its reader is once all of them are done.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// In order per key; may be empty when only positions moved.
    pub records: Vec<Record>,
    /// To be kept beside the work, after the work. Positions of partitions that are not named stay.
    pub positions: Positions,
}

/// A member of a group.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// The next batch of at most `max` records. Waits, without polling in a loop, until there is something, at most
    /// `patience`; then an empty delivery comes. Cancel safe: a dropped call loses nothing.
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError>;

    /// Tells the bus that everything up to `positions` is done and kept. For the bus's own lag figures only: what counts
    /// is what [`Resume`] answers.
    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError>;

    /// Whether records of this key come to this member of the group, as far as it knows. Where groups have one member,
    /// always.
    fn has(&self, topic: Topic, key: &str) -> bool {
        let _ = (topic, key);
        true
    }
}

/// A topic in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// Which.
    pub topic: Topic,
    /// Records in it.
    pub records: u64,
    /// Per partition a position that whoever has read all of it has reached: that of its last record, or a later one up to
    /// that of the topic's last; 0 while there is none.
    pub ends: BTreeMap<u32, u64>,
}

/// Which part of a topic somebody wants to read.
#[derive(Clone, Debug, Default)]
pub struct Browse {
    /// Only this key.
    pub key: Option<String>,
    /// Only types whose name without aggregate and version is this.
    pub name: Option<String>,
    /// Only log positions after these, per partition.
    pub after: BTreeMap<u32, u64>,
    /// At most so many.
    pub limit: usize,
}

/// Up to where a context's log stands on its topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Every event of the log up to this position does.
    pub position: u64,
    /// Everything that was recorded before this instant does. `None` where the topics are the log itself, and so always
    /// complete.
    pub as_of: Option<Timestamp>,
}

/// A bus.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Joins a group.
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError>;

    /// Counts and ends of topics, in the order in which they are asked for. Counting may read a topic once: for ends alone
    /// there is [`Bus::ends`].
    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError>;

    /// Where topics end now: per partition the log position of the last record; 0 while there is none. Cheap.
    async fn ends(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        Ok(self.topics(topics).await?.into_iter().map(|info| (info.topic, info.ends)).collect())
    }

    /// Up to where these contexts' logs stand on their topics. A context of which nothing was ever published is missing.
    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError>;

    /// Reads a topic without a group, for audit: in order per partition, once. Fewer records than the limit mean that
    /// the end was reached.
    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError>;

    /// Waits until `topic` holds a record after these log positions (per partition; 0 where none is named), at most
    /// `patience`. A record that came before the call ends the wait at once.
    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError>;
}

/// What can go wrong with a bus.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus or the log behind it does not answer.
    #[error("the bus cannot be read")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The address of the bus cannot be used.
    #[error(transparent)]
    Address(#[from] kafka::address::InvalidAddress),
    /// No broker answers.
    #[error(
        "no broker answers at {brokers}: {problem}; check that they run, that the address is right and that they let this machine in"
    )]
    Unreachable {
        /// The addresses tried.
        brokers: String,
        /// What the client says.
        problem: String,
    },
    /// A topic is missing or is not as it has to be.
    #[error("the topic {topic} {problem}")]
    Topic {
        /// The topic's full name on the bus.
        topic: String,
        /// What was found, what is wanted, and what to do.
        problem: String,
    },
    /// A record on the bus is not one of ours. Nothing but the relay writes topics, so somebody else wrote here: readers
    /// of the partition stop in front of it until a human has looked.
    #[error(
        "the record at offset {offset} of {topic}, partition {partition}, cannot be understood ({problem}): only the relay may \
         write there; look at it with kcat, find out who wrote it, and publish the topic anew from its log"
    )]
    Malformed {
        /// Where.
        topic: Topic,
        /// Where in it.
        partition: u32,
        /// Where in that, as the bus counts.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
}
