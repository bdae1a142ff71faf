//! Typed identifiers, and how their types are made. The id of an aggregate may be beside its events.

use std::fmt;
use std::str::FromStr;

use decider::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::AggregateType;

/// Namespace of all ids that are derived from other ids (UUID version 5). A repeated step derives the same id.
const DERIVED: Uuid = Uuid::from_u128(0x6368_6f72_616c_6500_8000_0000_0000_0001);

/// The text is not a valid identifier; says why.
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
            pub const fn new(id: ::uuid::Uuid) -> Self {
                Self(id)
            }

            /// The id derived from `parts`: the same parts always give the same id.
            pub fn derived(parts: &[&str]) -> Self {
                Self($crate::ids::derived_uuid(stringify!($name), parts))
            }

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

/// UUID version 5 over a kind and length-prefixed parts, so that different lists of parts never give the same name.
pub(crate) fn derived_uuid(kind: &str, parts: &[&str]) -> Uuid {
    let mut name = String::from(kind);
    for part in parts {
        name.push_str(&format!("/{}:{part}", part.len()));
    }
    Uuid::new_v5(&DERIVED, name.as_bytes())
}

uuid_id!(
    /// Id of a product, a UUID.
    ProductId
);
uuid_id!(
    /// Id of a category in the category tree, a UUID.
    CategoryId
);
uuid_id!(
    /// Id of an order, a UUID. Also identifies the order's reservation and payment.
    OrderId
);
uuid_id!(
    /// Id of a registered customer, a UUID.
    CustomerId
);
uuid_id!(
    /// Id of an event, a UUID. Version 7 for events caused by a command from outside; version 5, derived from the
    /// cause, for events caused by a reaction, so that a repeated reaction has the same id.
    EventId
);
uuid_id!(
    /// Id of a command, a UUID. Derived from the caller and the idempotency key of the request, or from the event
    /// that caused the command.
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
            /// The regular expression of the text (ECMA 262).
            pub const PATTERN: &'static str = $pattern;
            /// The longest text, in characters.
            pub const LONGEST: usize = $max;

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
    /// Stock keeping unit: identifies a variant, for example `TEA-100`. 1 to 64 letters, digits, dots, dashes or
    /// underscores; the first and last character are a letter or digit.
    Sku, "^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$", 64,
    |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'),
    "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin and end with a letter or digit"
);
text_id!(
    /// Name of a location that keeps stock and sends parcels, for example `central`. 1 to 32 lower-case letters,
    /// digits or dashes; the first and last character are a letter or digit.
    LocationId, "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", 32,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "must be 1 to 32 lower-case letters, digits or dashes, and begin and end with a letter or digit"
);
text_id!(
    /// Readable part of a page's URL, for example `first-flush`. 1 to 96 lower-case letters, digits or dashes; the
    /// first and last character are a letter or digit.
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

/// Number of an order line, from 1, in the order in which the customer listed the lines.
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
