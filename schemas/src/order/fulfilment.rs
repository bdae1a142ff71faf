//! How an order's parcels leave and arrive, and how its money moves. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::event_body;
use crate::reservation::LineAtLocation;
use crate::{LocationId, Money, OrderId, ShipmentId, Timestamp};

/// What left with a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// From where.
    pub location: LocationId,
    /// What is in it.
    pub lines: Vec<LineAtLocation>,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
    /// What is to be captured for it: its lines, and the shipping cost with the first parcel.
    pub capture: Money,
    /// Until when everything that has left so far should have arrived.
    pub delivery_due_at: Timestamp,
}

/// A parcel left; others are still here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPartiallyShipped {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// What left.
    #[serde(flatten)]
    pub departure: Departure,
}
event_body!(OrderPartiallyShipped, |e| format!(
    "A parcel of order {} left {}",
    e.order_number, e.departure.location
));

/// The last parcel that remains left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderShipped {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// What left.
    #[serde(flatten)]
    pub departure: Departure,
}
event_body!(OrderShipped, |e| format!("Order {} shipped", e.order_number));

/// A parcel arrived; others are on their way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderParcelDelivered {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// The parcel.
    pub shipment_id: ShipmentId,
}
event_body!(OrderParcelDelivered, |e| format!("A parcel of order {} arrived", e.order_number));

/// The last parcel that remains arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderDelivered {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// The parcel that was last; none when the last one was settled otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Until when goods can be returned.
    pub return_until: Timestamp,
}
event_body!(OrderDelivered, |e| format!("Order {} delivered", e.order_number));

/// The return window is over, or no parcel remains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCompleted {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
}
event_body!(OrderCompleted, |e| format!("Order {} completed", e.order_number));

/// The money for a parcel was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentCaptured {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// For which parcel.
    pub shipment_id: ShipmentId,
    /// How much.
    pub amount: Money,
    /// How much in all, for this order.
    pub captured: Money,
}
event_body!(OrderPaymentCaptured, |e| format!("{} captured", e.amount));

/// The money was let go without taking it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentVoided {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// How much had been set aside.
    pub amount: Money,
}
event_body!(OrderPaymentVoided, |e| format!("{} let go", e.amount));

/// Money was given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderRefunded {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// For which parcel, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// How much.
    pub amount: Money,
    /// How much in all, for this order.
    pub refunded: Money,
}
event_body!(OrderRefunded, |e| format!("{} refunded", e.amount));
