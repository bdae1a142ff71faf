//! Events that a projection could not digest, and those of their streams that wait behind them, verbatim. One that was
//! digested later stays, marked as settled, as long as its generation.
//! Id: `{feed}/{stream}/{version:010}`.

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index};

/// Held events of a generation, and of a stream in it in their order.
pub static HELD_EVENTS: Collection = Collection {
    name: "held_events",
    shape: 1,
    indexes: &[
        Index::Pair("feed", "settled"),
        Index::Pair("queue", "version"),
        Index::Pair("projection", "at"),
    ],
};

/// A held event. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldEvent {
    /// Who could not digest it.
    pub projection: String,
    /// For which generation: `{projection}.{shape}.{number}`.
    pub feed: String,
    /// `{feed}/{stream}`: what it waits in.
    pub queue: String,
    /// The stream.
    pub stream: String,
    /// Its version in the stream.
    pub version: u64,
    /// Its topic.
    pub topic: String,
    /// The partition of the topic.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// When the event was recorded.
    pub at: String,
    /// It was digested since.
    pub settled: bool,
    /// What went wrong; none for one that only waits behind another.
    pub error: Option<String>,
    /// The record's attributes, as JSON text.
    pub envelope: String,
    /// The record's payload.
    pub payload: String,
}
