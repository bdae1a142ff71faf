//! Events about the dispatch and delivery of an order's parcels, and about captured and refunded amounts. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::event_body;
use crate::reservation::LineAtLocation;
use crate::{LocationId, Money, OrderId, ShipmentId, Timestamp};

/// A parcel at its dispatch: contents, carrier, and the amount to capture for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// Parcel that was dispatched.
    pub shipment_id: ShipmentId,
    /// Location that the parcel left.
    pub location: LocationId,
    /// Contents of the parcel, as units per line.
    pub lines: Vec<LineAtLocation>,
    /// Name of the carrier, for example `DHL`.
    pub carrier: String,
    /// Carrier's tracking number of the parcel.
    pub tracking_number: String,
    /// Amount to capture for this parcel: its lines, plus the shipping cost for the first parcel that leaves.
    pub capture: Money,
    /// Latest instant at which every parcel dispatched so far should have arrived. After it the order is overdue.
    pub delivery_due_at: Timestamp,
}

/// A parcel was dispatched; further parcels of the order have not left yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPartiallyShipped {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// The dispatched parcel.
    #[serde(flatten)]
    pub departure: Departure,
}
event_body!(OrderPartiallyShipped, |e| format!(
    "A parcel of order {} left {}",
    e.order_number, e.departure.location
));

/// The last remaining parcel of the order was dispatched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderShipped {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// The dispatched parcel.
    #[serde(flatten)]
    pub departure: Departure,
}
event_body!(OrderShipped, |e| format!("Order {} shipped", e.order_number));

/// A parcel arrived; further parcels of the order are still on their way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderParcelDelivered {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Parcel that was delivered.
    pub shipment_id: ShipmentId,
}
event_body!(OrderParcelDelivered, |e| format!("A parcel of order {} arrived", e.order_number));

/// All remaining parcels of the order have arrived. The return window starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderDelivered {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Parcel that arrived last; absent if the last open parcel was settled in another way, for example refunded as
    /// lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// End of the return window.
    pub return_until: Timestamp,
}
event_body!(OrderDelivered, |e| format!("Order {} delivered", e.order_number));

/// The order is finished: the return window has ended, or no parcel remains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCompleted {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
}
event_body!(OrderCompleted, |e| format!("Order {} completed", e.order_number));

/// The payment for a parcel was captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentCaptured {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Parcel that the amount was captured for.
    pub shipment_id: ShipmentId,
    /// Amount captured for this parcel.
    pub amount: Money,
    /// Amount captured for the order so far, including this one.
    pub captured: Money,
}
event_body!(OrderPaymentCaptured, |e| format!("{} captured", e.amount));

/// The authorisation of an ended order was voided: nothing will be captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentVoided {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Amount that had been authorised.
    pub amount: Money,
}
event_body!(OrderPaymentVoided, |e| format!("Authorisation of {} voided", e.amount));

/// Money was refunded to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderRefunded {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Parcel that the refund is for; absent if it is not for a single parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<ShipmentId>,
    /// Amount of this refund.
    pub amount: Money,
    /// Amount refunded for the order so far, including this refund.
    pub refunded: Money,
}
event_body!(OrderRefunded, |e| format!("{} refunded", e.amount));
