//! The provider's side: the call that an intent requests, the dispatch of its answer, and the inquiry if there is no
//! answer.

use std::sync::Arc;

use schemas::payment::{PaymentEvent, PaymentInquiryRequested, PaymentStep};
use schemas::{Money, OrderId, Sealed};

use super::draft::{PaymentDraft, payment_decision};
use super::{authorize, cancel, capture, refund};
use crate::{Refusal, ShopRules};

pub use super::outcomes::{AuthorizeOutcome, MoneyOutcome, ProviderAnswer};

/// The deadline at which the provider is asked for the outcome of a step.
pub const INQUIRY: &str = "payment.inquiry";

/// A call to the payment provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderCall {
    pub order_id: OrderId,
    /// The outcome is reported as [`ProviderAnswered`] for this step.
    pub step: PaymentStep,
    pub ask: ProviderAsk,
}

impl ProviderCall {
    /// Idempotency key: the same for every call of one step, inquiries included.
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.order_id, self.step)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum ProviderAsk {
    Authorize {
        amount: Money,
        /// The payment provider's token, sealed.
        payment_token: Sealed,
    },
    /// Capture an authorised amount.
    Capture {
        amount: Money,
        /// The provider's reference of the authorisation.
        provider_ref: String,
    },
    Void {
        amount: Money,
        /// The provider's reference of the authorisation.
        provider_ref: String,
    },
    Refund {
        amount: Money,
        /// The provider's reference of the payment.
        provider_ref: String,
    },
    /// Report the outcome of the call with this key.
    Inquire,
}

/// The call that an event requests; `None` if the event is not an intent.
pub fn provider_call(event: &PaymentEvent) -> Option<ProviderCall> {
    use PaymentEvent as E;
    let (order_id, step, ask) = match event.clone() {
        E::PaymentRequested(e) => {
            (e.order_id, e.step, ProviderAsk::Authorize { amount: e.amount, payment_token: e.payment_token })
        }
        E::PaymentCaptureRequested(e) => {
            (e.order_id, e.step, ProviderAsk::Capture { amount: e.amount, provider_ref: e.provider_ref })
        }
        E::PaymentVoidRequested(e) => {
            (e.order_id, e.step, ProviderAsk::Void { amount: e.amount, provider_ref: e.provider_ref })
        }
        E::RefundRequested(e) => {
            (e.order_id, e.step, ProviderAsk::Refund { amount: e.amount, provider_ref: e.provider_ref })
        }
        E::PaymentInquiryRequested(e) => (e.order_id, e.step, ProviderAsk::Inquire),
        E::PaymentActionRequired(_)
        | E::PaymentAuthorized(_)
        | E::PaymentDeclined(_)
        | E::PaymentCaptured(_)
        | E::PaymentCaptureFailed(_)
        | E::PaymentVoided(_)
        | E::PaymentVoidFailed(_)
        | E::PaymentRemainderReleased(_)
        | E::RefundSucceeded(_)
        | E::RefundFailed(_)
        | E::PaymentCancelled(_)
        | E::LatePaymentDetected(_)
        | E::PaymentAuthorizationExpired(_)
        | E::PaymentOutcomeUnknown(_)
        | E::ChargebackReceived(_) => return None,
    };
    Some(ProviderCall { order_id, step, ask })
}

/// Records the provider's answer to a call or an inquiry. No effect if it is repeated, late, or about an unknown
/// step.
///
/// Refuses with `WRONG_ANSWER` if the answer does not fit the kind of step, which is a bug in the adapter.
#[derive(Clone, Debug)]
pub struct ProviderAnswered {
    pub order_id: OrderId,
    /// Step that was called or inquired about.
    pub step: PaymentStep,
    pub answer: ProviderAnswer,
    pub rules: Arc<ShopRules>,
}

payment_decision!(ProviderAnswered);

impl ProviderAnswered {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        if self.answer.kind() != self.step.kind() {
            let message = format!(
                "The outcome of step {} cannot be that of a step of kind {}.",
                self.step,
                self.answer.kind()
            );
            return Err(Refusal::rule("WRONG_ANSWER", message));
        }
        match &self.answer {
            ProviderAnswer::Authorize(outcome) => {
                authorize::answered(draft, &self.step, outcome, &self.rules)?;
            }
            ProviderAnswer::Capture(outcome) => capture::answered(draft, &self.step, outcome, &self.rules),
            ProviderAnswer::Void(outcome) => cancel::answered(draft, &self.step, outcome, &self.rules),
            ProviderAnswer::Refund(outcome) => refund::answered(draft, &self.step, outcome, &self.rules),
        }
        Ok(())
    }
}

/// The deadline of inquiries has passed: requests the outcomes of unanswered steps.
#[derive(Clone, Copy, Debug)]
pub struct InquireStep {
    pub order_id: OrderId,
}

payment_decision!(InquireStep);

impl InquireStep {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        for (step, asked) in draft.book().to_ask(draft.now()) {
            draft.append(PaymentInquiryRequested { order_id: self.order_id, step, asked });
        }
        Ok(())
    }
}
