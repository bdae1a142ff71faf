//! What a reactor could not carry out. Id: the reaction's stream, `reaction-{reactor}-{source}`.

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index};

/// Parked streams by reactor and state, newest first.
pub static PARKED_REACTIONS: Collection = Collection {
    name: "parked_reactions",
    shape: 1,
    indexes: &[
        Index::Pair("reactor", "updatedAt"),
        Index::Pair("state", "updatedAt"),
        Index::Field("updatedAt"),
        Index::Field("source"),
    ],
};

/// How many attempts a document remembers.
pub const ATTEMPTS: usize = 20;

/// A reactor's trouble with a stream. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedReaction {
    /// Who gave up.
    pub reactor: String,
    /// The reactor's context.
    pub context: String,
    /// The stream that waits.
    pub source: String,
    /// `PARKED`, or `REDRIVEN` since somebody asked for it to be tried again.
    pub state: String,
    /// The event that it was parked for last.
    pub event_id: String,
    /// Its full type.
    pub event_type: String,
    /// Its version in the source stream.
    pub source_version: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong.
    pub error: String,
    /// What happened, newest first, at most [`ATTEMPTS`].
    pub history: Vec<ParkedStep>,
    /// When it was parked last.
    pub parked_at: Option<String>,
    /// When it was redriven last.
    pub redriven_at: Option<String>,
    /// When it was last changed.
    pub updated_at: String,
}

/// A step of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedStep {
    /// `PARKED` or `REDRIVEN`.
    pub state: String,
    /// Version of the event in the source stream.
    pub source_version: u64,
    /// What went wrong; none for a redrive.
    pub error: Option<String>,
    /// When.
    pub at: String,
}
