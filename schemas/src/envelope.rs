//! The metadata of a recorded event: columns in the log, CloudEvents 1.0 attributes on a topic.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, Context, DecodeError, EventId, EventSet, StreamId, Timestamp, Topic, event};

/// Metadata of a recorded event: everything except its body. On a topic these are the record's headers, or the attributes of a
/// structured event ([`crate::cloudevents`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Unique id of the event.
    pub id: EventId,
    /// Stream of the event; also the record's key.
    pub stream: StreamId,
    /// Version of the event within its stream, from 1.
    pub version: u64,
    /// Context that owns the log.
    pub context: Context,
    /// Position within the context's log, from 1.
    pub position: u64,
    /// The log's epoch. It changes when a log is restored or forked.
    pub epoch: Uuid,
    /// Name of the type without aggregate and version, for example `OrderPlaced`.
    pub name: String,
    /// Version of the event type.
    pub type_version: u32,
    /// Time at which the event was recorded.
    pub time: Timestamp,
    /// Id of the flow: the same for all events that one command caused, directly or indirectly.
    pub correlation: Uuid,
    /// Id of the event or command that caused this event.
    pub causation: Uuid,
    /// W3C trace context of the request; `None` if it was not traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The log's hash chain at this event, as lower-case hex.
    pub hash: String,
}

impl Envelope {
    /// Topic of the event's stream. Every stream that can be written has one.
    pub fn topic(&self) -> Option<Topic> {
        Topic::of_stream(self.context, &self.stream)
    }

    /// `chorale.order.OrderPlaced.v1`
    pub fn full_type(&self) -> String {
        let aggregate = self.topic().map_or("unknown", Topic::aggregate);
        event::full_name(aggregate, &self.name, self.type_version)
    }

    /// Consistency token `stream@version`: a query that presents it sees at least this event.
    pub fn token(&self) -> String {
        format!("{}@{}", self.stream, self.version)
    }

    /// The CloudEvents attributes as headers of a Kafka record (binary mode), in a fixed order.
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
            ("ce_dataschema", event::schema_id(&self.full_type())),
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

/// A recorded event: body and envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<E> {
    pub envelope: Envelope,
    pub event: E,
}

impl<E: EventSet> Recorded<E> {
    /// Decodes a stored payload of any version.
    pub fn read(envelope: Envelope, payload: &str) -> Result<Self, DecodeError> {
        let event = E::decode(&envelope.name, envelope.type_version, payload)?;
        Ok(Self { envelope, event })
    }
}

/// The fields that every payload has in addition to its body.
#[derive(Clone, Debug, Deserialize)]
pub struct Spoken {
    /// One sentence for people. Never parse it.
    pub summary: String,
    pub actor: Actor,
}

impl Spoken {
    /// Reads summary and actor from any payload.
    pub fn read(payload: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(payload)
    }
}
