//! All events of all topics, for auditors. Id: the event's id.

use serde::{Deserialize, Serialize};

use super::Actor;
use crate::port::{Collection, Index, Streams};

/// Indexes: events of a stream, of a flow, of a type; by time.
pub static EVENTS: Collection = Collection {
    name: "events",
    shape: 1,
    streams: Streams::Other,
    hot: false,
    indexes: &[
        Index::Pair("stream", "version"),
        Index::Pair("correlationId", "at"),
        Index::Pair("name", "at"),
        Index::Field("at"),
    ],
};

/// **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventEntry {
    pub event_id: String,
    /// `chorale.order.OrderPlaced.v1`
    #[serde(rename = "type")]
    pub kind: String,
    /// `OrderPlaced`
    pub name: String,
    pub stream: String,
    pub version: u64,
    pub context: String,
    pub topic: String,
    /// Position in the context's log.
    pub position: u64,
    /// The log's epoch: changes when a log is restored or forked.
    pub epoch: String,
    /// Shared by all events of one flow.
    pub correlation_id: String,
    /// Id of the event or command that caused it.
    pub causation_id: String,
    /// W3C trace context; `None` if the command had none.
    pub traceparent: Option<String>,
    /// The log's hash chain at this event, lower-case hex.
    pub hash: String,
    /// Time of recording.
    pub at: String,
    /// One sentence, in English.
    pub summary: String,
    pub actor: Actor,
    /// The exact JSON text of the payload.
    pub payload: String,
}
