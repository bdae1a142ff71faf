//! Events about holds and missed deadlines of an order. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::event_body;
use crate::life_cycle::{HoldReason, WayOut};
use crate::reservation::LineAtLocation;
use crate::{Money, OrderId, Sealed, ShipmentId, Sku, Timestamp};

/// Deadline that an order can miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderDeadline {
    /// Inventory must answer whether all lines are reserved.
    StockAnswer,
    /// The payment must be authorised.
    Payment,
    /// All parcels must be dispatched.
    Fulfilment,
    /// All parcels must be delivered.
    Delivery,
    /// End of the period in which goods can be returned; completes the order.
    ReturnWindow,
}

/// A deadline passed before the payment was authorised. The order ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderExpired {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Missed deadline: `STOCK_ANSWER` or `PAYMENT`.
    pub deadline: OrderDeadline,
    /// Reserved units that the order knows of and that are to be released.
    pub held: Vec<LineAtLocation>,
    /// Ordered SKUs whose stock is counted. If inventory's answer is still on its way, more may be reserved than
    /// `held` lists.
    #[serde(default)]
    pub skus: Vec<Sku>,
    /// Amount captured so far; always zero, because the order was never paid.
    pub paid: Money,
}
event_body!(OrderExpired, |e| format!(
    "Order {} expired: {}",
    e.order_number,
    if e.deadline == OrderDeadline::StockAnswer { "stock not confirmed in time" } else { "not paid in time" }
));

/// A deadline passed after the payment was authorised. Staff must follow up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderOverdue {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Missed deadline: `FULFILMENT` or `DELIVERY`.
    pub deadline: OrderDeadline,
    /// Instant at which the deadline passed.
    pub due_at: Timestamp,
}
event_body!(OrderOverdue, |e| format!("Order {} has been overdue since {}", e.order_number, e.due_at));

/// The order is on hold: staff must decide how it continues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPutOnHold {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    pub reason: HoldReason,
    /// Parcel that the hold is about; absent if it is about the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Explanation by the member of staff who put the order on hold, sealed; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Amount that the hold is about, for example the amount that could not be captured; absent if it is not about
    /// money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Resolutions that staff can choose from.
    pub ways_out: Vec<WayOut>,
    /// Parcels that must not be dispatched while the order is on hold.
    pub blocks: Vec<ShipmentId>,
}
event_body!(OrderPutOnHold, |e| format!("Order {} on hold: {}", e.order_number, e.reason));

/// A hold ended. The order continues unless it has other holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHoldReleased {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Reason of the hold that ended.
    pub reason: HoldReason,
    /// Parcel that the hold was about; absent if it was about the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Parcels that may be dispatched again; empty if another hold still blocks them.
    pub frees: Vec<ShipmentId>,
    /// Last instant at which the payment can be captured, and thus at which parcels may leave; absent if no parcel is
    /// waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized_until: Option<Timestamp>,
    /// Next deadline of the order; absent if it waits for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check_at: Option<Timestamp>,
}
event_body!(OrderHoldReleased, |e| format!("Hold {} of order {} released", e.reason, e.order_number));

/// Staff chose how to continue. The hold ends once the chosen resolution has succeeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHoldResolved {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Reason of the hold that is being resolved.
    pub reason: HoldReason,
    /// Parcel that the hold is about; absent if it is about the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Resolution that staff chose.
    pub way_out: WayOut,
    /// Amount to capture, authorise or refund; absent if the resolution moves no money. Zero means that nothing was
    /// captured for the parcel, so nothing is refunded. The refund of a parcel has the parcel's id as its `refundId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Payment provider's token, sealed, for a new authorisation; absent for other resolutions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_token: Option<Sealed>,
}
event_body!(OrderHoldResolved, |e| format!(
    "Hold {} of order {} resolved by {}",
    e.reason, e.order_number, e.way_out
));
