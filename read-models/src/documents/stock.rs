//! A stock item: one SKU in all its locations. Id: the item's stream, `stock-{sku}`.

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index};

/// Stock by SKU; what is low or out first. Who holds what is asked of the reservations by their `heldSkus`.
pub static STOCK: Collection = Collection {
    name: "stock",
    shape: 1,
    indexes: &[
        Index::Field("sku"),
        Index::Field("available"),
        Index::Pair("level", "sku"),
        Index::Pair("level", "available"),
        Index::Field("updatedAt"),
    ],
};

/// A stock item. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockItem {
    /// What is counted.
    pub sku: String,
    /// `DENY`.
    pub policy: String,
    /// Physically there, in all locations.
    pub on_hand: u32,
    /// Of these, promised to orders.
    pub reserved: u32,
    /// What can be promised.
    pub available: u32,
    /// At or below this many available, stock is low.
    pub low_stock: u32,
    /// Never promised to anybody.
    pub safety_stock: u32,
    /// `IN_STOCK`, `LOW_STOCK` or `OUT_OF_STOCK`.
    pub level: String,
    /// By location's name.
    pub locations: Vec<StockAtLocation>,
    /// When the figures were last changed.
    pub updated_at: String,
}

/// A stock item at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockAtLocation {
    /// Where.
    pub location: String,
    /// Physically there.
    pub on_hand: u32,
    /// Of these, promised to orders.
    pub reserved: u32,
    /// On hand − reserved; the safety stock is kept for the item as a whole.
    pub available: u32,
}
