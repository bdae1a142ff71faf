//! The money of an order.

use read_models::documents::orders::Order;
use schemas::life_cycle::PaymentStatus;
use schemas::order::OrderEvent;

use super::{placing, set_payment};
use crate::published::{code, money, time};

pub(super) fn evolve(order: &mut Order, event: &OrderEvent) {
    match event {
        OrderEvent::OrderPaymentAuthorized(e) => {
            order.authorized_until = Some(time(e.authorized_until));
            (order.decline_code, order.attempts_left) = (None, None);
            if order.captured.minor == 0 {
                set_payment(order, PaymentStatus::Authorized);
            }
        }
        OrderEvent::OrderPaymentFailed(e) => {
            order.decline_code = Some(code(&e.code));
            order.attempts_left = Some(e.attempts_left);
            if order.captured.minor == 0 {
                set_payment(order, PaymentStatus::Failed);
            }
        }
        OrderEvent::OrderPaymentRetryRequested(_) => set_payment(order, PaymentStatus::Pending),
        OrderEvent::OrderPaymentCaptured(e) => {
            order.captured = money(e.captured);
            taken(order);
        }
        OrderEvent::OrderPaymentVoided(_) => set_payment(order, PaymentStatus::Voided),
        OrderEvent::OrderRefunded(e) => {
            order.refunded = money(e.refunded);
            taken(order);
        }
        OrderEvent::OrderLinesCancelled(e) => {
            order.totals = placing::totals(&e.totals);
            if order.captured.minor > 0 {
                taken(order);
            }
        }
        _ => {}
    }
}

/// The status of an order of which money was taken.
fn taken(order: &mut Order) {
    let (captured, refunded) = (order.captured.minor, order.refunded.minor);
    let status = match () {
        () if refunded > 0 && refunded >= captured => PaymentStatus::Refunded,
        () if refunded > 0 => PaymentStatus::PartiallyRefunded,
        () if captured >= order.totals.grand.minor => PaymentStatus::Captured,
        () => PaymentStatus::PartiallyCaptured,
    };
    set_payment(order, status);
}
