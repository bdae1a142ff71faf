//! The registry of contexts and aggregates. One table, at the end of this file, says which contexts exist, which aggregates
//! each of them owns, and how their streams and topics are called. Everything that exists once per context or per aggregate
//! is derived from it: `Context::ALL`, topics, AsyncAPI, logs, writers, relays, deadline schedulers, `--only`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{DecodeError, EventSet, EventType, StreamId, Topic};

/// The name belongs to no context or topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such name")]
pub struct UnknownName;

macro_rules! contexts {
    ($(
        $(#[$about_context:meta])*
        $context:ident {
            name: $name:tt,
            relay_partition: $relay_partition:literal,
            reactions: $REACTIONS:ident,
            aggregates: {$(
                $(#[$about:meta])*
                $aggregate:ident {
                    name: $aggregate_name:literal,
                    stream_prefix: $prefix:literal,
                    topic: $TOPIC:ident,
                    plural: $plural:literal,
                    events: $events:ty $(,)?
                }
            )*} $(,)?
        }
    )*) => {
        /// A bounded context. It owns its aggregates, its log and its topics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Context {$(
            $(#[$about_context])*
            #[serde(rename = $name)]
            $context,
        )*}

        impl Context {
            /// All contexts, in the order in which they are listed to people.
            pub const ALL: [Self; [$(Self::$context),*].len()] = [$(Self::$context),*];

            /// The name in addresses, files and topics.
            pub fn name(self) -> &'static str {
                match self {$(Self::$context => $name,)*}
            }

            /// The partition of [`RELAY_TOPIC`](crate::topics::RELAY_TOPIC) that holds the relay's mark of this context. It can
            /// never be changed: a relay would no longer find the mark of the one before it.
            pub fn relay_partition(self) -> u32 {
                match self {$(Self::$context => $relay_partition,)*}
            }
        }

        /// A type of aggregate. Its streams are in the log of its context and on a topic of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AggregateType {$($(
            $(#[$about])*
            $aggregate,
        )*)*}

        impl AggregateType {
            /// All aggregate types, by context.
            pub const ALL: [Self; [$($(Self::$aggregate,)*)*].len()] = [$($(Self::$aggregate,)*)*];

            /// The name in types of events and in topics: `order`.
            pub fn name(self) -> &'static str {
                match self {$($(Self::$aggregate => $aggregate_name,)*)*}
            }

            /// The context whose log holds the streams.
            pub fn context(self) -> Context {
                match self {$($(Self::$aggregate => Context::$context,)*)*}
            }

            /// The part of a stream's id before the first dash; the whole id of an aggregate that has only one stream.
            pub fn stream_prefix(self) -> &'static str {
                match self {$($(Self::$aggregate => $prefix,)*)*}
            }

            /// What the streams are called in a sentence about all of them.
            pub fn plural(self) -> &'static str {
                match self {$($(Self::$aggregate => $plural,)*)*}
            }

            /// All types of its events.
            pub fn catalogue(self) -> Vec<EventType> {
                match self {$($(Self::$aggregate => <$events>::catalogue(),)*)*}
            }

            /// The sentence that today's type makes of a stored event of any version.
            pub fn summary(self, name: &str, version: u32, payload: &str) -> Result<String, DecodeError> {
                match self {$($(Self::$aggregate => {
                    <$events as EventSet>::decode(name, version, payload).map(|event| EventSet::summary(&event))
                })*)*}
            }

            pub(crate) fn topic_name(self) -> &'static str {
                match self {$($(Self::$aggregate => concat!("chorale.", $aggregate_name, ".v1"),)*)*}
            }

            #[cfg(test)]
            fn name_of_its_events(self) -> &'static str {
                match self {$($(Self::$aggregate => <$events as EventSet>::AGGREGATE,)*)*}
            }
        }

        impl Topic {
            /// All topics of events: those of the aggregates, then those of the contexts' reactions.
            pub const ALL: [Self; AggregateType::ALL.len() + Context::ALL.len()] = [
                $($(Self::Aggregate(AggregateType::$aggregate),)*)*
                $(Self::Reactions(Context::$context),)*
            ];

            $($(
                $(#[$about])*
                pub const $TOPIC: Self = Self::Aggregate(AggregateType::$aggregate);
            )*)*

            $(
                #[doc = concat!("Parked and redriven reactions of ", $name, ".")]
                pub const $REACTIONS: Self = Self::Reactions(Context::$context);
            )*
        }

        pub(crate) fn reactions_topic_name(context: Context) -> &'static str {
            match context {$(Context::$context => concat!("chorale.", $name, ".reaction.v1"),)*}
        }
    };
}

impl Context {
    /// The topic that reports the context's parked and redriven reactions.
    pub fn reactions(self) -> Topic {
        Topic::Reactions(self)
    }

    /// The aggregates whose streams are in its log.
    pub fn aggregates(self) -> impl Iterator<Item = AggregateType> {
        AggregateType::ALL.into_iter().filter(move |aggregate| aggregate.context() == self)
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

impl AggregateType {
    /// The aggregate type of a stream. `None`: a stream of reactions, or the text names no stream.
    pub fn of_stream(stream: &StreamId) -> Option<Self> {
        Self::ALL.into_iter().find(|aggregate| aggregate.stream_prefix() == stream.prefix())
    }

    /// The stream of the aggregate with this key.
    pub fn stream(self, key: impl fmt::Display) -> StreamId {
        StreamId::new(self.stream_prefix(), key)
    }

    /// The topic of its events.
    pub fn topic(self) -> Topic {
        Topic::Aggregate(self)
    }
}

impl fmt::Display for AggregateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// Names and relay partitions are stored: they never change, and a context or an aggregate that is added goes to the end of its
// list. A new context takes a relay partition that is free (a test says which ones are taken twice).
contexts! {
    /// Products and the category tree.
    Catalog {
        name: "catalog",
        relay_partition: 7,
        reactions: CATALOG_REACTION,
        aggregates: {
            /// Products.
            Product {
                name: "product",
                stream_prefix: "product",
                topic: PRODUCT,
                plural: "products of the catalog",
                events: crate::product::ProductEvent,
            }
            /// The category tree.
            Category {
                name: "category",
                stream_prefix: "categories",
                topic: CATEGORY,
                plural: "the category tree, which is one stream",
                events: crate::category::CategoryEvent,
            }
        },
    }
    /// Stock items and reservations.
    Inventory {
        name: "inventory",
        relay_partition: 10,
        reactions: INVENTORY_REACTION,
        aggregates: {
            /// Stock items.
            Stock {
                name: "stock",
                stream_prefix: "stock",
                topic: STOCK,
                plural: "stock items; each is one SKU over all locations",
                events: crate::stock::StockEvent,
            }
            /// Reservations.
            Reservation {
                name: "reservation",
                stream_prefix: "reservation",
                topic: RESERVATION,
                plural: "reservations, one stream per order",
                events: crate::reservation::ReservationEvent,
            }
        },
    }
    /// Orders.
    Ordering {
        name: "ordering",
        relay_partition: 14,
        reactions: ORDERING_REACTION,
        aggregates: {
            /// Orders.
            Order {
                name: "order",
                stream_prefix: "order",
                topic: ORDER,
                plural: "orders, one stream per order",
                events: crate::order::OrderEvent,
            }
        },
    }
    /// Payments.
    Payments {
        name: "payments",
        relay_partition: 2,
        reactions: PAYMENTS_REACTION,
        aggregates: {
            /// Payments.
            Payment {
                name: "payment",
                stream_prefix: "payment",
                topic: PAYMENT,
                plural: "payments, one stream per order",
                events: crate::payment::PaymentEvent,
            }
        },
    }
    /// Parcels.
    Shipping {
        name: "shipping",
        relay_partition: 3,
        reactions: SHIPPING_REACTION,
        aggregates: {
            /// Parcels.
            Shipment {
                name: "shipment",
                stream_prefix: "shipment",
                topic: SHIPMENT,
                plural: "parcels, one stream per order and location",
                events: crate::shipment::ShipmentEvent,
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::topics::RELAY_PARTITIONS;

    /// Which items have the same key as another one.
    fn twice<K: Ord, T>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<Vec<T>> {
        let mut by_key: BTreeMap<K, Vec<T>> = BTreeMap::new();
        for item in items {
            by_key.entry(key(&item)).or_default().push(item);
        }
        by_key.into_values().filter(|items| items.len() > 1).collect()
    }

    #[test]
    fn every_context_has_a_relay_partition_of_its_own() {
        let shared = twice(Context::ALL, |context| context.relay_partition());
        assert!(shared.is_empty(), "these contexts share a relay partition: {shared:?}");
        for context in Context::ALL {
            assert!(
                context.relay_partition() < RELAY_PARTITIONS,
                "{context} needs one below {RELAY_PARTITIONS}"
            );
        }
    }

    #[test]
    fn relay_partitions_that_are_in_use_never_change() {
        let used = [
            (Context::Catalog, 7),
            (Context::Inventory, 10),
            (Context::Ordering, 14),
            (Context::Payments, 2),
            (Context::Shipping, 3),
        ];
        for context in Context::ALL {
            let known = used.into_iter().find(|(of, _)| *of == context).map(|(_, partition)| partition);
            assert_eq!(known, Some(context.relay_partition()), "{context}: a new context is added to `used`");
        }
    }

    #[test]
    fn no_two_contexts_or_aggregates_share_a_name_a_topic_or_a_stream_prefix() {
        assert!(twice(Context::ALL, |context| context.name()).is_empty());
        assert!(twice(AggregateType::ALL, |aggregate| aggregate.name()).is_empty());
        assert!(twice(AggregateType::ALL, |aggregate| aggregate.stream_prefix()).is_empty());
        assert!(twice(Topic::ALL, |topic| topic.name()).is_empty());
        for aggregate in AggregateType::ALL {
            assert_ne!(aggregate.stream_prefix(), Topic::REACTION_PREFIX, "{aggregate}");
            assert!(
                !aggregate.stream_prefix().contains('-'),
                "{aggregate}: a prefix ends before the first dash"
            );
        }
    }

    #[test]
    fn a_context_is_written_by_its_name() {
        for context in Context::ALL {
            assert_eq!(serde_json::to_value(context).unwrap(), context.name());
            assert_eq!(context.name().parse(), Ok(context));
        }
    }

    #[test]
    fn every_aggregate_has_a_context_and_events_of_its_name() {
        for aggregate in AggregateType::ALL {
            assert_eq!(aggregate.name_of_its_events(), aggregate.name());
            assert!(aggregate.context().aggregates().any(|owned| owned == aggregate));
            assert_eq!(AggregateType::of_stream(&aggregate.stream("1")), Some(aggregate));
            assert!(!aggregate.catalogue().is_empty(), "{aggregate} has no events");
        }
    }
}
