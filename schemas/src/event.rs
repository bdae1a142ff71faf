//! What an event type is: a stored format with a name, a version, one sentence for people, and old shapes that still read.

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Actor;

/// The body of one event type: a **stored format**. A field may be added when old payloads still decode (an `Option`, or a
/// serde default); anything else is a new [`VERSION`](Self::VERSION) and an upcaster from the one before.
pub trait EventBody:
    Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + std::fmt::Debug + 'static
{
    /// The name in the event's type: `OrderPlaced`.
    const NAME: &'static str;
    /// The version that is written today.
    const VERSION: u32 = 1;

    /// One sentence for people; code never parses it.
    fn summary(&self) -> String;

    /// Brings the payload of version `from` to version `from + 1`. Called until the version is today's.
    fn upcast(from: u32, _payload: &mut Value) -> Result<(), DecodeError> {
        Err(DecodeError::UnknownVersion { name: Self::NAME, version: from, newest: Self::VERSION })
    }
}

/// All events of one aggregate type, as an enum of bodies. Made by `event_set!`.
pub trait EventSet: Sized + Clone + Send + Sync + 'static {
    /// The aggregate's name in types and topics: `order`.
    const AGGREGATE: &'static str;

    /// Name of the type, without aggregate and version: `OrderPlaced`.
    fn name(&self) -> &'static str;
    /// The version that is written today.
    fn version(&self) -> u32;
    /// One sentence for people.
    fn summary(&self) -> String;
    /// The payload as it is stored and published: the summary, the body's fields, the actor.
    fn encode(&self, actor: &Actor) -> Result<String, DecodeError>;
    /// Reads a stored payload of any version, upcasting old ones. This is the one place where that happens.
    fn decode(name: &str, version: u32, payload: &str) -> Result<Self, DecodeError>;
    /// Every event type of the aggregate.
    fn catalogue() -> Vec<EventType>;
}

/// An entry of the catalogue of events.
#[derive(Clone, Debug)]
pub struct EventType {
    /// The aggregate: `order`.
    pub aggregate: &'static str,
    /// The name: `OrderPlaced`.
    pub name: &'static str,
    /// The version written today; all versions from 1 on are read.
    pub version: u32,
    /// JSON Schema of the published payload of today's version.
    pub schema: Schema,
}

impl EventType {
    /// The full name of version `version`: `chorale.order.OrderPlaced.v1`.
    pub fn full_name(&self, version: u32) -> String {
        full_name(self.aggregate, self.name, version)
    }
}

/// `chorale.<aggregate>.<name>.v<version>`
pub fn full_name(aggregate: &str, name: &str, version: u32) -> String {
    format!("chorale.{aggregate}.{name}.v{version}")
}

/// Splits `chorale.order.OrderPlaced.v1` into `("order", "OrderPlaced", 1)`.
pub fn parse_full_name(text: &str) -> Option<(&str, &str, u32)> {
    let mut parts = text.strip_prefix("chorale.")?.rsplitn(3, '.');
    let version = parts.next()?.strip_prefix('v')?.parse().ok()?;
    let name = parts.next()?;
    Some((parts.next()?, name, version))
}

/// Why a stored payload cannot be read, or a body not be written.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No event of that name belongs to the aggregate.
    #[error("{aggregate} has no event named {name}")]
    UnknownEvent {
        /// The aggregate.
        aggregate: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// The version is newer than this program, or was never written.
    #[error("{name} version {version} is unknown here; this program reads versions 1 to {newest}")]
    UnknownVersion {
        /// The event's name.
        name: &'static str,
        /// The version that was met.
        version: u32,
        /// The newest that this program knows.
        newest: u32,
    },
    /// An old payload lacks what its upcaster needs.
    #[error("{name} version {version} cannot be upcast: {problem}")]
    Upcast {
        /// The event's name.
        name: &'static str,
        /// The version it was stored as.
        version: u32,
        /// What is wrong with it.
        problem: String,
    },
    /// The payload does not have the type's shape.
    #[error("the payload of {name} does not have its shape")]
    Shape {
        /// The event's name.
        name: &'static str,
        /// What serde found.
        source: serde_json::Error,
    },
}

/// The published payload around a body.
#[derive(Serialize, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(crate) struct Published<'a, T> {
    /// One sentence for people; never parse it.
    summary: String,
    #[serde(flatten)]
    body: &'a T,
    /// Who caused it.
    actor: &'a Actor,
}

pub(crate) fn encode<T: EventBody>(body: &T, actor: &Actor) -> Result<String, DecodeError> {
    serde_json::to_string(&Published { summary: body.summary(), body, actor })
        .map_err(|source| DecodeError::Shape { name: T::NAME, source })
}

pub(crate) fn decode<T: EventBody>(version: u32, payload: &str) -> Result<T, DecodeError> {
    let shape = |source| DecodeError::Shape { name: T::NAME, source };
    if version == T::VERSION {
        return serde_json::from_str(payload).map_err(shape);
    }
    if version == 0 || version > T::VERSION {
        return Err(DecodeError::UnknownVersion { name: T::NAME, version, newest: T::VERSION });
    }
    let mut value: Value = serde_json::from_str(payload).map_err(shape)?;
    for from in version..T::VERSION {
        T::upcast(from, &mut value)?;
    }
    serde_json::from_value(value).map_err(shape)
}

pub(crate) fn event_type<T: EventBody>(aggregate: &'static str) -> EventType {
    let generator = || schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator().into_root_schema_for::<Published<'static, T>>();
    // What the body says of itself, not what is said of bodies in general.
    if let Some(description) = generator().into_root_schema_for::<T>().remove("description") {
        schema.insert("description".to_owned(), description);
    }
    EventType { aggregate, name: T::NAME, version: T::VERSION, schema }
}

/// Makes the enum of an aggregate's events from their bodies:
/// `event_set! { /// What happens to an order. OrderEvent of "order" { OrderPlaced, OrderConfirmed } }`.
macro_rules! event_set {
    ($(#[$doc:meta])* $set:ident of $aggregate:literal { $($body:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $set {
            $(#[doc = concat!("See [`", stringify!($body), "`].")] $body($body),)+
        }

        $(impl From<$body> for $set {
            fn from(body: $body) -> Self {
                Self::$body(body)
            }
        })+

        impl $crate::EventSet for $set {
            const AGGREGATE: &'static str = $aggregate;

            fn name(&self) -> &'static str {
                match self { $(Self::$body(_) => <$body as $crate::EventBody>::NAME,)+ }
            }

            fn version(&self) -> u32 {
                match self { $(Self::$body(_) => <$body as $crate::EventBody>::VERSION,)+ }
            }

            fn summary(&self) -> String {
                match self { $(Self::$body(body) => $crate::EventBody::summary(body),)+ }
            }

            fn encode(&self, actor: &$crate::Actor) -> Result<String, $crate::DecodeError> {
                match self { $(Self::$body(body) => $crate::event::encode(body, actor),)+ }
            }

            fn decode(name: &str, version: u32, payload: &str) -> Result<Self, $crate::DecodeError> {
                $(if name == <$body as $crate::EventBody>::NAME {
                    return $crate::event::decode::<$body>(version, payload).map(Self::$body);
                })+
                Err($crate::DecodeError::UnknownEvent { aggregate: $aggregate, name: name.to_owned() })
            }

            fn catalogue() -> Vec<$crate::EventType> {
                vec![$($crate::event::event_type::<$body>($aggregate),)+]
            }
        }
    };
}
pub(crate) use event_set;

/// Gives a struct its place as an event: name, version (1 unless said) and its sentence.
macro_rules! event_body {
    ($body:ident, |$this:ident| $summary:expr) => {
        impl $crate::EventBody for $body {
            const NAME: &'static str = stringify!($body);
            fn summary(&self) -> String {
                let $this = self;
                $summary
            }
        }
    };
}
pub(crate) use event_body;

/// `3 items`, `1 item`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_are_read_back() {
        assert_eq!(
            parse_full_name(&full_name("order", "OrderPlaced", 12)),
            Some(("order", "OrderPlaced", 12))
        );
        assert_eq!(parse_full_name("order.OrderPlaced.v1"), None);
        assert_eq!(parse_full_name("chorale.order.OrderPlaced"), None);
    }
}
