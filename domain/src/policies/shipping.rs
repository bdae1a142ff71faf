//! What shipping does about orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::order::OrderEvent;
use schemas::reservation::LineAtLocation;
use schemas::{OrderId, Recorded, ShipmentId};

use crate::Decision;
use crate::shipment::{CancelShipments, HoldShipments, LiftHolds, PlanShipments};

/// What shipping does about an order's event.
pub fn shipping(recorded: &Recorded<OrderEvent>) -> Option<Arc<dyn Decision>> {
    match &recorded.event {
        OrderEvent::OrderConfirmed(e) => Some(Arc::new(PlanShipments { order: e.clone() })),
        OrderEvent::OrderCancellationRequested(e) => take_back(e.shipment_ids.clone()),
        OrderEvent::OrderCancelled(e) => take_back(parcels(e.order_id, &e.held)),
        OrderEvent::OrderExpired(e) => take_back(parcels(e.order_id, &e.held)),
        OrderEvent::OrderPutOnHold(e) if !e.blocks.is_empty() => {
            Some(Arc::new(HoldShipments { shipment_ids: e.blocks.clone(), reason: e.reason }))
        }
        OrderEvent::OrderHoldReleased(e) if !e.frees.is_empty() => Some(Arc::new(LiftHolds {
            shipment_ids: e.frees.clone(),
            reason: e.reason,
            authorized_until: e.authorized_until,
        })),
        _ => None,
    }
}

fn take_back(shipment_ids: Vec<ShipmentId>) -> Option<Arc<dyn Decision>> {
    (!shipment_ids.is_empty()).then(|| Arc::new(CancelShipments { shipment_ids }) as Arc<dyn Decision>)
}

/// The parcels that these lines would be in.
fn parcels(order_id: OrderId, lines: &[LineAtLocation]) -> Vec<ShipmentId> {
    let locations: BTreeSet<_> = lines.iter().map(|line| &line.location).collect();
    locations.into_iter().map(|location| ShipmentId::of(order_id, location)).collect()
}
