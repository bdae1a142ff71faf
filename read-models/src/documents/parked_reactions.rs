//! A reaction that was parked after repeated failures. Id: the reaction's stream, `reaction-{reactor}-{source}`.

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index, Streams};

/// Indexes: parked reactions by reactor and state, newest first.
pub static PARKED_REACTIONS: Collection = Collection {
    name: "parked_reactions",
    shape: 1,
    streams: Streams::Entity("reaction"),
    hot: false,
    indexes: &[
        Index::Pair("reactor", "updatedAt"),
        Index::Pair("state", "updatedAt"),
        Index::Field("updatedAt"),
        Index::Field("source"),
    ],
};

/// Most steps in a document.
pub const ATTEMPTS: usize = 20;

/// A parked reaction. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedReaction {
    pub reactor: String,
    pub context: String,
    /// The stream that waits for it.
    pub source: String,
    /// `PARKED`, or `REDRIVEN` once a retry was requested.
    pub state: String,
    /// The event for which it was parked last.
    pub event_id: String,
    /// `chorale.order.OrderPlaced.v1`
    pub event_type: String,
    pub source_version: u64,
    /// Attempts before it was parked.
    pub attempts: u32,
    pub error: String,
    /// Newest first, at most [`ATTEMPTS`].
    pub history: Vec<ParkedStep>,
    /// Last time it was parked.
    pub parked_at: Option<String>,
    /// Last redrive.
    pub redriven_at: Option<String>,
    pub updated_at: String,
}

/// One step of its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedStep {
    /// `PARKED` or `REDRIVEN`.
    pub state: String,
    /// Version of the event in the source stream.
    pub source_version: u64,
    /// `None` for a redrive.
    pub error: Option<String>,
    pub at: String,
}
