//! The provider's side: the call that an intent asks for, the dispatch of its answer, and the inquiry when there was none.

use std::sync::Arc;

use schemas::payment::{PaymentEvent, PaymentInquiryRequested, PaymentStep};
use schemas::{Money, OrderId, Sealed};

use super::draft::{PaymentDraft, payment_decision};
use super::{authorize, cancel, capture, refund};
use crate::{Refusal, ShopRules};

pub use super::outcomes::{AuthorizeOutcome, MoneyOutcome, ProviderAnswer};

/// The deadline at which the provider is asked for the outcome of a step.
pub const INQUIRY: &str = "payment.inquiry";

/// A call of the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderCall {
    /// The order that is paid.
    pub order_id: OrderId,
    /// The step; the outcome comes back as [`ProviderAnswered`] for it.
    pub step: PaymentStep,
    /// What is asked.
    pub ask: ProviderAsk,
}

impl ProviderCall {
    /// The key that makes repeating the call harmless: the same for every call of one step, inquiries included.
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}", self.order_id, self.step)
    }
}

/// What the provider is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderAsk {
    /// Set money aside.
    Authorize {
        /// How much.
        amount: Money,
        /// The provider's token, sealed.
        payment_token: Sealed,
    },
    /// Take money that is set aside.
    Capture {
        /// How much.
        amount: Money,
        /// The provider's name for the authorisation.
        provider_ref: String,
    },
    /// Let money go that is set aside.
    Void {
        /// How much.
        amount: Money,
        /// The provider's name for the authorisation.
        provider_ref: String,
    },
    /// Give money back.
    Refund {
        /// How much.
        amount: Money,
        /// The provider's name for the payment.
        provider_ref: String,
    },
    /// Report the outcome of the call with this key.
    Inquire,
}

/// The call that an event asks for. None: it is no intent.
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

/// The provider answered a call or an inquiry. Quiet when repeated, late, or about a step that was never asked for.
///
/// Refuses with `WRONG_ANSWER` an answer that does not fit the kind of step: the adapter is broken.
#[derive(Clone, Debug)]
pub struct ProviderAnswered {
    /// The order that is paid.
    pub order_id: OrderId,
    /// The step that was called or asked about.
    pub step: PaymentStep,
    /// What the provider said.
    pub answer: ProviderAnswer,
    /// How many tries there are, and how long to wait before asking.
    pub rules: Arc<ShopRules>,
}

payment_decision!(ProviderAnswered);

impl ProviderAnswered {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        if self.answer.kind() != self.step.kind() {
            let message = format!("{} cannot be answered as if it were {}.", self.step, self.answer.kind());
            return Err(Refusal::rule("WRONG_ANSWER", message));
        }
        match &self.answer {
            ProviderAnswer::Authorize(outcome) => {
                authorize::answered(draft, &self.step, outcome, &self.rules)
            }
            ProviderAnswer::Capture(outcome) => capture::answered(draft, &self.step, outcome, &self.rules),
            ProviderAnswer::Void(outcome) => cancel::answered(draft, &self.step, outcome, &self.rules),
            ProviderAnswer::Refund(outcome) => refund::answered(draft, &self.step, outcome, &self.rules),
        }
        Ok(())
    }
}

/// It is time to ask the provider for the outcomes of unanswered steps.
#[derive(Clone, Copy, Debug)]
pub struct InquireStep {
    /// The order that is paid.
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
