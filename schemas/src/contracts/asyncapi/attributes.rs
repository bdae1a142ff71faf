//! The attributes around a record, as JSON Schemas of its headers.

use schemars::Schema;
use serde_json::{Map, Value, json};

const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const INSTANT: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$";

/// What every record has: name, pattern (none: any text), description.
const EVERY: [(&str, &str, &str); 10] = [
    ("content-type", "^application/json$", "How the value is written."),
    ("ce_specversion", r"^1\.0$", "The version of CloudEvents."),
    ("ce_id", UUID, "The event. A record that comes twice has the same."),
    ("ce_type", r"^chorale\.[a-z]+\.[A-Za-z]+\.v\d+$", "Its type with version."),
    ("ce_source", "^/chorale/[a-z]+/.+$", "Aggregate and its id."),
    ("ce_subject", "^.+$", "The stream's id; equals the record's key."),
    ("ce_time", INSTANT, "When it was recorded, UTC."),
    (
        "ce_dataschema",
        r"^/schemas/.+\.json$",
        "The JSON Schema of the value: a file of schemas/contracts/events/.",
    ),
    ("ce_partitionkey", "^.+$", "The aggregate's id."),
    ("ce_epoch", UUID, "Which life of the log: a restored or forked log has another."),
];

/// What only events of a log have.
const OF_A_LOG: [(&str, &str, &str); 5] = [
    ("ce_sequence", r"^\d{10,}$", "1, 2, 3 … within the stream, padded with zeros so that it sorts."),
    ("ce_position", r"^[1-9]\d*$", "1, 2, 3 … within the context's log, over all its topics."),
    ("ce_correlationid", UUID, "The flow: the same for everything that one command set off."),
    ("ce_causationid", UUID, "The event or command that caused it."),
    ("ce_hash", "^[0-9a-f]{64}$", "The log's hash chain at this event (docs/auditing.md)."),
];

/// What an event has only where there was a traced request.
const SOMETIMES: (&str, &str, &str) = ("ce_traceparent", "^.+$", "W3C trace context of the request.");

/// `EventAttributes` and `HeadAttributes`.
pub(super) fn schemas() -> Value {
    let of_a_log: Vec<_> = EVERY.into_iter().chain(OF_A_LOG).collect();
    let mut event = object(&of_a_log);
    event["properties"][SOMETIMES.0] = text(SOMETIMES.1, SOMETIMES.2);
    json!({ "EventAttributes": event, "HeadAttributes": object(&EVERY) })
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

/// A schema inside the document, which has its own dialect.
pub(super) fn plain(schema: Schema) -> Value {
    let mut value = schema.to_value();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("$schema");
    }
    value
}
