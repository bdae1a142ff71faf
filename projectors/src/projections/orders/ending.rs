//! Cancellation, expiry and completion.

use read_models::documents::orders::Order;
use schemas::life_cycle::{FulfilmentStatus, OrderStatus, PaymentStatus};
use schemas::order::{OrderCancellationRequested, OrderCancelled, OrderLinesCancelled};

use super::{set_fulfilment, set_payment, set_status};
use crate::published::{code, sealed, texts};

pub(super) fn request_cancellation(order: &mut Order, e: &OrderCancellationRequested) {
    order.cancelling = texts(&e.shipment_ids);
    order.cancel_reason = Some(code(&e.reason));
    order.cancel_text = e.text.as_ref().map(sealed);
}

pub(super) fn refuse_cancellation(order: &mut Order) {
    order.cancelling.clear();
}

pub(super) fn cancel_lines(order: &mut Order, e: &OrderLinesCancelled) {
    order.cancelling.clear();
    order.cancel_reason = Some(code(&e.reason));
}

pub(super) fn cancel(order: &mut Order, e: &OrderCancelled) {
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

pub(super) fn expire(order: &mut Order) {
    end(order, OrderStatus::Expired);
}

pub(super) fn complete(order: &mut Order) {
    set_status(order, OrderStatus::Completed);
}

/// Nothing was shipped and nothing will be. A payment that was not authorised is no longer needed.
fn end(order: &mut Order, status: OrderStatus) {
    set_status(order, status);
    set_fulfilment(order, FulfilmentStatus::Unfulfilled);
    order.cancelling.clear();
    order.holds.clear();
    if order.payment_status == PaymentStatus::Pending.name() {
        set_payment(order, PaymentStatus::Voided);
    }
}
