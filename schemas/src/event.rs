//! The catalogue of event types: full names and JSON Schemas.

use decider::event::Published;
use schemars::{JsonSchema, Schema};

pub use decider::event::{DecodeError, EventBody, EventSet};
pub(crate) use decider::event_body;

/// An entry in the catalogue of event types.
#[derive(Clone, Debug)]
pub struct EventType {
    /// The aggregate: `order`.
    pub aggregate: &'static str,
    /// The name: `OrderPlaced`.
    pub name: &'static str,
    /// Version that is currently written. All versions from 1 on can be read.
    pub version: u32,
    /// JSON Schema of the published payload in the current version.
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

/// The identifier of the JSON Schema of an event type: a record's `ce_dataschema`, and the schema's `$id`.
pub fn schema_id(full_name: &str) -> String {
    format!("urn:chorale:schema:{full_name}")
}

/// Splits `chorale.order.OrderPlaced.v1` into `("order", "OrderPlaced", 1)`.
pub fn parse_full_name(text: &str) -> Option<(&str, &str, u32)> {
    let mut parts = text.strip_prefix("chorale.")?.rsplitn(3, '.');
    let version = parts.next()?.strip_prefix('v')?.parse().ok()?;
    let name = parts.next()?;
    Some((parts.next()?, name, version))
}

pub(crate) fn event_type<T: EventBody + JsonSchema>(aggregate: &'static str) -> EventType {
    let generator = || schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator().into_root_schema_for::<Published<'static, T>>();
    // The body's own description instead of the one of the envelope.
    if let Some(description) = generator().into_root_schema_for::<T>().remove("description") {
        schema.insert("description".to_owned(), description);
    }
    EventType { aggregate, name: T::NAME, version: T::VERSION, schema }
}

/// [`decider::event_set!`], and the aggregate's part of the catalogue.
macro_rules! event_set {
    ($(#[$doc:meta])* $set:ident of $aggregate:literal { $($body:ident),+ $(,)? }) => {
        decider::event_set! { $(#[$doc])* $set of $aggregate { $($body),+ } }

        impl $set {
            /// All event types of the aggregate.
            pub fn catalogue() -> Vec<$crate::EventType> {
                vec![$($crate::event::event_type::<$body>($aggregate),)+]
            }
        }
    };
}
pub(crate) use event_set;

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
