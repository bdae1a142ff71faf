//! Every topic and everything that stands on it, as an AsyncAPI document (`schemas/contracts/asyncapi.json`).

use serde_json::{Map, Value, json};

use super::{published, schema};
use crate::audit::LogHeadSigned;
use crate::relay::RelayMark;
use crate::topics::{AUDIT_TOPIC, PARTITIONS, RELAY_PARTITIONS, RELAY_TOPIC};
use crate::{Context, EventType, Topic};

mod attributes;

const RELAY_MARK: &str = "chorale.relay.RelayMark.v1";

/// The document. Payloads are references to the JSON Schemas beside it.
pub fn document() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    for topic in Topic::ALL {
        describe(&mut channels, &mut operations, &Channel::of_events(topic));
    }
    describe(&mut channels, &mut operations, &Channel::of_heads());
    describe(&mut channels, &mut operations, &Channel::of_marks());
    json!({
        "asyncapi": "3.1.0",
        "info": info(),
        "defaultContentType": "application/json",
        "servers": { "kafka": {
            "host": "{broker}",
            "protocol": "kafka",
            "description": "The shop's brokers, as in its bus address `kafka://host:port,host:port`.",
            "variables": { "broker": { "default": "127.0.0.1:9092", "description": "host:port" } },
        } },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages(),
            "schemas": attributes::schemas(),
            "parameters": { "prefix": {
                "description": "What all topics of this shop begin with, where shops share brokers (`prefix=` in the bus address).",
                "default": "",
            } },
            "correlationIds": { "flow": {
                "description": "The flow: the same for everything that one command set off.",
                "location": "$message.header#/ce_correlationid",
            } },
        },
    })
}

fn info() -> Value {
    json!({
        "title": "Chorale's topics",
        "version": "1",
        "description": "What happens in the shop. Records are CloudEvents 1.0 in Kafka's binary mode: the attributes are headers \
            (`ce_…`), the value is the event's payload, the key is the stream's id.\n\n\
            * **Read committed** (`isolation.level=read_committed`). Some clients do not by default, and would see aborted copies \
            after a crash.\n\
            * Order holds per key and per partition, and `ce_position` rises strictly within a partition; nothing more is promised. \
            A consumer may see a record again: `ce_id` tells.\n\
            * Inside a version a type only grows: ignore fields that you do not know. Anything else is a new version, and records \
            that stand on a topic stay as they are.\n\
            * Personal data is sealed (`{subject, alg, data}`).\n\n\
            Generated from the code; do not edit. UPDATE_CONTRACTS=1 cargo test -p schemas writes it anew.",
        "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        "tags": Context::ALL.map(|context| json!({ "name": context.name(), "description": format!("Written by {context} alone.") })),
    })
}

/// A topic, for people and tools.
struct Channel {
    id: String,
    topic: &'static str,
    title: String,
    summary: String,
    description: String,
    messages: Vec<String>,
    context: Option<Context>,
    /// What its streams begin with.
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
                (capitalised(aggregate.name()), format!("What happens to {}.", aggregate.plural()))
            }
            Topic::Reactions(context) => (
                format!("Reactions of {context}"),
                format!("Work of {context}'s reactors that was parked or tried again."),
            ),
        };
        Self {
            id: topic.name().trim_start_matches("chorale.").trim_end_matches(".v1").replace('.', "-"),
            topic: topic.name(),
            title,
            summary,
            description: format!(
                "Its only source is the log of {context}, relayed in the log's order. Key: the stream's id, which begins \
                 with `{}`. Partition: murmur2 of the key as in Kafka's own producers; the shop's \
                 number of partitions (`partitions=`) never changes. Kept without limit.",
                topic.prefix()
            ),
            messages: types.flat_map(|event| names(&event)).collect(),
            context: Some(context),
            prefix: Some(topic.prefix()),
            compacted: false,
            send: format!("The relay of {context} publishes each event of its log exactly once, in the log's order."),
            receive: "Reactors and projectors listen (docs/event-catalogue.md says who to what), and whoever reads committed."
                .to_owned(),
        }
    }

    fn of_heads() -> Self {
        Self {
            id: "audit".to_owned(),
            topic: AUDIT_TOPIC,
            title: "Signed log heads".to_owned(),
            summary: "Where each log ended, now and then, signed.".to_owned(),
            description: "Who keeps these, and the public key, can prove that a log was cut off or written anew. Key: the context. \
                          Kept without limit."
                .to_owned(),
            messages: vec![LogHeadSigned::full_type()],
            context: None,
            prefix: None,
            compacted: false,
            send: "The relay of each context signs its log's head, while it grows, every minute and every 100 000 events.".to_owned(),
            receive: "Auditors, and `chorale log verify`.".to_owned(),
        }
    }

    fn of_marks() -> Self {
        Self {
            id: "relay".to_owned(),
            topic: RELAY_TOPIC,
            title: "Marks of the relays".to_owned(),
            summary: "Up to where each log stands on its topics. Internal.".to_owned(),
            description: "Chorale's own processes read it; do not build on it. Key: the context; only the last record of a key counts."
                .to_owned(),
            messages: vec![RELAY_MARK.to_owned()],
            context: None,
            prefix: None,
            compacted: true,
            send: "The relay of each context, in the transaction of the records that the mark tells of.".to_owned(),
            receive: "Relays that take over; processes that must know up to when topics are complete.".to_owned(),
        }
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
    let messages: Map<String, Value> = channel
        .messages
        .iter()
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

fn messages() -> Map<String, Value> {
    let mut messages = Map::new();
    for event in published() {
        for name in names(&event) {
            messages.insert(name.clone(), message(&event, &name));
        }
    }
    let mark = json!({
        "name": RELAY_MARK,
        "title": "RelayMark",
        "summary": "Up to where a log stands on its topics.",
        "contentType": "application/json",
        "payload": attributes::plain(schemars::schema_for!(RelayMark)),
        "bindings": key("The context."),
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
                    "ce_dataschema": { "const": format!("/schemas/{name}.json") },
                } },
            ],
        },
        "payload": { "$ref": format!("./events/{name}.json") },
        "bindings": key(if of_a_log { "The stream's id, which is also `ce_subject`." } else { "The context." }),
    });
    if of_a_log {
        message["correlationId"] = json!({ "$ref": "#/components/correlationIds/flow" });
    }
    if !newest {
        message["description"] =
            json!("An older version: stands on topics for ever, and is not written any more.");
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
