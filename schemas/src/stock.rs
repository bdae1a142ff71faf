//! Events of a stock item: one SKU in all its locations. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{LineId, LocationId, OrderId, Sku};

event_set! {
    /// What happens to a stock item.
    StockEvent of "stock" {
        StockItemOpened, StockReceived, StockAdjusted, StockThresholdsSet, StockReserved, StockReleased, StockCommitted,
        StockTransferredOut, StockTransferredIn, LowStockReached, StockDepleted, BackInStock,
    }
}

/// What happens when more is asked for than there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StockPolicy {
    /// The order is refused.
    #[default]
    Deny,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Physically there.
    pub on_hand: u32,
    /// Of these, promised to orders.
    pub reserved: u32,
    /// What can be promised: on hand − reserved − safety stock, never below 0.
    pub available: u32,
}

/// Levels at one location and in all, after an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LevelsAfter {
    /// At the location; its available does not subtract the safety stock, which is kept for the item as a whole.
    pub at_location: Level,
    /// In all locations.
    pub in_all: Level,
}

/// Stock of this SKU is counted from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockItemOpened {
    /// What is counted.
    pub sku: Sku,
    /// What happens when it runs out.
    pub policy: StockPolicy,
}
event_body!(StockItemOpened, |e| format!("Stock of {} is counted from now on", e.sku));

/// Goods came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockReceived {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How many.
    pub qty: u32,
    /// On hand at the location before.
    pub on_hand_before: u32,
    /// Levels after.
    pub after: LevelsAfter,
    /// Delivery note or the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}
event_body!(StockReceived, |e| format!("{} of {} received at {}", e.qty, e.sku, e.location));

/// Why a count was corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdjustmentReason {
    /// Somebody counted.
    Count,
    /// Broken.
    Damaged,
    /// Gone without a trace.
    Lost,
    /// Turned up again.
    Found,
    /// Past its date.
    Expired,
    /// Anything else.
    Other,
}

/// The figure was corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockAdjusted {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// By how many; negative for fewer.
    pub delta: i64,
    /// Why.
    pub reason: AdjustmentReason,
    /// On hand at the location before.
    pub on_hand_before: u32,
    /// Levels after.
    pub after: LevelsAfter,
}
event_body!(StockAdjusted, |e| format!("{} at {} adjusted by {:+}", e.sku, e.location, e.delta));

/// When to warn, and what to keep back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockThresholdsSet {
    /// What.
    pub sku: Sku,
    /// At or below this many available, stock is low.
    pub low_stock: u32,
    /// Never promised to anybody.
    pub safety_stock: u32,
    /// In all locations, after.
    pub in_all: Level,
}
event_body!(StockThresholdsSet, |e| format!(
    "{} is low at {}, {} kept back",
    e.sku, e.low_stock, e.safety_stock
));

/// Promised to an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockReserved {
    /// What.
    pub sku: Sku,
    /// To whom.
    pub order_id: OrderId,
    /// Lines of the order that it is for.
    pub line_ids: Vec<LineId>,
    /// Where.
    pub location: LocationId,
    /// How many.
    pub qty: u32,
    /// Levels after.
    pub after: LevelsAfter,
}
event_body!(StockReserved, |e| format!("{} of {} reserved at {}", e.qty, e.sku, e.location));

/// Not promised to the order any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockReleased {
    /// What.
    pub sku: Sku,
    /// Who had it.
    pub order_id: OrderId,
    /// Lines of the order that it was for.
    pub line_ids: Vec<LineId>,
    /// Where.
    pub location: LocationId,
    /// How many.
    pub qty: u32,
    /// Levels after.
    pub after: LevelsAfter,
}
event_body!(StockReleased, |e| format!("{} of {} released at {}", e.qty, e.sku, e.location));

/// Left the house with the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockCommitted {
    /// What.
    pub sku: Sku,
    /// With which order.
    pub order_id: OrderId,
    /// Lines of the order that it is for.
    pub line_ids: Vec<LineId>,
    /// From where.
    pub location: LocationId,
    /// How many.
    pub qty: u32,
    /// Levels after.
    pub after: LevelsAfter,
}
event_body!(StockCommitted, |e| format!("{} of {} left {}", e.qty, e.sku, e.location));

/// On its way to another location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockTransferredOut {
    /// What.
    pub sku: Sku,
    /// Which transfer.
    pub transfer_id: String,
    /// How many.
    pub qty: u32,
    /// From here.
    pub from: LocationId,
    /// To there.
    pub to: LocationId,
    /// Levels after, at `from`.
    pub after: LevelsAfter,
}
event_body!(StockTransferredOut, |e| format!("{} of {} sent from {} to {}", e.qty, e.sku, e.from, e.to));

/// Arrived from another location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockTransferredIn {
    /// What.
    pub sku: Sku,
    /// Which transfer.
    pub transfer_id: String,
    /// How many.
    pub qty: u32,
    /// From there.
    pub from: LocationId,
    /// To here.
    pub to: LocationId,
    /// Levels after, at `to`.
    pub after: LevelsAfter,
}
event_body!(StockTransferredIn, |e| format!("{} of {} arrived at {} from {}", e.qty, e.sku, e.to, e.from));

/// Available fell to the threshold or below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowStockReached {
    /// What.
    pub sku: Sku,
    /// In all locations.
    pub available: u32,
    /// Which threshold.
    pub threshold: u32,
}
event_body!(LowStockReached, |e| format!("{} is low: {} available", e.sku, e.available));

/// Nothing is available any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockDepleted {
    /// What.
    pub sku: Sku,
}
event_body!(StockDepleted, |e| format!("{} is sold out", e.sku));

/// Something is available again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackInStock {
    /// What.
    pub sku: Sku,
    /// In all locations.
    pub available: u32,
}
event_body!(BackInStock, |e| format!("{} is back: {} available", e.sku, e.available));
