//! How an order waits, and runs out of time. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::event_body;
use crate::life_cycle::{HoldReason, WayOut};
use crate::reservation::LineAtLocation;
use crate::{Money, OrderId, Sealed, ShipmentId, Sku, Timestamp};

/// Which deadline of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderDeadline {
    /// Inventory's answer.
    StockAnswer,
    /// The authorisation of the payment.
    Payment,
    /// All parcels on their way.
    Fulfilment,
    /// All parcels delivered.
    Delivery,
    /// The end of the return window.
    ReturnWindow,
}

/// A deadline passed before the order was paid: it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderExpired {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Which deadline: the stock answer or the payment.
    pub deadline: OrderDeadline,
    /// What is still held for it, as far as the order knows.
    pub held: Vec<LineAtLocation>,
    /// The counted SKUs that were ordered: while inventory's answer is on its way, it holds more than the order knows.
    #[serde(default)]
    pub skus: Vec<Sku>,
    /// What was captured: zero, always.
    pub paid: Money,
}
event_body!(OrderExpired, |e| format!(
    "Order {} expired: {}",
    e.order_number,
    if e.deadline == OrderDeadline::StockAnswer { "no answer about stock" } else { "not paid in time" }
));

/// A deadline passed after the order was paid; somebody must look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderOverdue {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Which deadline.
    pub deadline: OrderDeadline,
    /// When it passed.
    pub due_at: Timestamp,
}
event_body!(OrderOverdue, |e| format!("Order {} is overdue since {}", e.order_number, e.due_at));

/// The order waits for a human.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPutOnHold {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Why.
    pub reason: HoldReason,
    /// Which parcel it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// In somebody's words, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// The money that it is about, where it is about money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The ways out.
    pub ways_out: Vec<WayOut>,
    /// The parcels that may not leave meanwhile.
    pub blocks: Vec<ShipmentId>,
}
event_body!(OrderPutOnHold, |e| format!("Order {} on hold: {}", e.order_number, e.reason));

/// A hold is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHoldReleased {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Which hold.
    pub reason: HoldReason,
    /// Which parcel it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The parcels that may leave again.
    pub frees: Vec<ShipmentId>,
    /// Until when the money can be taken now: parcels may leave until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorized_until: Option<Timestamp>,
    /// When the order is looked at again; none where nothing is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check_at: Option<Timestamp>,
}
event_body!(OrderHoldReleased, |e| format!("Order {} goes on: {} is settled", e.order_number, e.reason));

/// A human chose how to go on; participants do their part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHoldResolved {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Which hold.
    pub reason: HoldReason,
    /// Which parcel it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// The way that was chosen.
    pub way_out: WayOut,
    /// What is to be paid again or given back, where money is part of the way out. The refund of a parcel is known by the
    /// parcel's id. Zero: nothing was captured for it, so nothing is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The payment token, sealed, where the bank is to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_token: Option<Sealed>,
}
event_body!(OrderHoldResolved, |e| format!(
    "Hold {} of order {} resolved by {}",
    e.reason, e.order_number, e.way_out
));
