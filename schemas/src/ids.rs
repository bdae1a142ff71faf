//! Typed identifiers, and how their types are made. The id of an aggregate may be beside its events.

use std::fmt;
use std::str::FromStr;

use decider::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::AggregateType;

/// Namespace of every id that is derived from other ids (UUID version 5), so that repeating a step finds the same id.
const DERIVED: Uuid = Uuid::from_u128(0x6368_6f72_616c_6500_8000_0000_0000_0001);

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct InvalidId {
    pub(crate) what: &'static str,
    pub(crate) problem: &'static str,
}

/// Makes the type of an id that is a UUID. The id of an aggregate may be declared beside its events.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(::uuid::Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn new(id: ::uuid::Uuid) -> Self {
                Self(id)
            }

            /// The id derived from `parts`: the same parts always give the same id.
            pub fn derived(parts: &[&str]) -> Self {
                Self($crate::ids::derived_uuid(stringify!($name), parts))
            }

            /// The UUID inside.
            pub const fn uuid(self) -> ::uuid::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::ids::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                ::uuid::Uuid::parse_str(text).map(Self).map_err(|_| $crate::ids::InvalidId {
                    what: stringify!($name),
                    problem: "must be a UUID",
                })
            }
        }
    };
}
pub(crate) use uuid_id;

/// UUID version 5 over a kind and length-prefixed parts, so that no two lists of parts run together.
pub(crate) fn derived_uuid(kind: &str, parts: &[&str]) -> Uuid {
    let mut name = String::from(kind);
    for part in parts {
        name.push_str(&format!("/{}:{part}", part.len()));
    }
    Uuid::new_v5(&DERIVED, name.as_bytes())
}

uuid_id!(
    /// A product of the catalog.
    ProductId
);
uuid_id!(
    /// A category of the catalog's tree.
    CategoryId
);
uuid_id!(
    /// An order, and with it its reservation and its payment.
    OrderId
);
uuid_id!(
    /// A customer.
    CustomerId
);
uuid_id!(
    /// An event: version 7 where somebody acted, version 5 where a reaction can repeat.
    EventId
);
uuid_id!(
    /// A command: derived from who asked and the idempotency key that came with it, or from the event that caused it.
    CommandId
);

impl OrderId {
    /// `order-{id}`
    pub fn stream(self) -> StreamId {
        AggregateType::Order.stream(self)
    }

    /// `reservation-{id}`
    pub fn reservation_stream(self) -> StreamId {
        AggregateType::Reservation.stream(self)
    }

    /// `payment-{id}`
    pub fn payment_stream(self) -> StreamId {
        AggregateType::Payment.stream(self)
    }
}

impl ProductId {
    /// `product-{id}`
    pub fn stream(self) -> StreamId {
        AggregateType::Product.stream(self)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $max:literal, $allowed:expr, $problem:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(#[schemars(regex(pattern = $pattern))] String);

        impl $name {
            /// The text inside.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let allowed: fn(char) -> bool = $allowed;
                let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                let ok = text.len() <= $max
                    && text.chars().all(allowed)
                    && ends(text.chars().next())
                    && ends(text.chars().last());
                if ok { Ok(Self(text.to_owned())) } else { Err(InvalidId { what: stringify!($name), problem: $problem }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A stock keeping unit: what is counted, priced and sold.
    Sku, "^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$", 64,
    |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
    "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin and end with a letter or digit"
);
text_id!(
    /// A place that stock is kept at and parcels leave from.
    LocationId, "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", 32,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "must be 1 to 32 lower-case letters, digits or dashes, and begin and end with a letter or digit"
);
text_id!(
    /// The readable part of a page's address.
    Slug, "^[a-z0-9]([a-z0-9-]{0,94}[a-z0-9])?$", 96,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "must be 1 to 96 lower-case letters, digits or dashes, and begin and end with a letter or digit"
);

impl Sku {
    /// `stock-{sku}`
    pub fn stock_stream(&self) -> StreamId {
        AggregateType::Stock.stream(self)
    }
}

/// A line of an order: 1, 2, 3 … in the order in which they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LineId(pub u32);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_repeat_and_do_not_run_together() {
        assert_eq!(OrderId::derived(&["a", "b"]), OrderId::derived(&["a", "b"]));
        assert_ne!(OrderId::derived(&["a", "b"]), OrderId::derived(&["ab"]));
        assert_ne!(OrderId::derived(&["a/1:b"]), OrderId::derived(&["a", "b"]));
        assert_ne!(OrderId::derived(&["a"]).uuid(), ProductId::derived(&["a"]).uuid());
    }

    #[test]
    fn text_ids_refuse_what_would_break_a_key_or_an_address() {
        for good in ["TEA-100", "a", "a.b_c-d"] {
            assert_eq!(good.parse::<Sku>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", "-a", "a-", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<Sku>().is_err(), "{bad:?}");
        }
        assert!("Main".parse::<LocationId>().is_err());
        assert!(serde_json::from_str::<Sku>("\"a b\"").is_err());
    }

    #[test]
    fn a_stream_is_prefix_and_key() {
        let order = OrderId::derived(&["1"]);
        assert_eq!(order.stream().prefix(), "order");
        assert_eq!(order.stream().key(), order.to_string());
        assert_eq!(crate::category::stream().prefix(), "categories");
    }
}
