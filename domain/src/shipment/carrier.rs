//! The carrier's side: the label of a packed parcel.

use schemas::order::ShippingMethod;
use schemas::shipment::{ShipmentEvent, ShipmentLabelled};
use schemas::{OrderId, Sealed, ShipmentId};

use super::cancel::cancelled;
use super::{Label, Readiness, Shipment};
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// A call to the carrier that requests a label.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelCall {
    /// Also the idempotency key: there is one label per parcel.
    pub shipment_id: ShipmentId,
    pub order_id: OrderId,
    pub shipping_method: ShippingMethod,
    /// A sealed [`schemas::Address`].
    pub ship_to: Sealed,
}

/// The call that an event requests; `None` if the event is not an intent.
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

/// Records the carrier's label. No effect when repeated, or when the parcel has been cancelled.
#[derive(Clone, Debug)]
pub struct LabelPrinted {
    pub shipment_id: ShipmentId,
    pub label: Label,
}

one_stream!(LabelPrinted, Shipment, |it| it.shipment_id.stream(), label_printed);

fn label_printed(shipment: &mut Draft<'_, Shipment>, command: &LabelPrinted) -> Result<(), Refusal> {
    let Shipment::Here(parcel, Readiness::Packed) = shipment.state() else { return Ok(()) };
    let Label { carrier, tracking_number, tracking_url } = command.label.clone();
    let (shipment_id, order_id) = (command.shipment_id, parcel.order_id);
    shipment.append(ShipmentLabelled { shipment_id, order_id, carrier, tracking_number, tracking_url });
    Ok(())
}

/// The carrier can never issue a label, because the address was erased. The parcel is cancelled without a request, so
/// the order waits for staff. No effect when repeated, or when the parcel has been cancelled.
#[derive(Clone, Copy, Debug)]
pub struct LabelImpossible {
    pub shipment_id: ShipmentId,
}

one_stream!(LabelImpossible, Shipment, |it| it.shipment_id.stream(), label_impossible);

fn label_impossible(shipment: &mut Draft<'_, Shipment>, command: &LabelImpossible) -> Result<(), Refusal> {
    if let Shipment::Here(parcel, Readiness::Packed) = shipment.state() {
        shipment.append(cancelled(command.shipment_id, parcel, false));
    }
    Ok(())
}
