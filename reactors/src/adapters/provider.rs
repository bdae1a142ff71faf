//! The payment provider's port.

use async_trait::async_trait;
use domain::payment::provider::{AuthorizeOutcome, MoneyOutcome, ProviderAnswer};
use schemas::Money;
use schemas::payment::PaymentStep;

/// A call of a payment provider. Whatever it asks, repeating it under the same key changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The idempotency key: the same for every call of one step, inquiries included.
    pub key: String,
    /// The step.
    pub step: PaymentStep,
    /// What is asked.
    pub ask: Ask,
}

/// What a provider can be asked. Tokens are plain here and nowhere else; they are never logged.
#[derive(Clone, PartialEq)]
pub enum Ask {
    /// Set money aside.
    Authorize {
        /// How much.
        amount: Money,
        /// The provider's token for the customer's means of payment.
        token: String,
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

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It surely never reached the other side: it may be made again.
    #[error("the call was not sent: {0}")]
    NotSent(String),
    /// It may have had its effect.
    #[error("the call was not answered in time")]
    NotAnswered,
}

/// A payment provider.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Makes one call.
    async fn call(&self, call: &Call) -> Result<ProviderAnswer, CallError>;
}

/// "It happened", for whatever kind of step this is; `authorized` says what an authorisation would answer.
pub(super) fn done(step: &PaymentStep, authorized: AuthorizeOutcome) -> ProviderAnswer {
    match step.kind() {
        "capture" => ProviderAnswer::Capture(MoneyOutcome::Done),
        "void" => ProviderAnswer::Void(MoneyOutcome::Done),
        "refund" => ProviderAnswer::Refund(MoneyOutcome::Done),
        _ => ProviderAnswer::Authorize(authorized),
    }
}
