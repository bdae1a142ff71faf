//! The payment of an order.

use read_models::documents::orders::Order;
use schemas::life_cycle::PaymentStatus;
use schemas::order::{
    OrderLinesCancelled, OrderPaymentAuthorized, OrderPaymentCaptured, OrderPaymentFailed, OrderRefunded,
};

use super::set_payment;
use crate::published::{code, money, time, totals};

pub(super) fn authorize(order: &mut Order, e: &OrderPaymentAuthorized) {
    order.authorized_until = Some(time(e.authorized_until));
    (order.decline_code, order.attempts_left) = (None, None);
    if order.captured.minor == 0 {
        set_payment(order, PaymentStatus::Authorized);
    }
}

pub(super) fn fail(order: &mut Order, e: &OrderPaymentFailed) {
    order.decline_code = Some(code(&e.code));
    order.attempts_left = Some(e.attempts_left);
    if order.captured.minor == 0 {
        set_payment(order, PaymentStatus::Failed);
    }
}

pub(super) fn retry(order: &mut Order) {
    set_payment(order, PaymentStatus::Pending);
}

pub(super) fn capture(order: &mut Order, e: &OrderPaymentCaptured) {
    order.captured = money(e.captured);
    set_captured(order);
}

pub(super) fn void(order: &mut Order) {
    set_payment(order, PaymentStatus::Voided);
}

pub(super) fn refund(order: &mut Order, e: &OrderRefunded) {
    order.refunded = money(e.refunded);
    set_captured(order);
}

pub(super) fn cancel_lines(order: &mut Order, e: &OrderLinesCancelled) {
    order.totals = totals(&e.totals);
    if order.captured.minor > 0 {
        set_captured(order);
    }
}

/// The payment status of an order with captured money.
fn set_captured(order: &mut Order) {
    let (captured, refunded) = (order.captured.minor, order.refunded.minor);
    let status = match () {
        () if refunded > 0 && refunded >= captured => PaymentStatus::Refunded,
        () if refunded > 0 => PaymentStatus::PartiallyRefunded,
        () if captured >= order.totals.grand.minor => PaymentStatus::Captured,
        () => PaymentStatus::PartiallyCaptured,
    };
    set_payment(order, status);
}
