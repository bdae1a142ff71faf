//! Payments and their steps.

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
        PaymentEvent::PaymentCaptureRequested(_)
        | PaymentEvent::PaymentCaptureFailed(_)
        | PaymentEvent::PaymentVoidRequested(_)
        | PaymentEvent::PaymentVoidFailed(_)
        | PaymentEvent::PaymentRemainderReleased(_)
        | PaymentEvent::RefundRequested(_)
        | PaymentEvent::RefundFailed(_)
        | PaymentEvent::LatePaymentDetected(_)
        | PaymentEvent::PaymentOutcomeUnknown(_)
        | PaymentEvent::PaymentInquiryRequested(_) => {}
    }
}

/// The status after the event; `None` if it does not change.
fn status(payment: &Payment, event: &PaymentEvent) -> Option<&'static str> {
    let untouched = minor(&payment.captured) == 0;
    let unrefunded = minor(&payment.refunded) == 0;
    match event {
        PaymentEvent::PaymentRequested(_) => untouched.then_some("PENDING"),
        PaymentEvent::PaymentActionRequired(_) => untouched.then_some("ACTION_REQUIRED"),
        PaymentEvent::PaymentAuthorized(_) => untouched.then_some("AUTHORIZED"),
        PaymentEvent::PaymentDeclined(_) => untouched.then_some("DECLINED"),
        PaymentEvent::PaymentVoided(_) => untouched.then_some("VOIDED"),
        PaymentEvent::PaymentAuthorizationExpired(_) => untouched.then_some("EXPIRED"),
        PaymentEvent::PaymentCancelled(_) => {
            (untouched && payment.authorized.is_none()).then_some("CANCELLED")
        }
        PaymentEvent::PaymentRemainderReleased(_) => unrefunded.then_some("CAPTURED"),
        PaymentEvent::PaymentCaptured(_) if unrefunded => {
            let all = minor(&payment.captured) >= minor(&payment.authorized);
            Some(if all { "CAPTURED" } else { "PARTIALLY_CAPTURED" })
        }
        PaymentEvent::PaymentCaptured(_) | PaymentEvent::RefundSucceeded(_) => {
            let all = minor(&payment.refunded) >= minor(&payment.captured);
            Some(if all { "REFUNDED" } else { "PARTIALLY_REFUNDED" })
        }
        PaymentEvent::PaymentCaptureRequested(_)
        | PaymentEvent::PaymentCaptureFailed(_)
        | PaymentEvent::PaymentVoidRequested(_)
        | PaymentEvent::PaymentVoidFailed(_)
        | PaymentEvent::RefundRequested(_)
        | PaymentEvent::RefundFailed(_)
        | PaymentEvent::LatePaymentDetected(_)
        | PaymentEvent::PaymentOutcomeUnknown(_)
        | PaymentEvent::PaymentInquiryRequested(_)
        | PaymentEvent::ChargebackReceived(_) => None,
    }
}

fn minor(amount: &Option<Money>) -> i64 {
    amount.as_ref().map_or(0, |amount| amount.minor)
}
