//! The stock ledger: one entry per event that moves a figure. Id: the event's.

use serde::{Deserialize, Serialize};

use super::{Actor, EventRef};
use crate::port::{Collection, Index};

/// Movements of a SKU, in their order (`version`) or by time; of an order.
pub static STOCK_MOVEMENTS: Collection = Collection {
    name: "stock_movements",
    shape: 1,
    indexes: &[
        Index::Pair("sku", "version"),
        Index::Pair("sku", "at"),
        Index::Pair("sku", "kind"),
        Index::Pair("orderId", "at"),
    ],
};

/// A movement, with the figures after it. **Stored format.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockMovement {
    /// What.
    pub sku: String,
    /// Version of the item's stream: movements of a SKU follow each other by it.
    pub version: u64,
    /// `RECEIVED`, `ADJUSTED`, `RESERVED`, `RELEASED`, `COMMITTED`, `TRANSFERRED_OUT` or `TRANSFERRED_IN`.
    pub kind: String,
    /// How many; negative only where an adjustment took away.
    pub qty: i64,
    /// Where.
    pub location: String,
    /// The other location of a transfer.
    pub other_location: Option<String>,
    /// For which order.
    pub order_id: Option<String>,
    /// Lines of the order.
    pub line_ids: Vec<u32>,
    /// Why it was adjusted, as a code.
    pub reason: Option<String>,
    /// Delivery note, transfer or the like.
    pub reference: Option<String>,
    /// At the location, after.
    pub after_at_location: Figures,
    /// In all locations, after.
    pub after_in_all: Figures,
    /// When.
    pub at: String,
    /// Who.
    pub actor: Actor,
    /// The event.
    pub event: EventRef,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Physically there.
    pub on_hand: u32,
    /// Of these, promised to orders.
    pub reserved: u32,
    /// What can be promised.
    pub available: u32,
}
