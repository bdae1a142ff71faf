//! The stock of a SKU in all its locations together. Id: the item's stream, `stock-{sku}`, with the version that the stock item
//! has.

use serde::{Deserialize, Serialize};

use super::stock::StockItem;
use crate::port::{Collection, Streams};

/// Read by id only: lists of stock are found among the stock items.
pub static STOCK_LEVELS: Collection =
    Collection { name: "stock_levels", shape: 1, streams: Streams::Entity("stock"), hot: true, indexes: &[] };

/// The level and figures of a SKU. **Stored format.** Its fields are those of [`StockItem`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StockLevel {
    pub sku: String,
    /// `IN_STOCK`, `LOW_STOCK` or `OUT_OF_STOCK`.
    pub level: String,
    /// Units in stock in all locations, reserved ones included.
    pub on_hand: u32,
    /// Units on hand that are reserved for orders.
    pub reserved: u32,
    /// Units that can still be reserved.
    pub available: u32,
    /// Stock is low at or below this many available units.
    pub low_stock: u32,
    /// Last change of the figures.
    pub updated_at: String,
}

impl From<StockItem> for StockLevel {
    fn from(item: StockItem) -> Self {
        let StockItem {
            sku,
            policy: _,
            on_hand,
            reserved,
            available,
            low_stock,
            safety_stock: _,
            level,
            level_position: _,
            locations: _,
            updated_at,
        } = item;
        Self { sku, level, on_hand, reserved, available, low_stock, updated_at }
    }
}

impl StockLevel {
    /// The stock item with the fields of the level; the others are empty.
    pub fn into_item(self) -> StockItem {
        StockItem {
            sku: self.sku,
            on_hand: self.on_hand,
            reserved: self.reserved,
            available: self.available,
            low_stock: self.low_stock,
            level: self.level,
            updated_at: self.updated_at,
            ..StockItem::default()
        }
    }
}
