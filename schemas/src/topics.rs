//! Contexts, aggregates and the topics that their events stand in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::StreamId;

/// A bounded context: it owns its aggregates, its log and its topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// Products and the category tree.
    Catalog,
    /// Stock items and reservations.
    Inventory,
    /// Orders.
    Ordering,
    /// Payments.
    Payments,
    /// Shipments.
    Shipping,
}

impl Context {
    /// All contexts, in the order in which they are listed to people.
    pub const ALL: [Self; 5] =
        [Self::Catalog, Self::Inventory, Self::Ordering, Self::Payments, Self::Shipping];

    /// The name in addresses, files and topics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Inventory => "inventory",
            Self::Ordering => "ordering",
            Self::Payments => "payments",
            Self::Shipping => "shipping",
        }
    }

    /// The topic in which this context tells of parked and redriven reactions.
    pub fn reactions(self) -> Topic {
        match self {
            Self::Catalog => Topic::CATALOG_REACTION,
            Self::Inventory => Topic::INVENTORY_REACTION,
            Self::Ordering => Topic::ORDERING_REACTION,
            Self::Payments => Topic::PAYMENTS_REACTION,
            Self::Shipping => Topic::SHIPPING_REACTION,
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Context {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|context| context.name() == name).ok_or(UnknownName)
    }
}

/// No context or topic has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such name")]
pub struct UnknownName;

/// A topic: one per aggregate type, and one per context for its reactions. Each has exactly one source log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    name: &'static str,
    context: Context,
    /// What streams of this topic begin with.
    prefix: &'static str,
}

impl Topic {
    /// Products.
    pub const PRODUCT: Self = Self::of("chorale.product.v1", Context::Catalog, "product");
    /// The category tree.
    pub const CATEGORY: Self = Self::of("chorale.category.v1", Context::Catalog, "categories");
    /// Stock items.
    pub const STOCK: Self = Self::of("chorale.stock.v1", Context::Inventory, "stock");
    /// Reservations.
    pub const RESERVATION: Self = Self::of("chorale.reservation.v1", Context::Inventory, "reservation");
    /// Orders.
    pub const ORDER: Self = Self::of("chorale.order.v1", Context::Ordering, "order");
    /// Payments.
    pub const PAYMENT: Self = Self::of("chorale.payment.v1", Context::Payments, "payment");
    /// Shipments.
    pub const SHIPMENT: Self = Self::of("chorale.shipment.v1", Context::Shipping, "shipment");
    /// Parked and redriven reactions of the catalog.
    pub const CATALOG_REACTION: Self = Self::of("chorale.catalog.reaction.v1", Context::Catalog, "reaction");
    /// Parked and redriven reactions of inventory.
    pub const INVENTORY_REACTION: Self =
        Self::of("chorale.inventory.reaction.v1", Context::Inventory, "reaction");
    /// Parked and redriven reactions of ordering.
    pub const ORDERING_REACTION: Self =
        Self::of("chorale.ordering.reaction.v1", Context::Ordering, "reaction");
    /// Parked and redriven reactions of payments.
    pub const PAYMENTS_REACTION: Self =
        Self::of("chorale.payments.reaction.v1", Context::Payments, "reaction");
    /// Parked and redriven reactions of shipping.
    pub const SHIPPING_REACTION: Self =
        Self::of("chorale.shipping.reaction.v1", Context::Shipping, "reaction");

    /// Every topic there is.
    pub const ALL: [Self; 12] = [
        Self::PRODUCT,
        Self::CATEGORY,
        Self::STOCK,
        Self::RESERVATION,
        Self::ORDER,
        Self::PAYMENT,
        Self::SHIPMENT,
        Self::CATALOG_REACTION,
        Self::INVENTORY_REACTION,
        Self::ORDERING_REACTION,
        Self::PAYMENTS_REACTION,
        Self::SHIPPING_REACTION,
    ];

    const fn of(name: &'static str, context: Context, prefix: &'static str) -> Self {
        Self { name, context, prefix }
    }

    /// The name on the bus.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What the streams of this topic begin with.
    pub fn prefix(self) -> &'static str {
        self.prefix
    }

    /// The context whose log is the topic's only source.
    pub fn context(self) -> Context {
        self.context
    }

    /// The topic of a stream of `context`'s log, if such streams have one.
    pub fn of_stream(context: Context, stream: &StreamId) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.context == context && topic.prefix == stream.prefix())
    }

    /// The aggregate's name in event types: `order` of `chorale.order.v1`, `reaction` for reactions.
    pub fn aggregate(self) -> &'static str {
        match self.prefix {
            "categories" => "category",
            prefix => prefix,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl FromStr for Topic {
    type Err = UnknownName;

    /// Accepts the full name, and the aggregate's name alone for people in a hurry (`order`).
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let short =
            |topic: &Self| topic.name.strip_prefix("chorale.").and_then(|rest| rest.strip_suffix(".v1"));
        Self::ALL
            .into_iter()
            .find(|topic| topic.name == name || short(topic) == Some(name))
            .ok_or(UnknownName)
    }
}

/// Where signed heads of the logs stand. It has no source log: the relays write it.
pub const AUDIT_TOPIC: &str = "chorale.audit.v1";

/// Where the relays keep how far they are, one record a context, compacted.
pub const RELAY_TOPIC: &str = "chorale.relay.v1";

/// Partitions of [`RELAY_TOPIC`]: so many that no two contexts share one, and no relay waits for another's transaction.
pub const RELAY_PARTITIONS: u32 = 18;

/// The names of all topics of a bus: those of events, and the two of the relays.
pub fn names() -> Vec<&'static str> {
    Topic::ALL.into_iter().map(Topic::name).chain([AUDIT_TOPIC, RELAY_TOPIC]).collect()
}

/// How many partitions a topic has unless somebody says otherwise.
pub const PARTITIONS: u32 = 6;

/// The partition of a key in a topic of `count` partitions: what Kafka's own producers choose, so that everybody finds a
/// key in the same place. Source: `BuiltInPartitioner.partitionForKey` of Apache Kafka (murmur2, sign bit dropped, modulo).
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
    fn keys_lie_where_kafkas_own_producers_put_them() {
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
            assert!(partition_of(key, 6) < 6);
        }
        assert_eq!(partition_of("any", 0), 0);
    }

    #[test]
    fn every_topic_is_found_by_its_name_its_short_name_and_its_streams() {
        for topic in Topic::ALL {
            assert_eq!(topic.name().parse(), Ok(topic));
            assert!(topic.name().contains(topic.aggregate()));
            let stream = StreamId::from_text(format!("{}-x", topic.prefix));
            assert_eq!(Topic::of_stream(topic.context(), &stream), Some(topic));
        }
        assert_eq!("order".parse(), Ok(Topic::ORDER));
        assert_eq!("ordering.reaction".parse(), Ok(Topic::ORDERING_REACTION));
        assert_eq!("orders".parse::<Topic>(), Err(UnknownName));
    }
}
