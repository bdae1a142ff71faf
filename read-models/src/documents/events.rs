//! Every event of every topic, for auditors. Id: the event's.

use serde::{Deserialize, Serialize};

use super::Actor;
use crate::port::{Collection, Index};

/// Events of a stream, of a flow, of a type; newest first.
pub static EVENTS: Collection = Collection {
    name: "events",
    shape: 1,
    indexes: &[
        Index::Pair("stream", "version"),
        Index::Pair("correlationId", "at"),
        Index::Pair("name", "at"),
        Index::Field("at"),
    ],
};

/// An event. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventEntry {
    /// The event.
    pub event_id: String,
    /// `chorale.order.OrderPlaced.v1`
    #[serde(rename = "type")]
    pub kind: String,
    /// `OrderPlaced`
    pub name: String,
    /// Its stream.
    pub stream: String,
    /// Its version in the stream.
    pub version: u64,
    /// Its context.
    pub context: String,
    /// Its topic.
    pub topic: String,
    /// Its position in the context's log.
    pub position: u64,
    /// Which life of the log.
    pub epoch: String,
    /// The flow it belongs to.
    pub correlation_id: String,
    /// The event or command that caused it.
    pub causation_id: String,
    /// W3C trace context, where there was one.
    pub traceparent: Option<String>,
    /// The log's hash chain at this event, lower-case hex.
    pub hash: String,
    /// When it was recorded.
    pub at: String,
    /// One sentence for people.
    pub summary: String,
    /// Who.
    pub actor: Actor,
    /// The payload: the exact JSON text as it was stored.
    pub payload: String,
}
