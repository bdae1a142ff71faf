//! A stock item: one SKU in all its locations. Id: the item's stream, `stock-{sku}`.

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index, Streams};

/// Indexes: stock by SKU and level, and by the last change of the level. For the orders that reserve a SKU, query the reservations by `heldSkus`.
pub static STOCK: Collection = Collection {
    name: "stock",
    shape: 1,
    streams: Streams::Entity("stock"),
    hot: false,
    indexes: &[
        Index::Field("sku"),
        Index::Field("available"),
        Index::Pair("level", "sku"),
        Index::Pair("level", "available"),
        Index::Field("updatedAt"),
        Index::Field("levelPosition"),
    ],
};

/// A stock item. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockItem {
    pub sku: String,
    /// `DENY`.
    pub policy: String,
    /// Units in stock in all locations, reserved ones included.
    pub on_hand: u32,
    /// Units on hand that are reserved for orders.
    pub reserved: u32,
    /// Units that can still be reserved.
    pub available: u32,
    /// Stock is low at or below this many available units.
    pub low_stock: u32,
    /// Units that are never reserved.
    pub safety_stock: u32,
    /// `IN_STOCK`, `LOW_STOCK` or `OUT_OF_STOCK`.
    pub level: String,
    /// Position in the log of the event that last changed the level, for readers that follow the levels. `None` in a document that
    /// was written before this was recorded, until its level changes.
    pub level_position: Option<u64>,
    /// Sorted by location.
    pub locations: Vec<StockAtLocation>,
    /// Last change of the figures.
    pub updated_at: String,
}

/// A stock item at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockAtLocation {
    pub location: String,
    /// Units in stock, reserved ones included.
    pub on_hand: u32,
    /// Units on hand that are reserved for orders.
    pub reserved: u32,
    /// On hand − reserved. The safety stock applies to the item as a whole.
    pub available: u32,
}
