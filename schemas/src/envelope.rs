//! The metadata of a recorded event: columns in the log, CloudEvents 1.0 attributes on a topic.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, Context, DecodeError, EventId, EventSet, StreamId, Timestamp, Topic, event};

/// Everything that is known of a recorded event but its body. The record's headers on a topic say the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Unique id of the event.
    pub id: EventId,
    /// The stream, which is also the record's key.
    pub stream: StreamId,
    /// 1, 2, 3 … within the stream.
    pub version: u64,
    /// The context whose log it stands in.
    pub context: Context,
    /// 1, 2, 3 … within the context's log.
    pub position: u64,
    /// Which life of the log: a restored or forked log has another.
    pub epoch: Uuid,
    /// Name of the type without aggregate and version: `OrderPlaced`.
    pub name: String,
    /// Version of the type's shape.
    pub type_version: u32,
    /// When it was recorded.
    pub time: Timestamp,
    /// The flow that it belongs to: the same for everything that one command set off.
    pub correlation: Uuid,
    /// The event or command that caused it.
    pub causation: Uuid,
    /// W3C trace context of the request, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The log's hash chain at this event, lower-case hex.
    pub hash: String,
}

impl Envelope {
    /// The topic of the event's stream. Every stream that can be written has one.
    pub fn topic(&self) -> Option<Topic> {
        Topic::of_stream(self.context, &self.stream)
    }

    /// `chorale.order.OrderPlaced.v1`
    pub fn full_type(&self) -> String {
        let aggregate = self.topic().map_or("unknown", Topic::aggregate);
        event::full_name(aggregate, &self.name, self.type_version)
    }

    /// `stream@version`: what a query presents to see at least this.
    pub fn token(&self) -> String {
        format!("{}@{}", self.stream, self.version)
    }

    /// The CloudEvents attributes as a Kafka record's headers (binary mode), in a fixed order.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let aggregate = self.topic().map_or("unknown", Topic::aggregate);
        let key = self.stream.key();
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", self.id.to_string()),
            ("ce_type", self.full_type()),
            ("ce_source", format!("/chorale/{aggregate}/{key}")),
            ("ce_subject", self.stream.to_string()),
            ("ce_time", self.time.to_string()),
            ("ce_dataschema", format!("/schemas/{}.json", self.full_type())),
            ("ce_partitionkey", key.to_owned()),
            ("ce_sequence", format!("{:010}", self.version)),
            ("ce_position", self.position.to_string()),
            ("ce_epoch", self.epoch.to_string()),
            ("ce_correlationid", self.correlation.to_string()),
            ("ce_causationid", self.causation.to_string()),
            ("ce_hash", self.hash.clone()),
        ];
        if let Some(traceparent) = &self.traceparent {
            headers.push(("ce_traceparent", traceparent.clone()));
        }
        headers
    }
}

/// An event as it was recorded: body and envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<E> {
    /// Where, when and why.
    pub envelope: Envelope,
    /// What.
    pub event: E,
}

impl<E: EventSet> Recorded<E> {
    /// Reads a stored payload of any version.
    pub fn read(envelope: Envelope, payload: &str) -> Result<Self, DecodeError> {
        let event = E::decode(&envelope.name, envelope.type_version, payload)?;
        Ok(Self { envelope, event })
    }
}

/// What every payload says beside its own fields.
#[derive(Clone, Debug, Deserialize)]
pub struct Spoken {
    /// One sentence for people.
    pub summary: String,
    /// Who caused it.
    pub actor: Actor,
}

impl Spoken {
    /// Reads summary and actor of any payload.
    pub fn read(payload: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(payload)
    }
}
