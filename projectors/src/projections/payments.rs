//! Payments with their steps.

mod steps;

use read_models::documents::Money;
use read_models::documents::payments::{self, Payment};
use schemas::payment::PaymentEvent;
use schemas::{Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::{code, money, time};

/// Entity of the payment's stream.
pub static PAYMENTS: Projection = Projection::entity(&payments::PAYMENTS, &[Topic::PAYMENT], &Entity(evolve));

/// The payment after the event.
pub fn evolve(payment: Option<Payment>, event: &Recorded<PaymentEvent>) -> Option<Payment> {
    let at = time(event.envelope.time);
    let mut payment = payment.unwrap_or_else(|| Payment {
        order_id: event.envelope.stream.key().to_owned(),
        created_at: at.clone(),
        ..Payment::default()
    });
    steps::evolve(&mut payment, &event.event, &at);
    sums(&mut payment, &event.event);
    if let Some(status) = status(&payment, &event.event) {
        payment.status = status.to_owned();
    }
    payment.updated_at = at;
    Some(payment)
}

fn sums(payment: &mut Payment, event: &PaymentEvent) {
    match event {
        PaymentEvent::PaymentRequested(e) => payment.amount = Some(money(e.amount)),
        PaymentEvent::PaymentActionRequired(e) => {
            payment.action_url = Some(e.action_url.clone());
            payment.provider_ref = Some(e.provider_ref.clone());
        }
        PaymentEvent::PaymentAuthorized(e) => {
            payment.authorized = Some(money(e.amount));
            payment.authorized_until = Some(time(e.authorized_until));
            payment.provider_ref = Some(e.provider_ref.clone());
            (payment.action_url, payment.decline_code, payment.attempts_left) = (None, None, None);
        }
        PaymentEvent::PaymentDeclined(e) => {
            payment.action_url = None;
            payment.decline_code = Some(code(&e.code));
            payment.attempts_left = Some(e.attempts_left);
        }
        PaymentEvent::PaymentCaptured(e) => payment.captured = Some(money(e.captured)),
        PaymentEvent::RefundSucceeded(e) => payment.refunded = Some(money(e.refunded)),
        PaymentEvent::PaymentCancelled(_) => payment.cancelled = true,
        PaymentEvent::PaymentVoided(_) | PaymentEvent::PaymentAuthorizationExpired(_) => {
            (payment.authorized, payment.authorized_until) = (None, None);
        }
        PaymentEvent::ChargebackReceived(e) => {
            let before = minor(&payment.charged_back);
            let mut sum = money(e.amount);
            sum.minor = sum.minor.saturating_add(before);
            payment.charged_back = Some(sum);
        }
        _ => {}
    }
}

/// What the event makes of the status; `None` when it stays.
fn status(payment: &Payment, event: &PaymentEvent) -> Option<&'static str> {
    let nothing_taken = minor(&payment.captured) == 0;
    match event {
        PaymentEvent::PaymentRequested(_) if nothing_taken => Some("PENDING"),
        PaymentEvent::PaymentActionRequired(_) if nothing_taken => Some("ACTION_REQUIRED"),
        PaymentEvent::PaymentAuthorized(_) if nothing_taken => Some("AUTHORIZED"),
        PaymentEvent::PaymentDeclined(_) if nothing_taken => Some("DECLINED"),
        PaymentEvent::PaymentVoided(_) if nothing_taken => Some("VOIDED"),
        PaymentEvent::PaymentAuthorizationExpired(_) if nothing_taken => Some("EXPIRED"),
        PaymentEvent::PaymentCancelled(_) if nothing_taken && payment.authorized.is_none() => {
            Some("CANCELLED")
        }
        PaymentEvent::PaymentRemainderReleased(_) if minor(&payment.refunded) == 0 => Some("CAPTURED"),
        PaymentEvent::PaymentCaptured(_) if minor(&payment.refunded) == 0 => {
            let all = minor(&payment.captured) >= minor(&payment.authorized);
            Some(if all { "CAPTURED" } else { "PARTIALLY_CAPTURED" })
        }
        PaymentEvent::PaymentCaptured(_) | PaymentEvent::RefundSucceeded(_) => {
            let all = minor(&payment.refunded) >= minor(&payment.captured);
            Some(if all { "REFUNDED" } else { "PARTIALLY_REFUNDED" })
        }
        _ => None,
    }
}

fn minor(amount: &Option<Money>) -> i64 {
    amount.as_ref().map_or(0, |amount| amount.minor)
}
