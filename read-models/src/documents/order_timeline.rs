//! The story of an order: one entry per event of its stream. Id: the event's.

use serde::{Deserialize, Serialize};

use super::{Actor, EventRef};
use crate::port::{Collection, Index};

/// Entries of an order in their order.
pub static ORDER_TIMELINE: Collection =
    Collection { name: "order_timeline", shape: 1, indexes: &[Index::Pair("orderId", "version")] };

/// An entry. **Stored format.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// Whose story.
    pub order_id: String,
    /// Version of the order's stream: entries follow each other by it.
    pub version: u64,
    /// When.
    pub at: String,
    /// Name of the event's type: `OrderPlaced`.
    pub name: String,
    /// One sentence for people.
    pub title: String,
    /// Who.
    pub actor: Actor,
    /// Why, as a code, where the event says.
    pub reason: Option<String>,
    /// The event.
    pub event: EventRef,
}
