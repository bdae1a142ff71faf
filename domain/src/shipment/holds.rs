//! Holding parcels while the order waits for staff.

use schemas::life_cycle::HoldReason;
use schemas::shipment::{ShipmentEvent, ShipmentHeld, ShipmentHoldLifted};
use schemas::{ShipmentId, Timestamp};

use super::{Shipment, react, reads_all};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// The order is on hold, and these parcels may not leave. Several reasons may apply at once. No effect on parcels
/// that have left, and when repeated.
#[derive(Clone, Debug)]
pub(crate) struct HoldShipments {
    pub shipment_ids: Vec<ShipmentId>,
    pub reason: HoldReason,
}

impl Decision for HoldShipments {
    fn reads(&self) -> Reads {
        reads_all(&self.shipment_ids)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        Ok(react(&self.shipment_ids, seen, |shipment_id, shipment| match shipment {
            Shipment::Here(parcel, _) if !parcel.holds.contains(&self.reason) => {
                Some(ShipmentHeld { shipment_id, order_id: parcel.order_id, reason: self.reason }.into())
            }
            _ => None,
        }))
    }
}

/// The order releases these parcels: every hold is lifted. No effect on parcels that have left, and when repeated.
#[derive(Clone, Debug)]
pub(crate) struct LiftHolds {
    pub shipment_ids: Vec<ShipmentId>,
    /// The hold that ended last.
    pub reason: HoldReason,
    /// New last instant at which their amount can be captured; `None` if unchanged.
    pub authorized_until: Option<Timestamp>,
}

impl Decision for LiftHolds {
    fn reads(&self) -> Reads {
        reads_all(&self.shipment_ids)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        Ok(react(&self.shipment_ids, seen, |shipment_id, shipment| self.lifted(shipment_id, shipment)))
    }
}

impl LiftHolds {
    fn lifted(&self, shipment_id: ShipmentId, shipment: &Shipment) -> Vec<ShipmentEvent> {
        let Shipment::Here(parcel, _) = shipment else { return Vec::new() };
        let (order_id, dispatch_by) = (parcel.order_id, self.authorized_until.unwrap_or(parcel.dispatch_by));
        // Even a parcel that is not held gets the new last instant at which it may leave.
        let moved = parcel.holds.is_empty() && dispatch_by != parcel.dispatch_by;
        let reasons = parcel.holds.iter().copied().chain(moved.then_some(self.reason));
        reasons
            .map(|reason| ShipmentHoldLifted { shipment_id, order_id, reason, dispatch_by }.into())
            .collect()
    }
}
