//! Taking parcels back before they leave.

use schemas::shipment::{ShipmentCancelled, ShipmentEvent};
use schemas::{ShipmentId, Timestamp};

use super::{Parcel, Shipment, decide, react, reads, reads_all};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// Staff takes a parcel back though the order did not ask for it. Quiet when repeated.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct CancelShipment {
    /// The parcel.
    pub shipment_id: ShipmentId,
}

impl Decision for CancelShipment {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::Here(parcel, _) => Ok(Some(cancelled(self.shipment_id, parcel, false))),
            Shipment::Cancelled(_) => Ok(None),
            other => Err(other.illegal("be cancelled")),
        })
    }
}

/// The order asks for these parcels back, or is over. Those that are still here are cancelled; quiet for those that have
/// left, whose dispatch tells the order.
#[derive(Clone, Debug)]
pub struct CancelShipments {
    /// The parcels.
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
            | Shipment::Delivered(_)
            | Shipment::Lost(_)
            | Shipment::Cancelled(_) => None,
        }))
    }
}

pub(super) fn cancelled(shipment_id: ShipmentId, parcel: &Parcel, requested: bool) -> ShipmentEvent {
    let (order_id, lines) = (parcel.order_id, parcel.lines.clone());
    ShipmentCancelled { shipment_id, order_id, lines, requested }.into()
}
