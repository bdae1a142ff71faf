//! Events that cancel an order or parts of it. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Totals;
use crate::event::{count, event_body};
use crate::reservation::LineAtLocation;
use crate::{Money, OrderId, Sealed, ShipmentId, Sku};

/// Reason for the cancellation of an order or of some of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The customer cancelled the order.
    Customer,
    /// The shop cancelled the order.
    Staff,
    /// The order was suspected to be fraudulent.
    Fraud,
    /// The payment was declined and no attempt was left.
    PaymentFailed,
    /// A reason not listed here.
    Other,
}

/// A cancellation was requested while parcels are being prepared. Each parcel then reports whether it could still be
/// cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancellationRequested {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    pub reason: CancelReason,
    /// Reason in the words of the person who cancelled, sealed; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Parcels that have not left yet and are asked to be cancelled.
    pub shipment_ids: Vec<ShipmentId>,
}
event_body!(OrderCancellationRequested, |e| format!(
    "Cancellation of {} requested",
    count(e.shipment_ids.len(), "parcel", "parcels")
));

/// A parcel was cancelled before dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderParcelCancelled {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Parcel that was cancelled.
    pub shipment_id: ShipmentId,
}
event_body!(OrderParcelCancelled, |e| format!("A parcel of order {} was cancelled", e.order_number));

/// The requested cancellation came too late for some parcels: they had been dispatched already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancellationRefused {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Parcels that were dispatched before they could be cancelled.
    pub shipment_ids: Vec<ShipmentId>,
}
event_body!(OrderCancellationRefused, |e| format!(
    "Too late to cancel {}: already dispatched",
    count(e.shipment_ids.len(), "parcel", "parcels")
));

/// Lines were cancelled because their parcels were cancelled before dispatch. The rest of the order continues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLinesCancelled {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    pub reason: CancelReason,
    /// Cancelled units per line and location.
    pub lines: Vec<LineAtLocation>,
    /// Cancelled parcels that contained these lines.
    pub shipment_ids: Vec<ShipmentId>,
    /// Sums of the order without the cancelled lines.
    pub totals: Totals,
    /// Amount to refund because it was captured for these lines; zero if nothing was captured for them.
    pub refund_due: Money,
}
event_body!(OrderLinesCancelled, |e| format!(
    "{} cancelled, new total {}",
    count(e.lines.len(), "line", "lines"),
    e.totals.grand
));

/// The whole order was cancelled before any parcel left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    pub reason: CancelReason,
    /// Reason in the words of the person who cancelled, sealed; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Status of the order before the cancellation.
    pub stage: crate::life_cycle::OrderStatus,
    /// Reserved units that the order knows of and that are to be released.
    pub held: Vec<LineAtLocation>,
    /// Ordered SKUs whose stock is counted. If inventory's answer is still on its way, more may be reserved than
    /// `held` lists.
    #[serde(default)]
    pub skus: Vec<Sku>,
    /// Amount captured so far; zero because nothing is captured before a parcel leaves.
    pub paid: Money,
}
event_body!(OrderCancelled, |e| format!("Order {} cancelled", e.order_number));
