//! The carrier's side: the label that a packed parcel asks for.

use schemas::order::ShippingMethod;
use schemas::shipment::{ShipmentEvent, ShipmentLabelled};
use schemas::{OrderId, Sealed, ShipmentId, Timestamp};

use super::cancel::cancelled;
use super::{Label, Readiness, Shipment, decide, reads};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// A call of the carrier: print a label.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelCall {
    /// The parcel, and the idempotency key: one label per parcel.
    pub shipment_id: ShipmentId,
    /// Whose it is.
    pub order_id: OrderId,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// [`schemas::Address`], sealed.
    pub ship_to: Sealed,
}

/// The call that an event asks for. None: it is no intent.
pub fn label_call(event: &ShipmentEvent) -> Option<LabelCall> {
    use ShipmentEvent as E;
    match event {
        E::ShipmentPacked(e) => Some(LabelCall {
            shipment_id: e.shipment_id,
            order_id: e.order_id,
            shipping_method: e.shipping_method,
            ship_to: e.ship_to.clone(),
        }),
        E::ShipmentPlanned(_)
        | E::ShipmentLabelled(_)
        | E::ShipmentDispatched(_)
        | E::TrackingUpdated(_)
        | E::DeliveryAttemptFailed(_)
        | E::ShipmentDelivered(_)
        | E::ShipmentLost(_)
        | E::ShipmentCancelled(_)
        | E::ShipmentHeld(_)
        | E::ShipmentHoldLifted(_) => None,
    }
}

/// The carrier gave a label. Quiet when repeated, and when the parcel was cancelled meanwhile.
#[derive(Clone, Debug)]
pub struct LabelPrinted {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// What the carrier calls it.
    pub label: Label,
}

impl Decision for LabelPrinted {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| {
            let Shipment::Here(parcel, Readiness::Packed) = shipment else { return Ok(None) };
            let Label { carrier, tracking_number, tracking_url } = self.label.clone();
            let (shipment_id, order_id) = (self.shipment_id, parcel.order_id);
            Ok(Some(
                ShipmentLabelled { shipment_id, order_id, carrier, tracking_number, tracking_url }.into(),
            ))
        })
    }
}

/// There is no label to be had, ever: the address was erased. The parcel is taken back though nobody asked, so that the order
/// waits for a human. Quiet when repeated, and when the parcel was cancelled meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct LabelImpossible {
    /// The parcel.
    pub shipment_id: ShipmentId,
}

impl Decision for LabelImpossible {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::Here(parcel, Readiness::Packed) => Ok(Some(cancelled(self.shipment_id, parcel, false))),
            _ => Ok(None),
        })
    }
}
