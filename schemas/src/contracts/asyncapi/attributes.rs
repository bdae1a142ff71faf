//! The attributes of a record, as JSON Schemas of its headers.

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::cloudevents::attribute;

const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const INSTANT: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$";

/// Attributes of every record: name, pattern, description.
const EVERY: [(&str, &str, &str); 10] = [
    ("content-type", "^application/json$", "Media type of the value."),
    ("ce_specversion", r"^1\.0$", "Version of the CloudEvents specification."),
    ("ce_id", UUID, "Unique id of the event. A redelivered record has the same id."),
    ("ce_type", r"^chorale\.[a-z]+\.[A-Za-z]+\.v\d+$", "Full type of the event, with its version."),
    ("ce_source", "^/chorale/[a-z]+/.+$", "Type and id of the aggregate."),
    ("ce_subject", "^.+$", "The stream's id; equals the record's key."),
    ("ce_time", INSTANT, "Time at which the event was recorded, in UTC."),
    (
        "ce_dataschema",
        r"^(urn:chorale:schema:.+|/schemas/.+\.json)$",
        "Identifier of the JSON Schema of the value, which is the schema's `$id`: `urn:chorale:schema:` and the full type. A shop serves the schema at `/schemas/` and the full type and `.json`. Older records have this path as the value.",
    ),
    ("ce_partitionkey", "^.+$", "Id of the aggregate; for a signed head, the name of the context."),
    ("ce_epoch", UUID, "The log's epoch. It changes when a log is restored or forked."),
];

/// Attributes of events only.
const OF_A_LOG: [(&str, &str, &str); 5] = [
    (
        "ce_sequence",
        r"^\d{10,}$",
        "Version of the event within its stream, from 1, padded with zeros so that it sorts as text.",
    ),
    (
        "ce_position",
        r"^[1-9]\d*$",
        "Position of the event in the context's log, from 1, across all topics of the context.",
    ),
    (
        "ce_correlationid",
        UUID,
        "Id of the flow: the same for all events that one command caused, directly or indirectly.",
    ),
    ("ce_causationid", UUID, "Id of the event or command that caused this event."),
    ("ce_hash", "^[0-9a-f]{64}$", "The log's hash chain at this event (docs/auditing.md)."),
];

/// Attribute of events that a traced request caused.
const SOMETIMES: (&str, &str, &str) =
    ("ce_traceparent", "^.+$", "W3C trace context of the request; absent if the request was not traced.");

/// Attributes that have another description in structured mode.
const IN_VALUE: [(&str, &str, &str); 2] = [
    ("datacontenttype", "^application/json$", "Media type of `data`."),
    (
        "dataschema",
        "^urn:chorale:schema:.+$",
        "Identifier of the JSON Schema of `data`, which is the schema's `$id`: `urn:chorale:schema:` and the full type. A shop serves the schema at `/schemas/` and the full type and `.json`.",
    ),
];
const PAYLOAD: &str =
    "The payload: byte for byte the value of the record in binary mode. The hash covers these bytes.";

/// `EventAttributes` and `HeadAttributes`, and the same in structured mode.
pub(super) fn schemas() -> Value {
    let of_a_log: Vec<_> = EVERY.into_iter().chain(OF_A_LOG).collect();
    let mut event = object(&of_a_log);
    event["properties"][SOMETIMES.0] = text(SOMETIMES.1, SOMETIMES.2);
    let (structured_event, structured_head) = (structured(&event), structured(&object(&EVERY)));
    json!({
        "EventAttributes": event,
        "HeadAttributes": object(&EVERY),
        "StructuredEvent": structured_event,
        "StructuredHead": structured_head,
    })
}

/// The schema of events in structured mode whose attributes are these headers in binary mode.
fn structured(headers: &Value) -> Value {
    let named = |header: &str| attribute(header).map(str::to_owned);
    let mut properties: Map<String, Value> = headers["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(header, schema)| Some((named(header)?, schema.clone())))
        .collect();
    properties
        .extend(IN_VALUE.map(|(name, pattern, description)| (name.to_owned(), text(pattern, description))));
    properties.insert("data".to_owned(), json!({ "type": "object", "description": PAYLOAD }));
    let required = headers["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<_> = required.filter_map(named).chain(["data".to_owned()]).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn object(attributes: &[(&str, &str, &str)]) -> Value {
    let properties: Map<String, Value> = attributes
        .iter()
        .map(|(name, pattern, description)| ((*name).to_owned(), text(pattern, description)))
        .collect();
    let required: Vec<_> = attributes.iter().map(|(name, ..)| name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn text(pattern: &str, description: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": description })
}

/// A schema inside the document, which declares the dialect for all of them.
pub(super) fn plain(schema: Schema) -> Value {
    let mut value = schema.to_value();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("$schema");
    }
    super::super::bound(&mut value);
    value
}
