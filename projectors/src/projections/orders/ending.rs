//! How an order ends.

use read_models::documents::orders::Order;
use schemas::life_cycle::{FulfilmentStatus, OrderStatus, PaymentStatus};
use schemas::order::OrderEvent;

use super::{set_fulfilment, set_payment, set_status};
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
            end(order, OrderStatus::Cancelled);
            order.cancel_reason = Some(code(&e.reason));
            order.cancel_text = e.text.as_ref().map(sealed).or(order.cancel_text.take());
            for line in &mut order.lines {
                line.cancelled_qty = line.qty;
            }
            for parcel in &mut order.parcels {
                parcel.state = "CANCELLED".to_owned();
            }
        }
        OrderEvent::OrderExpired(_) => end(order, OrderStatus::Expired),
        OrderEvent::OrderCompleted(_) => set_status(order, OrderStatus::Completed),
        _ => {}
    }
}

/// Nothing has left and nothing will: nobody is waited for, and a payment that was not authorised is not wanted any more.
fn end(order: &mut Order, status: OrderStatus) {
    set_status(order, status);
    set_fulfilment(order, FulfilmentStatus::Unfulfilled);
    order.cancelling.clear();
    order.holds.clear();
    if order.payment_status == PaymentStatus::Pending.name() {
        set_payment(order, PaymentStatus::Voided);
    }
}
