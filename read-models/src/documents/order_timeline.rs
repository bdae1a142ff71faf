//! The timeline of an order: one entry per event of its stream. Id: the event's id.

use serde::{Deserialize, Serialize};

use super::{Actor, EventRef};
use crate::port::{Collection, Index, Streams};

/// Indexes: entries of an order by version.
pub static ORDER_TIMELINE: Collection = Collection {
    name: "order_timeline",
    shape: 1,
    streams: Streams::Other,
    hot: false,
    indexes: &[Index::Pair("orderId", "version")],
};

/// **Stored format.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    pub order_id: String,
    /// Version of the order's stream, which orders the entries.
    pub version: u64,
    pub at: String,
    /// `OrderPlaced`
    pub name: String,
    /// One sentence, in English.
    pub title: String,
    pub actor: Actor,
    /// Code; `None` for an event without a reason.
    pub reason: Option<String>,
    pub event: EventRef,
}
