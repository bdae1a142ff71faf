//! Cancelling parcels before they leave.

use schemas::shipment::{ShipmentCancelled, ShipmentEvent};
use schemas::{ShipmentId, Timestamp};

use super::{Parcel, Shipment, react, reads_all};
use crate::one_stream::one_stream;
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen};

/// Staff cancel a parcel without a request from the order. A repetition has no effect.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct CancelShipment {
    pub shipment_id: ShipmentId,
}

one_stream!(CancelShipment, Shipment, |it| it.shipment_id.stream(), cancel_shipment);

fn cancel_shipment(shipment: &mut Draft<'_, Shipment>, command: &CancelShipment) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::Here(parcel, _) => shipment.append(cancelled(command.shipment_id, parcel, false)),
        Shipment::Cancelled(_) => {}
        other => return Err(other.illegal("be cancelled")),
    }
    Ok(())
}

/// The order recalls these parcels, or has ended. Parcels that have not left are cancelled. No effect on the others:
/// the order learns of them from their dispatch.
#[derive(Clone, Debug)]
pub(crate) struct CancelShipments {
    pub shipment_ids: Vec<ShipmentId>,
}

impl Decision for CancelShipments {
    fn reads(&self) -> Reads {
        reads_all(&self.shipment_ids)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        Ok(react(&self.shipment_ids, seen, |shipment_id, shipment| match shipment {
            Shipment::Here(parcel, _) => Some(cancelled(shipment_id, parcel, true)),
            Shipment::Unplanned
            | Shipment::OnItsWay(..)
            | Shipment::Delivered(..)
            | Shipment::Lost(..)
            | Shipment::Cancelled(_) => None,
        }))
    }
}

pub(super) fn cancelled(shipment_id: ShipmentId, parcel: &Parcel, requested: bool) -> ShipmentEvent {
    let (order_id, lines) = (parcel.order_id, parcel.lines.clone());
    ShipmentCancelled { shipment_id, order_id, lines, requested }.into()
}
