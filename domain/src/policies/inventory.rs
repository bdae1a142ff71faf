//! What inventory does about orders and products.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::order::OrderEvent;
use schemas::product::ProductEvent;
use schemas::reservation::{LineAtLocation, ReleaseReason};
use schemas::{OrderId, Recorded, Sku};

use crate::reservation::{ConsumeReservation, ReleaseReservation, ReserveLine, ReserveOrder};
use crate::stock::OpenStockItem;
use crate::{Decision, ShopRules};

/// What inventory does about an order's event.
pub fn inventory(recorded: &Recorded<OrderEvent>, rules: &Arc<ShopRules>) -> Option<Arc<dyn Decision>> {
    match &recorded.event {
        OrderEvent::OrderPlaced(e) => {
            let wanted = e.lines.iter().map(|line| ReserveLine {
                line_id: line.line_id,
                sku: line.sku.clone(),
                qty: line.qty,
                tracked: line.tracked,
            });
            let (order_id, lines) = (e.order_id, wanted.collect());
            Some(Arc::new(ReserveOrder { order_id, lines, rules: Arc::clone(rules) }))
        }
        OrderEvent::OrderPartiallyShipped(e) => Some(consume(e.order_id, &e.departure.lines)),
        OrderEvent::OrderShipped(e) => Some(consume(e.order_id, &e.departure.lines)),
        OrderEvent::OrderLinesCancelled(e) => {
            Some(Arc::new(ReleaseReservation::of(e.order_id, ReleaseReason::LinesCancelled, &e.lines)))
        }
        OrderEvent::OrderCancelled(e) => {
            Some(release_all(e.order_id, ReleaseReason::OrderCancelled, &e.skus, &e.held))
        }
        OrderEvent::OrderExpired(e) => {
            Some(release_all(e.order_id, ReleaseReason::OrderExpired, &e.skus, &e.held))
        }
        _ => None,
    }
}

/// What inventory does about a product's event.
pub fn inventory_opens(recorded: &Recorded<ProductEvent>) -> Option<Arc<dyn Decision>> {
    let (sku, details) = match &recorded.event {
        ProductEvent::VariantAdded(e) => (&e.sku, &e.details),
        ProductEvent::VariantChanged(e) => (&e.sku, &e.details),
        _ => return None,
    };
    details.track_stock.then(|| Arc::new(OpenStockItem { sku: sku.clone() }) as Arc<dyn Decision>)
}

fn consume(order_id: OrderId, lines: &[LineAtLocation]) -> Arc<dyn Decision> {
    Arc::new(ConsumeReservation { order_id, lines: lines.to_vec() })
}

/// What the order knows to be held may be less than what is: then what was ordered says what to look at.
fn release_all(
    order_id: OrderId,
    reason: ReleaseReason,
    ordered: &[Sku],
    held: &[LineAtLocation],
) -> Arc<dyn Decision> {
    let held = held.iter().filter(|line| line.tracked).map(|line| &line.sku);
    let skus: BTreeSet<Sku> = ordered.iter().chain(held).cloned().collect();
    Arc::new(ReleaseReservation::all(order_id, reason, skus))
}
