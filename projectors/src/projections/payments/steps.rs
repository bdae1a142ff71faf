//! A payment's steps with the provider.

use read_models::documents::payments::{Payment, PaymentStep};
use schemas::payment::{PaymentEvent, PaymentStep as StepId};
use schemas::{Money, ShipmentId};

use crate::published::{code, money};

pub(super) fn evolve(payment: &mut Payment, event: &PaymentEvent, at: &str) {
    match event {
        PaymentEvent::PaymentRequested(e) => request(payment, &e.step, e.amount, None, None, at),
        PaymentEvent::PaymentCaptureRequested(e) => {
            request(payment, &e.step, e.amount, Some(e.shipment_id), None, at);
        }
        PaymentEvent::PaymentVoidRequested(e) => request(payment, &e.step, e.amount, None, None, at),
        PaymentEvent::RefundRequested(e) => {
            request(payment, &e.step, e.amount, None, Some(&e.refund_id), at);
        }
        PaymentEvent::PaymentActionRequired(e) => progress(payment, &e.step, "ACTION_REQUIRED"),
        PaymentEvent::PaymentOutcomeUnknown(e) => progress(payment, &e.step, "UNKNOWN"),
        PaymentEvent::PaymentAuthorized(e) => settle(payment, &e.step, None, at),
        PaymentEvent::PaymentCaptured(e) => settle(payment, &e.step, None, at),
        PaymentEvent::PaymentVoided(e) => settle(payment, &e.step, None, at),
        PaymentEvent::RefundSucceeded(e) => settle(payment, &e.step, None, at),
        PaymentEvent::PaymentDeclined(e) => settle(payment, &e.step, Some(code(&e.code)), at),
        PaymentEvent::PaymentCaptureFailed(e) => settle(payment, &e.step, Some(e.code.clone()), at),
        PaymentEvent::PaymentVoidFailed(e) => settle(payment, &e.step, Some(e.code.clone()), at),
        PaymentEvent::RefundFailed(e) => settle(payment, &e.step, Some(e.code.clone()), at),
        PaymentEvent::PaymentRemainderReleased(_)
        | PaymentEvent::PaymentCancelled(_)
        | PaymentEvent::LatePaymentDetected(_)
        | PaymentEvent::PaymentAuthorizationExpired(_)
        | PaymentEvent::PaymentInquiryRequested(_)
        | PaymentEvent::ChargebackReceived(_) => {}
    }
}

fn request(
    payment: &mut Payment,
    step: &StepId,
    amount: Money,
    shipment: Option<ShipmentId>,
    refund: Option<&str>,
    at: &str,
) {
    payment.steps.push(PaymentStep {
        step: step.to_string(),
        kind: step.kind().to_owned(),
        state: "REQUESTED".to_owned(),
        amount: Some(money(amount)),
        shipment_id: shipment.map(|id| id.to_string()),
        refund_id: refund.map(str::to_owned),
        code: None,
        requested_at: at.to_owned(),
        settled_at: None,
    });
}

fn progress(payment: &mut Payment, step: &StepId, state: &str) {
    for known in payment.steps.iter_mut().filter(|known| known.step == step.as_str()) {
        known.state = state.to_owned();
    }
}

/// The outcome is known; `refused` is the code of a refusal.
fn settle(payment: &mut Payment, step: &StepId, refused: Option<String>, at: &str) {
    for known in payment.steps.iter_mut().filter(|known| known.step == step.as_str()) {
        known.state = if refused.is_some() { "FAILED" } else { "SUCCEEDED" }.to_owned();
        known.code.clone_from(&refused);
        known.settled_at = Some(at.to_owned());
    }
}
