//! How an order ends.

use read_models::documents::orders::Order;
use schemas::life_cycle::OrderStatus;
use schemas::order::OrderEvent;

use super::set_status;
use crate::published::{code, sealed, texts};

pub(super) fn evolve(order: &mut Order, event: &OrderEvent) {
    match event {
        OrderEvent::OrderCancellationRequested(e) => {
            order.cancelling = texts(&e.shipment_ids);
            order.cancel_reason = Some(code(&e.reason));
            order.cancel_text = e.text.as_ref().map(sealed);
        }
        OrderEvent::OrderCancellationRefused(_) => order.cancelling.clear(),
        OrderEvent::OrderLinesCancelled(e) => {
            order.cancelling.clear();
            order.cancel_reason = Some(code(&e.reason));
        }
        OrderEvent::OrderCancelled(e) => {
            set_status(order, OrderStatus::Cancelled);
            order.cancelling.clear();
            order.cancel_reason = Some(code(&e.reason));
            order.cancel_text = e.text.as_ref().map(sealed).or(order.cancel_text.take());
            for line in &mut order.lines {
                line.cancelled_qty = line.qty;
            }
            for parcel in &mut order.parcels {
                parcel.state = "CANCELLED".to_owned();
            }
        }
        OrderEvent::OrderExpired(_) => set_status(order, OrderStatus::Expired),
        OrderEvent::OrderCompleted(_) => set_status(order, OrderStatus::Completed),
        _ => {}
    }
}
