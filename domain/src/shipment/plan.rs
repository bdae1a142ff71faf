//! Planning the parcels of an order, one per location.

use std::collections::BTreeMap;

use schemas::order::OrderConfirmed;
use schemas::reservation::LineAtLocation;
use schemas::shipment::ShipmentPlanned;
use schemas::{LocationId, ShipmentId, Timestamp};

use super::{Shipment, reads_all};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// Plans the parcels of a confirmed order, one per location. No effect for known parcels.
#[derive(Clone, Debug)]
pub struct PlanShipments {
    pub order: OrderConfirmed,
}

impl PlanShipments {
    fn by_location(&self) -> BTreeMap<LocationId, Vec<LineAtLocation>> {
        let mut parcels: BTreeMap<LocationId, Vec<LineAtLocation>> = BTreeMap::new();
        for line in &self.order.lines {
            parcels.entry(line.location.clone()).or_default().push(line.clone());
        }
        parcels
    }

    /// Ids of the planned parcels.
    pub fn shipment_ids(&self) -> Vec<ShipmentId> {
        self.by_location().keys().map(|location| ShipmentId::of(self.order.order_id, location)).collect()
    }
}

impl Decision for PlanShipments {
    fn reads(&self) -> Reads {
        reads_all(&self.shipment_ids())
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        let (order, mut changes) = (&self.order, Changes::none());
        for (location, lines) in self.by_location() {
            let shipment_id = ShipmentId::of(order.order_id, &location);
            let stream = shipment_id.stream();
            if matches!(seen.state_ref(&stream), None | Some(Shipment::Unplanned)) {
                changes.push(
                    &stream,
                    schemas::shipment::ShipmentEvent::from(ShipmentPlanned {
                        shipment_id,
                        order_id: order.order_id,
                        order_number: order.order_number.clone(),
                        location,
                        lines,
                        shipping_method: order.shipping_method,
                        ship_to: order.ship_to.clone(),
                        dispatch_by: order.authorized_until,
                    }),
                );
            }
        }
        Ok(changes)
    }
}
