//! Event types: stored formats with a name, a version, one sentence for people, and old shapes that can still be read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Actor;

/// The body of one event type: a **stored format**. A field may be added when old payloads still decode (an `Option`, or a
/// serde default); anything else is a new [`VERSION`](Self::VERSION) and an upcaster from the one before.
pub trait EventBody: Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug + 'static {
    /// The name in the event's type: `BookLent`.
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
    /// The aggregate's name in types and topics: `loan`.
    const AGGREGATE: &'static str;

    /// The name of the type, without aggregate and version: `BookLent`.
    fn name(&self) -> &'static str;
    /// The version that is written today.
    fn version(&self) -> u32;
    /// One sentence for people.
    fn summary(&self) -> String;
    /// The payload as it is stored and published: the summary, the body's fields, the actor.
    fn encode(&self, actor: &Actor) -> Result<String, DecodeError>;
    /// Reads a stored payload of any version, upcasting old ones. This is the one place where that happens.
    fn decode(name: &str, version: u32, payload: &str) -> Result<Self, DecodeError>;
}

/// Why a stored payload cannot be read, or a body cannot be written.
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
#[derive(Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
pub struct Published<'a, T> {
    /// One sentence for people. Never parse it.
    summary: String,
    #[serde(flatten)]
    body: &'a T,
    /// The party that caused the event.
    actor: &'a Actor,
}

/// Writes a body as it is stored and published.
pub fn encode<T: EventBody>(body: &T, actor: &Actor) -> Result<String, DecodeError> {
    serde_json::to_string(&Published { summary: body.summary(), body, actor })
        .map_err(|source| DecodeError::Shape { name: T::NAME, source })
}

/// Reads a stored body of any version.
pub fn decode<T: EventBody>(version: u32, payload: &str) -> Result<T, DecodeError> {
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

/// Makes the enum of an aggregate's events from their bodies:
/// `event_set! { LoanEvent of "loan" { BookLent, BookReturned } }`.
#[macro_export]
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
        }
    };
}

/// Makes a struct the body of an event, version 1: `event_body!(BookLent, |e| format!("{} borrowed {}", e.member, e.title))`.
#[macro_export]
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
