//! How an order ends early. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Totals;
use crate::event::{count, event_body};
use crate::reservation::LineAtLocation;
use crate::{Money, OrderId, Sealed, ShipmentId, Sku};

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The customer wanted it.
    Customer,
    /// The shop wanted it.
    Staff,
    /// It looked like fraud.
    Fraud,
    /// It could not be paid.
    PaymentFailed,
    /// Anything else.
    Other,
}

/// Somebody wants it cancelled, and parcels are being made ready: each parcel's own story decides who was first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancellationRequested {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Why.
    pub reason: CancelReason,
    /// In their own words, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// The parcels that are asked to come back.
    pub shipment_ids: Vec<ShipmentId>,
}
event_body!(OrderCancellationRequested, |e| format!(
    "Cancellation asked of {}",
    count(e.shipment_ids.len(), "parcel", "parcels")
));

/// A parcel was taken back before it left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderParcelCancelled {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// The parcel.
    pub shipment_id: ShipmentId,
}
event_body!(OrderParcelCancelled, |_e| "A parcel was taken back".to_owned());

/// These parcels had left before they could be taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancellationRefused {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// The parcels that were faster.
    pub shipment_ids: Vec<ShipmentId>,
}
event_body!(OrderCancellationRefused, |e| format!(
    "Too late for {}: already on the way",
    count(e.shipment_ids.len(), "parcel", "parcels")
));

/// The lines of parcels that were taken back are cancelled; the rest of the order goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLinesCancelled {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Why.
    pub reason: CancelReason,
    /// What will not come.
    pub lines: Vec<LineAtLocation>,
    /// Parcels that these lines were in.
    pub shipment_ids: Vec<ShipmentId>,
    /// The sums that remain.
    pub totals: Totals,
    /// Captured already and to be given back; zero when nothing of it was.
    pub refund_due: Money,
}
event_body!(OrderLinesCancelled, |e| format!(
    "{} cancelled, {} remain to pay",
    count(e.lines.len(), "line", "lines"),
    e.totals.grand
));

/// The order is cancelled: nothing left the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Why.
    pub reason: CancelReason,
    /// In their own words, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Where the order stood.
    pub stage: crate::life_cycle::OrderStatus,
    /// What is still held for it, as far as the order knows.
    pub held: Vec<LineAtLocation>,
    /// The counted SKUs that were ordered: while inventory's answer is on its way, it holds more than the order knows.
    #[serde(default)]
    pub skus: Vec<Sku>,
    /// What was captured; zero when nothing was.
    pub paid: Money,
}
event_body!(OrderCancelled, |e| format!("Order {} cancelled", e.order_number));
