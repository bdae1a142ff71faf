//! The stock ledger: one entry per event that changes a figure. Id: the event's id.

use serde::{Deserialize, Serialize};

use super::{Actor, EventRef};
use crate::port::{Collection, Index, Streams};

/// Indexes: movements of a SKU by `version` or time; of an order.
pub static STOCK_MOVEMENTS: Collection = Collection {
    name: "stock_movements",
    shape: 1,
    streams: Streams::Other,
    hot: false,
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
    pub sku: String,
    /// Version of the item's stream, which orders the movements of a SKU.
    pub version: u64,
    /// `RECEIVED`, `ADJUSTED`, `RESERVED`, `RELEASED`, `COMMITTED`, `TRANSFERRED_OUT` or `TRANSFERRED_IN`.
    pub kind: String,
    /// Units; negative only for adjustments.
    pub qty: i64,
    pub location: String,
    /// Only for transfers.
    pub other_location: Option<String>,
    pub order_id: Option<String>,
    pub line_ids: Vec<u32>,
    /// Code; only for adjustments.
    pub reason: Option<String>,
    /// Delivery note, transfer or the like.
    pub reference: Option<String>,
    /// At the location, after the movement.
    pub after_at_location: Figures,
    /// In all locations, after the movement.
    pub after_in_all: Figures,
    pub at: String,
    pub actor: Actor,
    pub event: EventRef,
}

/// Stock figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Units in stock, reserved ones included.
    pub on_hand: u32,
    /// Units on hand that are reserved for orders.
    pub reserved: u32,
    /// Units that can still be reserved.
    pub available: u32,
}
