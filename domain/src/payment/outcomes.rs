//! What the provider answers.

use schemas::Timestamp;
use schemas::payment::{DeclineCode, PaymentStep};

/// The outcome of a try to set money aside.
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

/// The outcome of taking money, releasing it or giving it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyOutcome {
    /// It happened.
    Done,
    /// It did not, and will not under this key. `AUTHORIZATION_EXPIRED` of a capture means that the authorisation has expired.
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
    /// An unknown outcome, for any kind of step. `None`: the step is of no known kind.
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
