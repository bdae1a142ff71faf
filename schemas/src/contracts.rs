//! The contracts that are generated from this crate and checked in under `schemas/contracts/`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::audit::LogHeadSigned;
use crate::event::{EventType, schema_id};
use crate::reaction::ReactionEvent;
use crate::{AggregateType, DecodeError, EventSet, Topic};

pub mod asyncapi;

/// All published types: the events of the logs, and the records that relays add to the topics.
pub fn published() -> Vec<EventType> {
    let mut all = catalogue();
    all.push(LogHeadSigned::event_type());
    all
}

/// All event types, by aggregate.
pub fn catalogue() -> Vec<EventType> {
    AggregateType::ALL
        .into_iter()
        .flat_map(AggregateType::catalogue)
        .chain(ReactionEvent::catalogue())
        .collect()
}

/// Checks that a payload of any topic and version has the shape that its type states.
pub fn check(topic: Topic, name: &str, version: u32, payload: &str) -> Result<(), DecodeError> {
    sentence(topic, name, version, payload).map(drop)
}

/// The sentence for people that today's type makes of a payload of any topic and version.
pub fn sentence(topic: Topic, name: &str, version: u32, payload: &str) -> Result<String, DecodeError> {
    match topic {
        Topic::Aggregate(aggregate) => aggregate.summary(name, version, payload),
        Topic::Reactions(_) => {
            ReactionEvent::decode(name, version, payload).map(|event| EventSet::summary(&event))
        }
    }
}

/// The `$comment` of an enum that gets more values inside a version, such as the names of contexts. A keyword of its own is refused
/// by strict validators.
pub(crate) const EXTENSIBLE: &str = "x-extensible-enum: accept values that are not listed";

/// JSON Schema of an event type's published payload, as it is checked in.
pub fn schema(event: &EventType) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id(&event.full_name(event.version)),
        "$comment": "Generated from the code; do not edit. Regenerate with UPDATE_CONTRACTS=1 cargo test -p schemas.",
        "title": event.full_name(event.version),
    });
    let generated = event.schema.as_value().as_object().cloned().unwrap_or_default();
    if let Some(fields) = schema.as_object_mut() {
        fields.extend(generated.into_iter().filter(|(key, _)| !matches!(key.as_str(), "$schema" | "title")));
    }
    unlink(&mut schema);
    bound(&mut schema);
    schema
}

/// Replaces the formats of unsigned integers, which only Rust knows and strict validators refuse, by their bounds.
fn bound(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(largest) = fields.get("format").and_then(Value::as_str).and_then(largest) {
                fields.remove("format");
                fields.insert("maximum".to_owned(), largest.into());
            }
            fields.values_mut().for_each(bound);
        }
        Value::Array(values) => values.iter_mut().for_each(bound),
        _ => {}
    }
}

/// The largest number of a format of unsigned integers.
fn largest(format: &str) -> Option<u64> {
    match format {
        "uint8" => Some(u8::MAX.into()),
        "uint16" => Some(u16::MAX.into()),
        "uint32" => Some(u32::MAX.into()),
        "uint64" => Some(u64::MAX),
        _ => None,
    }
}

/// Schemas of versions that are no longer written, as they were checked in.
const OLDER: &[(&str, &str)] =
    &[("chorale.product.PriceSet.v1", include_str!("../contracts/events/chorale.product.PriceSet.v1.json"))];

/// The text of the JSON Schema of every version of every published type, by full name.
pub fn schema_texts() -> BTreeMap<String, String> {
    let newest = published().into_iter().map(|event| {
        let name = event.full_name(event.version);
        (name, format!("{:#}\n", schema(&event)))
    });
    newest.chain(OLDER.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))).collect()
}

/// Makes descriptions fit for readers outside the code: links to code lose their brackets (``[`crate::Address`]`` becomes
/// `Address`), and line breaks within a paragraph become spaces.
fn unlink(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(words) if key == "description" => {
                        let plain = words.replace("[`crate::", "`").replace("[`", "`").replace("`]", "`");
                        let paragraphs: Vec<_> =
                            plain.split("\n\n").map(|text| text.replace('\n', " ")).collect();
                        *words = paragraphs.join("\n\n");
                    }
                    value => unlink(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(unlink),
        _ => {}
    }
}

/// Whether every payload that is valid under `old` means the same under `new`. Optional properties and values of extensible
/// enums may be added, and descriptions and identifiers may change. Any other change needs a new version of the event.
pub fn is_additive(old: &Value, new: &Value) -> bool {
    let (mut old, mut new) = (old.clone(), new.clone());
    // A format of unsigned integers says the same as its bound.
    bound(&mut old);
    bound(&mut new);
    is_additive_in_bounds(&old, &new)
}

fn is_additive_in_bounds(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let words =
                |key: &str| matches!(key, "description" | "title" | "$comment" | "$id" | "x-extensible-enum");
            let extensible = new.get("$comment").and_then(Value::as_str) == Some(EXTENSIBLE);
            let kept = old.iter().filter(|(key, _)| !words(key)).all(|(key, before)| {
                match (key.as_str(), new.get(key)) {
                    ("properties" | "$defs", Some(Value::Object(after))) => grows(before, after),
                    ("enum", Some(after)) if extensible => has_members(before, after),
                    ("required" | "enum", Some(after)) => same_members(before, after),
                    (_, Some(after)) => is_additive_in_bounds(before, after),
                    (_, None) => false,
                }
            });
            kept && new.keys().all(|key| words(key) || old.contains_key(key) || key == "$defs")
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_additive_in_bounds(old, new))
        }
        (old, new) => old == new,
    }
}

fn grows(before: &Value, after: &Map<String, Value>) -> bool {
    before.as_object().is_some_and(|before| {
        before.iter().all(|(key, old)| after.get(key).is_some_and(|new| is_additive_in_bounds(old, new)))
    })
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(Value::to_string).collect()
}

fn same_members(before: &Value, after: &Value) -> bool {
    members(before) == members(after)
}

fn has_members(before: &Value, after: &Value) -> bool {
    members(before).is_subset(&members(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_optional_property_more_is_additive() {
        let old = json!({"type": "object", "description": "a", "properties": {"a": {"type": "string"}}, "required": ["a"]});
        let more = json!({"type": "object", "description": "b", "required": ["a"],
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
        let demanding = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "required": ["a", "b"]});
        let other = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]});
        let fewer = json!({"type": "object", "properties": {}, "required": []});
        assert!(is_additive(&old, &more));
        let of = |names: &[&str], extensible: bool| json!({"enum": names, "$comment": if extensible { EXTENSIBLE } else { "" }});
        assert!(is_additive(&of(&["a"], true), &of(&["a", "b"], true)));
        assert!(!is_additive(&of(&["a", "b"], true), &of(&["a"], true)));
        assert!(!is_additive(&of(&["a"], false), &of(&["a", "b"], false)));
        let with = |key: &str, value: Value| {
            let mut number = json!({"type": "integer", "minimum": 0});
            number[key] = value;
            number
        };
        let format = with("format", json!("uint32"));
        assert!(is_additive(&format, &with("maximum", json!(u32::MAX))));
        assert!(is_additive(&with("maximum", json!(u32::MAX)), &format));
        assert!(!is_additive(&format, &with("maximum", json!(99))));
        assert!(!is_additive(&with("format", json!("int64")), &with("maximum", json!(99))));
        for broken in [demanding, other, fewer] {
            assert!(!is_additive(&old, &broken), "{broken}");
        }
    }
}
