//! Policies of shipping.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::order::OrderEvent;
use schemas::reservation::LineAtLocation;
use schemas::{OrderId, Recorded, ShipmentId};

use crate::Decision;
use crate::shipment::{CancelShipments, HoldShipments, LiftHolds, PlanShipments};

pub(super) fn about_orders(recorded: &Recorded<OrderEvent>) -> Option<Arc<dyn Decision>> {
    use OrderEvent as E;
    match &recorded.event {
        E::OrderConfirmed(e) => Some(Arc::new(PlanShipments { order: e.clone() })),
        E::OrderCancellationRequested(e) => take_back(e.shipment_ids.clone()),
        E::OrderCancelled(e) => take_back(parcels(e.order_id, &e.held)),
        E::OrderExpired(e) => take_back(parcels(e.order_id, &e.held)),
        E::OrderPutOnHold(e) if !e.blocks.is_empty() => {
            Some(Arc::new(HoldShipments { shipment_ids: e.blocks.clone(), reason: e.reason }))
        }
        E::OrderHoldReleased(e) if !e.frees.is_empty() => Some(Arc::new(LiftHolds {
            shipment_ids: e.frees.clone(),
            reason: e.reason,
            authorized_until: e.authorized_until,
        })),
        E::OrderPlaced(_)
        | E::OrderStockConfirmed(_)
        | E::OrderStockRejected(_)
        | E::OrderPaymentAuthorized(_)
        | E::OrderPaymentFailed(_)
        | E::OrderPaymentRetryRequested(_)
        | E::OrderParcelCancelled(_)
        | E::OrderCancellationRefused(_)
        | E::OrderLinesCancelled(_)
        | E::OrderOverdue(_)
        | E::OrderPutOnHold(_)
        | E::OrderHoldReleased(_)
        | E::OrderHoldResolved(_)
        | E::OrderPartiallyShipped(_)
        | E::OrderShipped(_)
        | E::OrderParcelDelivered(_)
        | E::OrderDelivered(_)
        | E::OrderCompleted(_)
        | E::OrderPaymentCaptured(_)
        | E::OrderPaymentVoided(_)
        | E::OrderRefunded(_)
        | E::OrderNoteAdded(_) => None,
    }
}

fn take_back(shipment_ids: Vec<ShipmentId>) -> Option<Arc<dyn Decision>> {
    (!shipment_ids.is_empty()).then(|| Arc::new(CancelShipments { shipment_ids }) as Arc<dyn Decision>)
}

/// The parcels that would contain these lines.
fn parcels(order_id: OrderId, lines: &[LineAtLocation]) -> Vec<ShipmentId> {
    let locations: BTreeSet<_> = lines.iter().map(|line| &line.location).collect();
    locations.into_iter().map(|location| ShipmentId::of(order_id, location)).collect()
}
