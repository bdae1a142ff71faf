//! The payment provider's port.

use async_trait::async_trait;
use domain::payment::provider::{AuthorizeOutcome, MoneyOutcome, ProviderAnswer};
use schemas::Money;
use schemas::payment::PaymentStep;

/// A call of a payment provider. Repeating it under the same key has no further effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The idempotency key: the same for every call of one step, inquiries included.
    pub key: String,
    /// The payment step that the call is part of.
    pub step: PaymentStep,
    pub ask: Ask,
}

/// The operations of a provider. Tokens are in plain text here and nowhere else, and are never logged.
#[derive(Clone, PartialEq)]
pub enum Ask {
    Authorize {
        /// The amount to authorise.
        amount: Money,
        /// The provider's token for the customer's means of payment.
        token: String,
    },
    /// Captures an authorised amount.
    Capture {
        /// At most what is authorised and not captured yet.
        amount: Money,
        /// The provider's name for the authorisation.
        provider_ref: String,
    },
    /// Releases what is left of an authorisation.
    Void {
        /// The provider's name for the authorisation.
        provider_ref: String,
    },
    /// Refunds a captured amount.
    Refund {
        /// At most what is captured and not refunded yet.
        amount: Money,
        /// The provider's name for the payment.
        provider_ref: String,
    },
    /// Returns the outcome of the earlier call with the same key.
    Inquire,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Authorize { .. } => "authorize",
            Self::Capture { .. } => "capture",
            Self::Void { .. } => "void",
            Self::Refund { .. } => "refund",
            Self::Inquire => "inquire",
        })
    }
}

/// The reasons why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It did not reach the provider: it may be repeated.
    #[error("the call was not sent: {0}")]
    NotSent(String),
    /// It may have taken effect.
    #[error("the call was not answered in time")]
    NotAnswered,
}

#[async_trait]
pub trait PaymentProvider: Send + Sync {
    async fn call(&self, call: &Call) -> Result<ProviderAnswer, CallError>;
}

/// A successful answer to a step of any kind; `authorized` is the one to an authorisation.
pub(super) fn done(step: &PaymentStep, authorized: AuthorizeOutcome) -> ProviderAnswer {
    match step.kind() {
        "capture" => ProviderAnswer::Capture(MoneyOutcome::Done),
        "void" => ProviderAnswer::Void(MoneyOutcome::Done),
        "refund" => ProviderAnswer::Refund(MoneyOutcome::Done),
        _ => ProviderAnswer::Authorize(authorized),
    }
}
