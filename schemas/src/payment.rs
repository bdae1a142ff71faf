//! Events of an order's payment. Each step with the provider is an intent followed by an outcome. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{Money, OrderId, Sealed, ShipmentId, Timestamp};

event_set! {
    /// What happens to a payment.
    PaymentEvent of "payment" {
        PaymentRequested, PaymentActionRequired, PaymentAuthorized, PaymentDeclined,
        PaymentCaptureRequested, PaymentCaptured, PaymentCaptureFailed,
        PaymentVoidRequested, PaymentVoided, PaymentVoidFailed, PaymentRemainderReleased,
        RefundRequested, RefundSucceeded, RefundFailed,
        PaymentCancelled, LatePaymentDetected, PaymentAuthorizationExpired,
        PaymentOutcomeUnknown, PaymentInquiryRequested, ChargebackReceived,
    }
}

/// Why a provider said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeclineCode {
    /// The bank says no without a reason.
    Declined,
    /// Not enough money.
    InsufficientFunds,
    /// The card or account is not valid any more.
    Expired,
    /// The customer did not confirm.
    ActionFailed,
    /// It looks like fraud: do not try again.
    Fraud,
    /// The token means nothing to the provider.
    InvalidToken,
    /// The token cannot be opened any more, because the customer's data was erased.
    TokenErased,
}

impl DeclineCode {
    /// Whether another token may do.
    pub fn retryable(self) -> bool {
        !matches!(self, Self::Fraud | Self::TokenErased)
    }
}

impl std::fmt::Display for DeclineCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Declined => "declined",
            Self::InsufficientFunds => "insufficient funds",
            Self::Expired => "expired",
            Self::ActionFailed => "not confirmed by the customer",
            Self::Fraud => "suspected fraud",
            Self::InvalidToken => "unknown token",
            Self::TokenErased => "personal data erased",
        })
    }
}

/// A step with the provider. Every call of one step carries the same idempotency key, so it happens at most once. A step
/// is repeated under a new number only after a definite no.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PaymentStep(String);

impl PaymentStep {
    /// Setting money aside, the `attempt`th time (from 1).
    pub fn authorize(attempt: u32) -> Self {
        Self(format!("authorize:{attempt}"))
    }

    /// Taking the money for a parcel, the `attempt`th time (from 1).
    pub fn capture(shipment: ShipmentId, attempt: u32) -> Self {
        Self(format!("capture:{shipment}:{attempt}"))
    }

    /// Letting the money go that authorisation `attempt` set aside.
    pub fn void(attempt: u32) -> Self {
        Self(format!("void:{attempt}"))
    }

    /// Giving money back, the `attempt`th time (from 1).
    pub fn refund(refund: &str, attempt: u32) -> Self {
        Self(format!("refund:{refund}:{attempt}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `authorize`, `capture`, `void` or `refund`.
    pub fn kind(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

impl std::fmt::Display for PaymentStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! payment_event {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* } |$this:ident| $summary:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// The order that is paid, which is also the payment's id.
            pub order_id: OrderId,
            $($(#[$fdoc])* pub $field: $type,)*
        }
        event_body!($name, |$this| $summary);
    };
}

payment_event!(
    /// Intent: money is to be set aside.
    PaymentRequested {
        /// The step.
        step: PaymentStep,
        /// The number of the try, from 1.
        attempt: u32,
        /// How much.
        amount: Money,
        /// The provider's token, sealed.
        payment_token: Sealed,
    } |e| format!("Authorisation of {} requested", e.amount)
);
payment_event!(
    /// The customer has to confirm at their bank.
    PaymentActionRequired {
        /// The step.
        step: PaymentStep,
        /// Where the customer confirms.
        action_url: String,
        /// The provider's name for the payment.
        provider_ref: String,
    } |_e| "The customer has to confirm the payment".to_owned()
);
payment_event!(
    /// Outcome: the money is set aside.
    PaymentAuthorized {
        /// The step.
        step: PaymentStep,
        /// How much.
        amount: Money,
        /// The provider's name for it.
        provider_ref: String,
        /// Until when it can be taken.
        authorized_until: Timestamp,
    } |e| format!("{} authorised until {}", e.amount, e.authorized_until)
);
payment_event!(
    /// Outcome: no.
    PaymentDeclined {
        /// The step.
        step: PaymentStep,
        /// Why.
        code: DeclineCode,
        /// Whether another token may be tried.
        retryable: bool,
        /// How many tries are left.
        attempts_left: u32,
    } |e| format!("Declined: {}", e.code)
);
payment_event!(
    /// Intent: the money for a parcel is to be taken.
    PaymentCaptureRequested {
        /// The step.
        step: PaymentStep,
        /// The parcel.
        shipment_id: ShipmentId,
        /// How much.
        amount: Money,
        /// The provider's name for the authorisation.
        provider_ref: String,
    } |e| format!("Capture of {} requested", e.amount)
);
payment_event!(
    /// Outcome: the money for a parcel was taken.
    PaymentCaptured {
        /// The step.
        step: PaymentStep,
        /// The parcel.
        shipment_id: ShipmentId,
        /// How much.
        amount: Money,
        /// How much in all.
        captured: Money,
    } |e| format!("{} captured", e.amount)
);
payment_event!(
    /// Outcome: the money for a parcel cannot be taken.
    PaymentCaptureFailed {
        /// The step.
        step: PaymentStep,
        /// The parcel.
        shipment_id: ShipmentId,
        /// How much.
        amount: Money,
        /// What the provider said, as a code.
        code: String,
    } |e| format!("Capture of {} failed: {}", e.amount, e.code)
);
payment_event!(
    /// Intent: the money is to be let go.
    PaymentVoidRequested {
        /// The step.
        step: PaymentStep,
        /// How much was set aside.
        amount: Money,
        /// The provider's name for the authorisation.
        provider_ref: String,
    } |e| format!("Letting go of {} requested", e.amount)
);
payment_event!(
    /// Outcome: the money was let go.
    PaymentVoided {
        /// The step.
        step: PaymentStep,
        /// How much.
        amount: Money,
    } |e| format!("{} let go", e.amount)
);
payment_event!(
    /// Outcome: the money could not be let go; it will lapse by itself.
    PaymentVoidFailed {
        /// The step.
        step: PaymentStep,
        /// What the provider said, as a code.
        code: String,
    } |e| format!("Letting go failed: {}", e.code)
);
payment_event!(
    /// What no parcel will need any more was let go with the last capture.
    PaymentRemainderReleased {
        /// How much.
        amount: Money,
    } |e| format!("Remainder of {} let go", e.amount)
);
payment_event!(
    /// Intent: money is to be given back.
    RefundRequested {
        /// The step.
        step: PaymentStep,
        /// Which refund.
        refund_id: String,
        /// How much.
        amount: Money,
        /// The provider's name for the payment.
        provider_ref: String,
    } |e| format!("Refund of {} requested", e.amount)
);
payment_event!(
    /// Outcome: money was given back.
    RefundSucceeded {
        /// The step.
        step: PaymentStep,
        /// Which refund.
        refund_id: String,
        /// How much.
        amount: Money,
        /// How much in all.
        refunded: Money,
    } |e| format!("{} refunded", e.amount)
);
payment_event!(
    /// Outcome: money could not be given back.
    RefundFailed {
        /// The step.
        step: PaymentStep,
        /// Which refund.
        refund_id: String,
        /// How much.
        amount: Money,
        /// What the provider said, as a code.
        code: String,
    } |e| format!("Refund of {} failed: {}", e.amount, e.code)
);
payment_event!(
    /// The order is over, so no money is wanted: whatever is authorised from now on is let go. May be the first event.
    PaymentCancelled {
    } |_e| "No payment is wanted any more".to_owned()
);
payment_event!(
    /// The money was set aside after the order was over.
    LatePaymentDetected {
        /// How much.
        amount: Money,
    } |e| format!("{} authorised too late", e.amount)
);
payment_event!(
    /// The money is not set aside any more.
    PaymentAuthorizationExpired {
        /// The step that had set it aside.
        step: PaymentStep,
        /// How much.
        amount: Money,
    } |e| format!("Authorisation of {} expired", e.amount)
);
payment_event!(
    /// The provider did not say what became of a step. It is asked, never called again blindly.
    PaymentOutcomeUnknown {
        /// The step.
        step: PaymentStep,
        /// When it is asked.
        ask_at: Timestamp,
    } |e| format!("Outcome of {} unknown, asking at {}", e.step, e.ask_at)
);
payment_event!(
    /// Intent: the provider is to be asked what became of a step.
    PaymentInquiryRequested {
        /// The step.
        step: PaymentStep,
        /// How often it has been asked before.
        asked: u32,
    } |e| format!("Provider asked what became of {}", e.step)
);
payment_event!(
    /// The customer's bank took the money back.
    ChargebackReceived {
        /// How much.
        amount: Money,
        /// The provider's name for the dispute.
        provider_ref: String,
    } |e| format!("Chargeback of {}", e.amount)
);
