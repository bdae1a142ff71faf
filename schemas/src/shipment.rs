//! Events of a parcel. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{count, event_body, event_set};
use crate::ids::uuid_id;
use crate::life_cycle::HoldReason;
use crate::order::ShippingMethod;
use crate::reservation::LineAtLocation;
use crate::{AggregateType, LocationId, OrderId, Sealed, StreamId, Timestamp};

uuid_id!(
    /// Id of a parcel, a UUID. Derived from the order and the location that the parcel leaves from.
    ShipmentId
);

impl ShipmentId {
    /// The parcel of `order` that leaves from `location`. There is one per pair, so planning it twice has no further
    /// effect.
    pub fn of(order: OrderId, location: &LocationId) -> Self {
        Self::derived(&[&order.to_string(), location.as_str()])
    }

    /// `shipment-{id}`
    pub fn stream(self) -> StreamId {
        AggregateType::Shipment.stream(self)
    }
}

event_set! {
    /// All events of a parcel.
    ShipmentEvent of "shipment" {
        ShipmentPlanned, ShipmentPacked, ShipmentLabelled, ShipmentDispatched, TrackingUpdated, DeliveryAttemptFailed,
        ShipmentDelivered, ShipmentLost, ShipmentCancelled, ShipmentHeld, ShipmentHoldLifted,
    }
}

macro_rules! shipment_event {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* } |$this:ident| $summary:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            pub shipment_id: ShipmentId,
            /// Order that the parcel belongs to.
            pub order_id: OrderId,
            $($(#[$fdoc])* pub $field: $type,)*
        }
        event_body!($name, |$this| $summary);
    };
}

shipment_event!(
    /// A parcel is to be packed at a location.
    ShipmentPlanned {
        /// Order number shown to people, for example `10-004217`.
        order_number: String,
        /// Location that the parcel leaves from.
        location: LocationId,
        /// Contents of the parcel, as units per line.
        lines: Vec<LineAtLocation>,
        shipping_method: ShippingMethod,
        /// Delivery address, sealed. The plaintext is an object `{name, lines, postalCode, city, region, country}`.
        ship_to: Sealed,
        /// Last instant at which the parcel may leave. After it the payment can no longer be captured, so dispatch is
        /// refused.
        dispatch_by: Timestamp,
    } |e| format!("Parcel with {} planned at {}", count(e.lines.len(), "line", "lines"), e.location)
);
shipment_event!(
    /// The parcel is packed. Intent: request a label from the carrier.
    ShipmentPacked {
        shipping_method: ShippingMethod,
        /// Delivery address for the label, sealed. The plaintext is an object `{name, lines, postalCode, city,
        /// region, country}`.
        ship_to: Sealed,
    } |_e| "Packed".to_owned()
);
shipment_event!(
    /// Outcome: the carrier issued a label. The parcel can be dispatched.
    ShipmentLabelled {
        /// Name of the carrier, for example `DHL`.
        carrier: String,
        /// Carrier's tracking number of the parcel.
        tracking_number: String,
        /// URL of the carrier's tracking page.
        tracking_url: String,
    } |e| format!("Label issued by {}: {}", e.carrier, e.tracking_number)
);
shipment_event!(
    /// The parcel was handed over to the carrier.
    ShipmentDispatched {
        /// Order number shown to people, for example `10-004217`.
        order_number: String,
        /// Location that the parcel left.
        location: LocationId,
        /// Contents of the parcel, as units per line.
        lines: Vec<LineAtLocation>,
        /// Name of the carrier, for example `DHL`.
        carrier: String,
        /// Carrier's tracking number of the parcel.
        tracking_number: String,
        /// URL of the carrier's tracking page.
        tracking_url: String,
        /// Expected time of arrival.
        eta: Timestamp,
    } |e| format!("Handed over to {}, tracking number {}", e.carrier, e.tracking_number)
);
shipment_event!(
    /// The carrier reported the progress of the parcel.
    TrackingUpdated {
        /// Carrier's status message, for example `in the sorting centre`.
        status: String,
        /// Place at which the parcel was scanned, for example a city; never a street address. Absent if unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// New expected time of arrival; absent if it did not change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta: Option<Timestamp>,
    } |e| format!("In transit: {}", e.status)
);
shipment_event!(
    /// The carrier could not deliver the parcel.
    DeliveryAttemptFailed {
        /// Number of the delivery attempt, from 1.
        attempt: u32,
        /// Reason reported by the carrier.
        reason: String,
    } |e| format!("Delivery attempt {} failed", e.attempt)
);
shipment_event!(
    /// The parcel was delivered.
    ShipmentDelivered {
        /// Time of delivery, as reported by the carrier.
        delivered_at: Timestamp,
    } |_e| "Delivered".to_owned()
);
shipment_event!(
    /// The parcel is lost. It may still be delivered if it turns up.
    ShipmentLost {
        /// Details about the loss; absent if none are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    } |_e| "Lost".to_owned()
);
shipment_event!(
    /// The parcel was cancelled before dispatch.
    ShipmentCancelled {
        /// Lines that the parcel would have contained.
        lines: Vec<LineAtLocation>,
        /// True if the order requested the cancellation; false if it was cancelled for another reason, and the order
        /// goes on hold.
        requested: bool,
    } |_e| "Cancelled before dispatch".to_owned()
);
shipment_event!(
    /// The parcel must not be dispatched for now, because the order is on hold.
    ShipmentHeld {
        /// Reason for which the order is on hold.
        reason: HoldReason,
    } |e| format!("Dispatch blocked: {}", e.reason)
);
shipment_event!(
    /// A hold on the parcel ended. It may be dispatched unless another hold remains.
    ShipmentHoldLifted {
        /// Reason of the hold that ended.
        reason: HoldReason,
        /// Last instant at which the parcel may leave. After it the payment can no longer be captured, so dispatch is
        /// refused.
        dispatch_by: Timestamp,
    } |e| format!("Hold {} lifted", e.reason)
);
