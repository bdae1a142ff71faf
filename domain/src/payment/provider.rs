//! The provider's side: which call an intent asks for, what an answer leads to, and asking when there was none.

use std::sync::Arc;

use schemas::payment::{
    DeclineCode, PaymentEvent, PaymentInquiryRequested, PaymentOutcomeUnknown, PaymentStep,
};
use schemas::{Money, OrderId, Sealed, Timestamp};

use super::book::Unanswered;
use super::{Draft, authorize, cancel, capture, decide, reads, refund};
use crate::{Changes, Decision, Reads, Refusal, Seen, ShopRules};

/// The deadline at which the provider is asked what became of a step.
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
    /// Say what became of the call with this key.
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

/// What became of a try to set money aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeOutcome {
    /// The money is set aside.
    Authorized {
        /// The provider's name for it.
        provider_ref: String,
        /// Until when it can be taken.
        authorized_until: Timestamp,
    },
    /// The customer has to confirm at their bank.
    ActionRequired {
        /// Where.
        action_url: String,
        /// The provider's name for it.
        provider_ref: String,
    },
    /// No.
    Declined {
        /// Why.
        code: DeclineCode,
    },
    /// Asked about, and the provider has never heard of it. Only ever the answer to an inquiry.
    NeverArrived,
    /// No answer, or none that says what happened.
    Unknown,
}

/// What became of taking money, letting it go or giving it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyOutcome {
    /// It happened.
    Done,
    /// It did not, and will not under this key. `AUTHORIZATION_EXPIRED` of a capture means that nothing is set aside any more.
    Failed {
        /// What the provider said, as a code.
        code: String,
    },
    /// Asked about, and the provider has never heard of it. Only ever the answer to an inquiry.
    NeverArrived,
    /// No answer, or none that says what happened.
    Unknown,
}

/// The provider's answer, by the kind of step that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderAnswer {
    /// To `authorize`.
    Authorize(AuthorizeOutcome),
    /// To `capture`.
    Capture(MoneyOutcome),
    /// To `void`.
    Void(MoneyOutcome),
    /// To `refund`.
    Refund(MoneyOutcome),
}

impl ProviderAnswer {
    /// "I do not know what became of it", for whatever kind of step this is. None for a step of no known kind.
    pub fn unknown(step: &PaymentStep) -> Option<Self> {
        match step.kind() {
            "authorize" => Some(Self::Authorize(AuthorizeOutcome::Unknown)),
            "capture" => Some(Self::Capture(MoneyOutcome::Unknown)),
            "void" => Some(Self::Void(MoneyOutcome::Unknown)),
            "refund" => Some(Self::Refund(MoneyOutcome::Unknown)),
            _ => None,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Authorize(_) => "authorize",
            Self::Capture(_) => "capture",
            Self::Void(_) => "void",
            Self::Refund(_) => "refund",
        }
    }
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

impl Decision for ProviderAnswered {
    fn reads(&self) -> Reads {
        reads(self.order_id)
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        if self.answer.kind() != self.step.kind() {
            let message = format!("{} cannot be answered as if it were {}.", self.step, self.answer.kind());
            return Err(Refusal::rule("WRONG_ANSWER", message));
        }
        decide(self.order_id, seen, |draft| {
            match &self.answer {
                ProviderAnswer::Authorize(outcome) => {
                    authorize::answered(draft, &self.step, outcome, &self.rules, now)
                }
                ProviderAnswer::Capture(outcome) => {
                    capture::answered(draft, &self.step, outcome, &self.rules, now)
                }
                ProviderAnswer::Void(outcome) => {
                    cancel::answered(draft, &self.step, outcome, &self.rules, now)
                }
                ProviderAnswer::Refund(outcome) => {
                    refund::answered(draft, &self.step, outcome, &self.rules, now)
                }
            }
            Ok(())
        })
    }
}

/// The time has come to ask the provider what became of its unanswered steps.
#[derive(Clone, Copy, Debug)]
pub struct InquireStep {
    /// The order that is paid.
    pub order_id: OrderId,
}

impl Decision for InquireStep {
    fn reads(&self) -> Reads {
        reads(self.order_id)
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.order_id, seen, |draft| {
            for (step, asked) in draft.book().to_ask(now) {
                draft.tell(PaymentInquiryRequested { order_id: self.order_id, step, asked });
            }
            Ok(())
        })
    }
}

/// Nobody said what became of an open step: the provider will be asked. Quiet when that is planned already.
pub(super) fn unknown(draft: &mut Draft, step: &PaymentStep, rules: &ShopRules, now: Timestamp) {
    if !matches!(draft.book().unanswered(step), Some(Unanswered::AskAt { .. })) {
        let (order_id, step) = (draft.order_id, step.clone());
        draft.tell(PaymentOutcomeUnknown { order_id, step, ask_at: now.plus(rules.inquiry) });
    }
}

impl Draft {
    /// Whether the provider has been asked about a step and owes the answer.
    pub(super) fn was_asked_about(&self, step: &PaymentStep) -> bool {
        matches!(self.book().unanswered(step), Some(Unanswered::Asked { .. }))
    }
}
