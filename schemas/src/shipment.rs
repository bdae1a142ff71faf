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
    /// A parcel. Derived from the order and the location that it leaves from.
    ShipmentId
);

impl ShipmentId {
    /// The parcel of `order` that leaves from `location`: one per pair, so planning twice plans once.
    pub fn of(order: OrderId, location: &LocationId) -> Self {
        Self::derived(&[&order.to_string(), location.as_str()])
    }

    /// `shipment-{id}`
    pub fn stream(self) -> StreamId {
        AggregateType::Shipment.stream(self)
    }
}

event_set! {
    /// What happens to a parcel.
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
            /// The parcel.
            pub shipment_id: ShipmentId,
            /// The order it belongs to.
            pub order_id: OrderId,
            $($(#[$fdoc])* pub $field: $type,)*
        }
        event_body!($name, |$this| $summary);
    };
}

shipment_event!(
    /// A parcel is to be made ready.
    ShipmentPlanned {
        /// The order's number.
        order_number: String,
        /// From where it leaves.
        location: LocationId,
        /// What goes into it.
        lines: Vec<LineAtLocation>,
        /// How it travels.
        shipping_method: ShippingMethod,
        /// [`crate::Address`], sealed.
        ship_to: Sealed,
        /// Dispatch is refused after this, because the money could not be taken any more.
        dispatch_by: Timestamp,
    } |e| format!("Parcel of {} planned at {}", count(e.lines.len(), "line", "lines"), e.location)
);
shipment_event!(
    /// Everything is in the box. Intent: the carrier is asked for a label.
    ShipmentPacked {
        /// How it travels.
        shipping_method: ShippingMethod,
        /// [`crate::Address`], sealed, for the label.
        ship_to: Sealed,
    } |_e| "Packed".to_owned()
);
shipment_event!(
    /// Outcome: the carrier gave a label.
    ShipmentLabelled {
        /// Who carries it.
        carrier: String,
        /// The carrier's number for it.
        tracking_number: String,
        /// Where it can be followed.
        tracking_url: String,
    } |e| format!("Label of {} printed: {}", e.carrier, e.tracking_number)
);
shipment_event!(
    /// It left the house.
    ShipmentDispatched {
        /// The order's number.
        order_number: String,
        /// From where.
        location: LocationId,
        /// What is in it.
        lines: Vec<LineAtLocation>,
        /// Who carries it.
        carrier: String,
        /// The carrier's number for it.
        tracking_number: String,
        /// Where it can be followed.
        tracking_url: String,
        /// When it should arrive.
        eta: Timestamp,
    } |e| format!("Handed to {}, {}", e.carrier, e.tracking_number)
);
shipment_event!(
    /// The carrier saw it somewhere.
    TrackingUpdated {
        /// What the carrier says.
        status: String,
        /// Where it was seen (a place, not an address).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// When it should arrive, if that changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta: Option<Timestamp>,
    } |e| format!("On its way: {}", e.status)
);
shipment_event!(
    /// Nobody took it.
    DeliveryAttemptFailed {
        /// The number of the try, from 1.
        attempt: u32,
        /// What the carrier says.
        reason: String,
    } |e| format!("Delivery attempt {} failed", e.attempt)
);
shipment_event!(
    /// It arrived.
    ShipmentDelivered {
        /// When the carrier says it did.
        delivered_at: Timestamp,
    } |_e| "Delivered".to_owned()
);
shipment_event!(
    /// It is lost.
    ShipmentLost {
        /// What is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    } |_e| "Lost".to_owned()
);
shipment_event!(
    /// It will not leave. `requested` tells whether the order had asked for that.
    ShipmentCancelled {
        /// What would have been in it.
        lines: Vec<LineAtLocation>,
        /// Whether the order had asked.
        requested: bool,
    } |_e| "Taken back before it left".to_owned()
);
shipment_event!(
    /// It may not leave for now.
    ShipmentHeld {
        /// Why.
        reason: HoldReason,
    } |e| format!("May not leave: {}", e.reason)
);
shipment_event!(
    /// It may leave again.
    ShipmentHoldLifted {
        /// Which hold is over.
        reason: HoldReason,
        /// Dispatch is refused after this.
        dispatch_by: Timestamp,
    } |_e| "May leave again".to_owned()
);
