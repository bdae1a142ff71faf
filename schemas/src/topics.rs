//! Topics: the names under which events are published, and the partitions of their keys.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::StreamId;
use crate::contexts::{AggregateType, Context, UnknownName, reactions_topic_name};

/// A topic of events. Each has exactly one source: the log of its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The events of all aggregates of a type.
    Aggregate(AggregateType),
    /// Parked and redriven reactions of a context.
    Reactions(Context),
}

impl Topic {
    /// The prefix of streams of reactions.
    pub(crate) const REACTION_PREFIX: &'static str = "reaction";

    /// The name on the bus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aggregate(aggregate) => aggregate.topic_name(),
            Self::Reactions(context) => reactions_topic_name(context),
        }
    }

    /// The middle part of the name: `order` of `chorale.order.v1`, `ordering.reaction`.
    pub fn short_name(self) -> &'static str {
        let name = self.name();
        name.strip_prefix("chorale.").and_then(|rest| rest.strip_suffix(".v1")).unwrap_or(name)
    }

    /// The prefix of the streams on this topic.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Aggregate(aggregate) => aggregate.stream_prefix(),
            Self::Reactions(_) => Self::REACTION_PREFIX,
        }
    }

    /// The context whose log is the topic's only source.
    pub fn context(self) -> Context {
        match self {
            Self::Aggregate(aggregate) => aggregate.context(),
            Self::Reactions(context) => context,
        }
    }

    /// The topic of a stream in the log of `context`. `None`: no such streams are in that log.
    pub fn of_stream(context: Context, stream: &StreamId) -> Option<Self> {
        if stream.prefix() == Self::REACTION_PREFIX {
            return Some(Self::Reactions(context));
        }
        let aggregate = AggregateType::of_stream(stream)?;
        (aggregate.context() == context).then_some(Self::Aggregate(aggregate))
    }

    /// The aggregate's name in event types: `order` of `chorale.order.v1`, `reaction` for reactions.
    pub fn aggregate(self) -> &'static str {
        match self {
            Self::Aggregate(aggregate) => aggregate.name(),
            Self::Reactions(_) => "reaction",
        }
    }
}

impl Ord for Topic {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Topic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Topic {
    type Err = UnknownName;

    /// Accepts the full name and the short one (`order`, `ordering.reaction`).
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let named = |topic: &Self| topic.name() == name || topic.short_name() == name;
        Self::ALL.into_iter().find(named).ok_or(UnknownName)
    }
}

/// The topic of the logs' signed heads. It has no source log: the relays write it.
pub const AUDIT_TOPIC: &str = "chorale.audit.v1";

/// The topic of the relays' own progress: one record per context, compacted.
pub const RELAY_TOPIC: &str = "chorale.relay.v1";

/// Partitions of [`RELAY_TOPIC`]. Each context has one of its own ([`Context::relay_partition`]), so that no relay waits for
/// the transaction of another one. The number is part of every existing cluster: it stays.
pub const RELAY_PARTITIONS: u32 = 18;

/// The names of all topics of a bus: those of events, and the two of the relays.
pub fn names() -> Vec<&'static str> {
    Topic::ALL.into_iter().map(Topic::name).chain([AUDIT_TOPIC, RELAY_TOPIC]).collect()
}

/// The default number of partitions of a topic.
pub const PARTITIONS: u32 = 6;

/// The partition of a key in a topic of `count` partitions. It is the choice of Kafka's own producers, so that every client
/// finds a key in the same partition. Source: `BuiltInPartitioner.partitionForKey` of Apache Kafka (murmur2, sign bit
/// dropped, modulo).
pub fn partition_of(key: &str, count: u32) -> u32 {
    (murmur2(key.as_bytes()) & 0x7fff_ffff) % count.max(1)
}

/// MurmurHash2, 32 bits, as in `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    // Kafka's length is an i32; keys are far shorter.
    let mut hash = SEED ^ (data.len() as u32);
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_get_the_partition_that_kafkas_own_producers_choose() {
        // The vectors of Kafka's own UtilsTest.
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
        assert_eq!(partition_of("any", 0), 0);
        for (key, partition) in [("ordering", 14), ("payments", 2), ("shipping", 3)] {
            assert_eq!(partition_of(key, 18), partition, "{key}");
        }
    }

    #[test]
    fn every_topic_is_found_by_its_name_its_short_name_and_its_streams() {
        for topic in Topic::ALL {
            assert_eq!(topic.name().parse(), Ok(topic));
            assert!(topic.name().contains(topic.aggregate()));
            let stream = StreamId::from_text(format!("{}-x", topic.prefix()));
            assert_eq!(Topic::of_stream(topic.context(), &stream), Some(topic));
        }
        assert_eq!("order".parse(), Ok(Topic::ORDER));
        assert_eq!("ordering.reaction".parse(), Ok(Topic::ORDERING_REACTION));
        assert_eq!("orders".parse::<Topic>(), Err(UnknownName));
    }
}
