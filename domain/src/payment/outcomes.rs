//! Answers of the payment provider.

use schemas::Timestamp;
use schemas::payment::{DeclineCode, PaymentStep};

/// The outcome of an authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeOutcome {
    /// The amount is authorised.
    Authorized {
        provider_ref: String,
        /// Last instant at which the amount can be captured.
        authorized_until: Timestamp,
    },
    /// The customer must confirm at the bank.
    ActionRequired {
        action_url: String,
        provider_ref: String,
    },
    Declined {
        code: DeclineCode,
    },
    /// The provider does not know the call. Only an inquiry has this outcome.
    NeverArrived,
    /// No answer, or an inconclusive one.
    Unknown,
}

/// The outcome of a capture, a void or a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyOutcome {
    Done,
    /// It has failed, and will fail again with this key. `AUTHORIZATION_EXPIRED` of a capture means that the
    /// authorisation has expired.
    Failed {
        /// The provider's reason as a code.
        code: String,
    },
    /// The provider does not know the call. Only an inquiry has this outcome.
    NeverArrived,
    /// No answer, or an inconclusive one.
    Unknown,
}

/// The provider's answer, by kind of step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderAnswer {
    Authorize(AuthorizeOutcome),
    Capture(MoneyOutcome),
    Void(MoneyOutcome),
    Refund(MoneyOutcome),
}

impl ProviderAnswer {
    /// An unknown outcome, for any kind of step. `None`: the kind of step is unknown.
    pub fn unknown(step: &PaymentStep) -> Option<Self> {
        match step.kind() {
            "authorize" => Some(Self::Authorize(AuthorizeOutcome::Unknown)),
            "capture" => Some(Self::Capture(MoneyOutcome::Unknown)),
            "void" => Some(Self::Void(MoneyOutcome::Unknown)),
            "refund" => Some(Self::Refund(MoneyOutcome::Unknown)),
            _ => None,
        }
    }

    /// The kind of step that it answers.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Authorize(_) => "authorize",
            Self::Capture(_) => "capture",
            Self::Void(_) => "void",
            Self::Refund(_) => "refund",
        }
    }
}
