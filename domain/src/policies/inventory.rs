//! Policies of inventory.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::order::OrderEvent;
use schemas::product::ProductEvent;
use schemas::reservation::{LineAtLocation, ReleaseReason};
use schemas::{OrderId, Recorded, Sku};

use crate::reservation::{ConsumeReservation, ReleaseReservation, ReserveLine, ReserveOrder};
use crate::stock::OpenStockItem;
use crate::{Decision, ShopRules};

pub(super) fn about_orders(
    recorded: &Recorded<OrderEvent>,
    rules: &Arc<ShopRules>,
) -> Option<Arc<dyn Decision>> {
    use OrderEvent as E;
    match &recorded.event {
        E::OrderPlaced(e) => {
            let wanted = e.lines.iter().map(|line| ReserveLine {
                line_id: line.line_id,
                sku: line.sku.clone(),
                qty: line.qty,
                tracked: line.tracked,
            });
            let (order_id, lines) = (e.order_id, wanted.collect());
            Some(Arc::new(ReserveOrder { order_id, lines, rules: Arc::clone(rules) }))
        }
        E::OrderPartiallyShipped(e) => Some(consume(e.order_id, &e.departure.lines)),
        E::OrderShipped(e) => Some(consume(e.order_id, &e.departure.lines)),
        E::OrderLinesCancelled(e) => {
            Some(Arc::new(ReleaseReservation::of(e.order_id, ReleaseReason::LinesCancelled, &e.lines)))
        }
        E::OrderCancelled(e) => {
            Some(release_all(e.order_id, ReleaseReason::OrderCancelled, &e.skus, &e.held))
        }
        E::OrderExpired(e) => Some(release_all(e.order_id, ReleaseReason::OrderExpired, &e.skus, &e.held)),
        E::OrderStockConfirmed(_)
        | E::OrderStockRejected(_)
        | E::OrderPaymentAuthorized(_)
        | E::OrderPaymentFailed(_)
        | E::OrderPaymentRetryRequested(_)
        | E::OrderConfirmed(_)
        | E::OrderCancellationRequested(_)
        | E::OrderParcelCancelled(_)
        | E::OrderCancellationRefused(_)
        | E::OrderOverdue(_)
        | E::OrderPutOnHold(_)
        | E::OrderHoldReleased(_)
        | E::OrderHoldResolved(_)
        | E::OrderParcelDelivered(_)
        | E::OrderDelivered(_)
        | E::OrderCompleted(_)
        | E::OrderPaymentCaptured(_)
        | E::OrderPaymentVoided(_)
        | E::OrderRefunded(_)
        | E::OrderNoteAdded(_) => None,
    }
}

pub(super) fn about_products(recorded: &Recorded<ProductEvent>) -> Option<Arc<dyn Decision>> {
    use ProductEvent as E;
    let (sku, details) = match &recorded.event {
        E::VariantAdded(e) => (&e.sku, &e.details),
        E::VariantChanged(e) => (&e.sku, &e.details),
        E::ProductCreated(_)
        | E::ProductDetailsChanged(_)
        | E::ProductCategorised(_)
        | E::ProductAttributesSet(_)
        | E::ProductMediaAdded(_)
        | E::VariantDiscontinued(_)
        | E::PriceSet(_)
        | E::ProductPublished(_)
        | E::ProductUnpublished(_)
        | E::ProductArchived(_) => return None,
    };
    details.track_stock.then(|| Arc::new(OpenStockItem { sku: sku.clone() }) as Arc<dyn Decision>)
}

fn consume(order_id: OrderId, lines: &[LineAtLocation]) -> Arc<dyn Decision> {
    Arc::new(ConsumeReservation { order_id, lines: lines.to_vec() })
}

/// More stock may be reserved than the order knows of. The ordered SKUs cover the rest.
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
