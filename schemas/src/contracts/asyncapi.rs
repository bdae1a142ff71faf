//! All topics and their records as an AsyncAPI document (`schemas/contracts/asyncapi.json`).

use serde_json::{Map, Value, json};

use super::{published, schema};
use crate::audit::LogHeadSigned;
use crate::cloudevents::STRUCTURED;
use crate::event::schema_id;
use crate::relay::RelayMark;
use crate::topics::{AUDIT_TOPIC, PARTITIONS, RELAY_PARTITIONS, RELAY_TOPIC};
use crate::{Context, EventType, Topic};

mod attributes;

const RELAY_MARK: &str = "chorale.relay.RelayMark.v1";
const FLOW: &str = "Id of the flow: the same for all events that one command caused, directly or indirectly.";

/// The document as text, with the schemas at `base` and their file names.
pub fn served(base: &str) -> String {
    format!("{:#}\n", document()).replace("\"./events/", &format!("\"{base}"))
}

/// The document. Payloads are references to the JSON Schemas beside it.
pub fn document() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let events = Topic::ALL.into_iter().map(Channel::of_events);
    let all: Vec<Channel> = events.chain([Channel::of_heads(), Channel::of_marks()]).collect();
    for channel in &all {
        describe(&mut channels, &mut operations, channel);
    }
    json!({
        "asyncapi": "3.1.0",
        "info": info(),
        "defaultContentType": "application/json",
        "servers": { "kafka": {
            "host": "{broker}",
            "protocol": "kafka",
            "description": "Brokers of the shop, as in its bus address `kafka://host:port,host:port`.",
            "variables": { "broker": { "default": "127.0.0.1:9092", "description": "Host and port of a broker." } },
        } },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages(&all),
            "schemas": attributes::schemas(),
            "parameters": { "prefix": {
                "description": "Prefix of all topic names of this shop (`prefix=` in the bus address). Empty unless several shops share the brokers.",
                "default": "",
            } },
            "correlationIds": {
                "flow": { "description": FLOW, "location": "$message.header#/ce_correlationid" },
                "structured-flow": { "description": FLOW, "location": "$message.payload#/correlationid" },
            },
        },
    })
}

fn info() -> Value {
    json!({
        "title": "Chorale's topics",
        "version": "1",
        "description": "The events of a Chorale shop. Records are CloudEvents 1.0. The key is the stream's id. Unless the shop's bus \
            address says `cloudevents=structured`, they are in Kafka's binary mode: the attributes are headers (`ce_…`), and the \
            value is the event's payload. In structured mode, the value is the whole event with the payload in `data`, and \
            `content-type` is the only header, `application/cloudevents+json; charset=UTF-8`. A topic may have records of both.\n\n\
            * **Read committed** records only (`isolation.level=read_committed`). Clients with another default would see \
            aborted duplicates after a crash.\n\
            * Order is guaranteed per key and per partition: `ce_position` increases strictly within a partition. There is \
            no other guarantee of order. A consumer may receive a record more than once, with the same `ce_id`.\n\
            * Within a version, a type only gains optional fields: ignore fields that you do not know. Any other change is \
            a new version. Records on a topic are never rewritten.\n\
            * Personal data is sealed (`{subject, alg, data}`).\n\n\
            Generated from the code; do not edit. Regenerate with UPDATE_CONTRACTS=1 cargo test -p schemas.",
        "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        "tags": Context::ALL.map(|context| json!({ "name": context.name(), "description": format!("Topics written only by the context {context}.") })),
    })
}

/// The description of a topic.
struct Channel {
    id: String,
    topic: &'static str,
    title: String,
    summary: String,
    description: String,
    messages: Vec<String>,
    context: Option<Context>,
    prefix: Option<&'static str>,
    compacted: bool,
    send: String,
    receive: String,
}

impl Channel {
    fn of_events(topic: Topic) -> Self {
        let context = topic.context();
        let types = published().into_iter().filter(|event| event.aggregate == topic.aggregate());
        let (title, summary) = match topic {
            Topic::Aggregate(aggregate) => {
                (capitalised(aggregate.name()), format!("All events of {}.", aggregate.plural()))
            }
            Topic::Reactions(context) => (
                format!("Reactions of {context}"),
                format!("Parked and redriven reactions of the context {context}."),
            ),
        };
        Self {
            id: topic.name().trim_start_matches("chorale.").trim_end_matches(".v1").replace('.', "-"),
            topic: topic.name(),
            title,
            summary,
            description: format!(
                "The only source is the log of the context {context}, published in the order of the log. Key: the stream's id, \
                 which starts with `{}`. Partition: murmur2 of the key, as in Kafka's own producers; the number of partitions \
                 (`partitions=` in the bus address) never changes. Retention: unlimited.",
                topic.prefix()
            ),
            messages: types.flat_map(|event| names(&event)).collect(),
            context: Some(context),
            prefix: Some(topic.prefix()),
            compacted: false,
            send: format!("The relay of {context} publishes each event of the log exactly once, in the order of the log."),
            receive: "Reactors and projectors (docs/event-catalogue.md lists them), and any other consumer that reads committed records."
                .to_owned(),
        }
    }

    fn of_heads() -> Self {
        Self {
            id: "audit".to_owned(),
            topic: AUDIT_TOPIC,
            title: "Signed log heads".to_owned(),
            summary: "Signed statements of where each log ended at an instant.".to_owned(),
            description: "These records and the public key prove a later truncation or rewriting of a log. Key: the name of the context. \
                          Retention: unlimited."
                .to_owned(),
            messages: vec![LogHeadSigned::full_type()],
            context: None,
            prefix: None,
            compacted: false,
            send: "While a log grows, the relay of its context signs the head every minute and every 100,000 events.".to_owned(),
            receive: "Auditors, and `chorale log verify`.".to_owned(),
        }
    }

    fn of_marks() -> Self {
        Self {
            id: "relay".to_owned(),
            topic: RELAY_TOPIC,
            title: "Progress of the relays".to_owned(),
            summary: "Position up to which each log has been published. Internal.".to_owned(),
            description: "Read by Chorale's own processes; other programs must not rely on it. Key: the name of the context; only the last record of a key counts."
                .to_owned(),
            messages: vec![RELAY_MARK.to_owned()],
            context: None,
            prefix: None,
            compacted: true,
            send: "The relay of each context, in the same transaction as the records that the mark covers.".to_owned(),
            receive: "Relays that take over, and processes that need to know up to which instant the topics are complete.".to_owned(),
        }
    }

    /// Name of the message that stands for all events of the topic in structured mode. The relays' marks are no CloudEvents.
    fn structured(&self) -> Option<String> {
        (!self.compacted).then(|| format!("{}-structured", self.id))
    }

    fn binding(&self) -> Value {
        let partitions = if self.compacted { RELAY_PARTITIONS } else { PARTITIONS };
        let configuration = if self.compacted {
            json!({ "cleanup.policy": ["compact"] })
        } else {
            json!({ "cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1 })
        };
        json!({ "kafka": { "partitions": partitions, "topicConfiguration": configuration, "bindingVersion": "0.5.0" } })
    }
}

fn describe(channels: &mut Map<String, Value>, operations: &mut Map<String, Value>, channel: &Channel) {
    let Channel { id, title, summary, description, context, prefix, .. } = channel;
    let names = channel.messages.iter().cloned().chain(channel.structured());
    let messages: Map<String, Value> = names
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    let mut entry = json!({
        "address": format!("{{prefix}}{}", channel.topic),
        "title": title,
        "summary": summary,
        "description": description,
        "parameters": { "prefix": { "$ref": "#/components/parameters/prefix" } },
        "messages": messages,
        "bindings": channel.binding(),
        "x-topic": channel.topic,
    });
    if let Some(context) = context {
        entry["tags"] = json!([{ "name": context.name() }]);
        entry["x-context"] = json!(context.name());
        entry["x-stream-prefix"] = json!(prefix);
    }
    channels.insert(id.clone(), entry);
    for (action, summary) in [("send", &channel.send), ("receive", &channel.receive)] {
        let channel = json!({ "$ref": format!("#/channels/{id}") });
        let operation = json!({ "action": action, "channel": channel, "summary": summary });
        operations.insert(format!("{action}-{id}"), operation);
    }
}

/// Full names of all versions, oldest first.
fn names(event: &EventType) -> Vec<String> {
    (1..=event.version).map(|version| event.full_name(version)).collect()
}

fn messages(channels: &[Channel]) -> Map<String, Value> {
    let mut messages = Map::new();
    let structured = |channel: &Channel| Some((channel.structured()?, structured(channel)));
    messages.extend(channels.iter().filter_map(structured));
    for event in published() {
        for name in names(&event) {
            messages.insert(name.clone(), message(&event, &name));
        }
    }
    let mark = json!({
        "name": RELAY_MARK,
        "title": "RelayMark",
        "summary": "Position up to which a log has been published.",
        "contentType": "application/json",
        "payload": attributes::plain(schemars::schema_for!(RelayMark)),
        "bindings": key("The name of the context."),
    });
    messages.insert(RELAY_MARK.to_owned(), mark);
    messages
}

fn message(event: &EventType, name: &str) -> Value {
    let of_a_log = event.aggregate != "audit";
    let attributes = if of_a_log { "EventAttributes" } else { "HeadAttributes" };
    let description = schema(event)["description"].clone();
    let newest = name == event.full_name(event.version);
    let mut message = json!({
        "name": name,
        "title": event.name,
        "summary": description,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [
                { "$ref": format!("#/components/schemas/{attributes}") },
                { "properties": {
                    "ce_type": { "const": name },
                    "ce_dataschema": {
                        "description": "The `$id` of the payload's schema. Records from before schemas had one carry a path instead.",
                        "enum": [schema_id(name), format!("/schemas/{name}.json")],
                    },
                } },
            ],
        },
        "payload": { "$ref": format!("./events/{name}.json") },
        "bindings": key(if of_a_log { "The stream's id, which is also `ce_subject`." } else { "The name of the context." }),
    });
    if of_a_log {
        message["correlationId"] = json!({ "$ref": "#/components/correlationIds/flow" });
    }
    if !newest {
        message["description"] =
            json!("An older version. It is no longer written, but stays on the topics for ever.");
    }
    message
}

/// All events of a topic in structured mode.
fn structured(channel: &Channel) -> Value {
    let of_a_log = channel.context.is_some();
    let (attributes, key) = if of_a_log {
        ("StructuredEvent", key("The stream's id, which is also `subject`."))
    } else {
        ("StructuredHead", key("The name of the context."))
    };
    let kinds = channel.messages.iter().map(|name| {
        json!({ "properties": {
            "type": { "const": name },
            "dataschema": { "const": schema_id(name) },
            "data": { "$ref": format!("./events/{name}.json") },
        } })
    });
    let media_type =
        json!({ "type": "string", "const": STRUCTURED, "description": "Media type of the value." });
    let mut message = json!({
        "name": channel.structured(),
        "title": format!("{} in structured mode", channel.title),
        "summary": format!("{} Written if the bus address says `cloudevents=structured`.", channel.summary),
        "contentType": STRUCTURED,
        "headers": { "type": "object", "properties": { "content-type": media_type }, "required": ["content-type"] },
        "payload": {
            "allOf": [
                { "$ref": format!("#/components/schemas/{attributes}") },
                { "oneOf": kinds.collect::<Vec<_>>() },
            ],
        },
        "bindings": key,
    });
    if of_a_log {
        message["correlationId"] = json!({ "$ref": "#/components/correlationIds/structured-flow" });
    }
    message
}

fn key(description: &str) -> Value {
    json!({ "kafka": { "key": { "type": "string", "description": description }, "bindingVersion": "0.5.0" } })
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
