//! Events of a stock item: one SKU over all locations. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{LineId, LocationId, OrderId, Sku};

event_set! {
    /// All events of a stock item.
    StockEvent of "stock" {
        StockItemOpened, StockReceived, StockAdjusted, StockThresholdsSet, StockReserved, StockReleased, StockCommitted,
        StockTransferredOut, StockTransferredIn, LowStockReached, StockDepleted, BackInStock,
    }
}

/// Behaviour when an order requests more units than are available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StockPolicy {
    /// Reject the order. Currently the only policy.
    #[default]
    Deny,
}

/// Stock level of a SKU, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Units that are physically present.
    pub on_hand: u32,
    /// Units of `onHand` that are reserved for orders.
    pub reserved: u32,
    /// Units that orders can still reserve: `onHand` − `reserved` − safety stock, but at least 0.
    pub available: u32,
}

/// Stock levels right after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LevelsAfter {
    /// Level at the location of the event. Here `available` ignores the safety stock, which is kept for all locations
    /// together.
    pub at_location: Level,
    /// Level over all locations.
    pub in_all: Level,
}

/// Stock of the SKU is counted from now on. The first event of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockItemOpened {
    /// SKU whose stock is counted.
    pub sku: Sku,
    pub policy: StockPolicy,
}
event_body!(StockItemOpened, |e| format!("Stock of {} is now counted", e.sku));

/// Units arrived at a location and were added to the stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockReceived {
    pub sku: Sku,
    /// Location that received the units.
    pub location: LocationId,
    /// Number of units received.
    pub qty: u32,
    /// Units on hand at the location before the event.
    pub on_hand_before: u32,
    pub after: LevelsAfter,
    /// Reference of the delivery, for example the number of the delivery note; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}
event_body!(StockReceived, |e| format!("{} of {} received at {}", e.qty, e.sku, e.location));

/// Reason for a correction of the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdjustmentReason {
    /// A stocktake found a different number.
    Count,
    /// The units are damaged and cannot be sold.
    Damaged,
    /// The units are missing.
    Lost,
    /// Missing units were found again.
    Found,
    /// The units are past their expiry date.
    Expired,
    /// A reason not listed here.
    Other,
}

/// The stock at a location was corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockAdjusted {
    pub sku: Sku,
    /// Location at which the stock was corrected.
    pub location: LocationId,
    /// Change of the units on hand; negative if units were removed.
    pub delta: i64,
    pub reason: AdjustmentReason,
    /// Units on hand at the location before the event.
    pub on_hand_before: u32,
    pub after: LevelsAfter,
}
event_body!(StockAdjusted, |e| format!("{} at {} adjusted by {:+}", e.sku, e.location, e.delta));

/// The low-stock threshold or the safety stock was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockThresholdsSet {
    pub sku: Sku,
    /// Low-stock threshold: stock is low when at most this many units are available. 0 switches the warning off.
    pub low_stock: u32,
    /// Safety stock in units, over all locations; never available to orders.
    pub safety_stock: u32,
    /// Level over all locations, right after the event.
    pub in_all: Level,
}
event_body!(StockThresholdsSet, |e| format!(
    "Low-stock threshold of {} set to {}, safety stock to {}",
    e.sku, e.low_stock, e.safety_stock
));

/// Units at a location were reserved for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockReserved {
    pub sku: Sku,
    /// Order that the units are reserved for.
    pub order_id: OrderId,
    /// Lines of the order that the units are for.
    pub line_ids: Vec<LineId>,
    /// Location of the reserved units.
    pub location: LocationId,
    /// Number of units reserved.
    pub qty: u32,
    pub after: LevelsAfter,
}
event_body!(StockReserved, |e| format!("{} of {} reserved at {}", e.qty, e.sku, e.location));

/// Units that were reserved for an order are available again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockReleased {
    pub sku: Sku,
    /// Order that the units were reserved for.
    pub order_id: OrderId,
    /// Lines of the order that the units were for.
    pub line_ids: Vec<LineId>,
    /// Location of the released units.
    pub location: LocationId,
    /// Number of units released.
    pub qty: u32,
    pub after: LevelsAfter,
}
event_body!(StockReleased, |e| format!("{} of {} released at {}", e.qty, e.sku, e.location));

/// Reserved units were shipped and are no longer on hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockCommitted {
    pub sku: Sku,
    /// Order that the units were shipped for.
    pub order_id: OrderId,
    /// Lines of the order that the units are for.
    pub line_ids: Vec<LineId>,
    /// Location that the units left.
    pub location: LocationId,
    /// Number of units shipped.
    pub qty: u32,
    pub after: LevelsAfter,
}
event_body!(StockCommitted, |e| format!("{} of {} shipped from {}", e.qty, e.sku, e.location));

/// Units were sent to another location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockTransferredOut {
    pub sku: Sku,
    /// Identifies the transfer; the same in `StockTransferredOut` and `StockTransferredIn`.
    pub transfer_id: String,
    /// Number of units transferred.
    pub qty: u32,
    /// Location that the units left.
    pub from: LocationId,
    /// Location that the units go to.
    pub to: LocationId,
    /// Stock levels right after the event; `atLocation` is the level at `from`.
    pub after: LevelsAfter,
}
event_body!(StockTransferredOut, |e| format!("{} of {} sent from {} to {}", e.qty, e.sku, e.from, e.to));

/// Units arrived from another location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockTransferredIn {
    pub sku: Sku,
    /// Identifies the transfer; the same in `StockTransferredOut` and `StockTransferredIn`.
    pub transfer_id: String,
    /// Number of units transferred.
    pub qty: u32,
    /// Location that the units left.
    pub from: LocationId,
    /// Location that the units arrived at.
    pub to: LocationId,
    /// Stock levels right after the event; `atLocation` is the level at `to`.
    pub after: LevelsAfter,
}
event_body!(StockTransferredIn, |e| format!("{} of {} arrived at {} from {}", e.qty, e.sku, e.to, e.from));

/// The available units fell to or below the low-stock threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowStockReached {
    pub sku: Sku,
    /// Available units over all locations.
    pub available: u32,
    /// Low-stock threshold that was reached.
    pub threshold: u32,
}
event_body!(LowStockReached, |e| format!("{} is low: {} available", e.sku, e.available));

/// The SKU is sold out: no unit is available any longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockDepleted {
    pub sku: Sku,
}
event_body!(StockDepleted, |e| format!("{} is sold out", e.sku));

/// Units of a sold-out SKU are available again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackInStock {
    pub sku: Sku,
    /// Available units over all locations.
    pub available: u32,
}
event_body!(BackInStock, |e| format!("{} is back in stock: {} available", e.sku, e.available));
