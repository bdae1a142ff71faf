//! Events of an order's payment. Each step with the provider is an intent followed by an outcome. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{Money, OrderId, Sealed, ShipmentId, Timestamp};

event_set! {
    /// All events of a payment.
    PaymentEvent of "payment" {
        PaymentRequested, PaymentActionRequired, PaymentAuthorized, PaymentDeclined,
        PaymentCaptureRequested, PaymentCaptured, PaymentCaptureFailed,
        PaymentVoidRequested, PaymentVoided, PaymentVoidFailed, PaymentRemainderReleased,
        RefundRequested, RefundSucceeded, RefundFailed,
        PaymentCancelled, LatePaymentDetected, PaymentAuthorizationExpired,
        PaymentOutcomeUnknown, PaymentInquiryRequested, ChargebackReceived,
    }
}

/// Reason for which the payment provider declined a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeclineCode {
    /// The bank declined without giving a reason.
    Declined,
    /// The account does not have sufficient funds.
    InsufficientFunds,
    /// The card or account is no longer valid.
    Expired,
    /// The customer did not confirm the payment.
    ActionFailed,
    /// The provider suspects fraud. Do not retry.
    Fraud,
    /// The provider does not know the token.
    InvalidToken,
    /// The token can no longer be decrypted because the customer's personal data was erased.
    TokenErased,
}

impl DeclineCode {
    /// Whether a payment with another token may succeed.
    pub fn retryable(self) -> bool {
        !matches!(self, Self::Fraud | Self::TokenErased)
    }
}

impl std::fmt::Display for DeclineCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Declined => "no reason given",
            Self::InsufficientFunds => "insufficient funds",
            Self::Expired => "payment method expired",
            Self::ActionFailed => "not confirmed by the customer",
            Self::Fraud => "suspected fraud",
            Self::InvalidToken => "unknown token",
            Self::TokenErased => "personal data erased",
        })
    }
}

/// A step with the payment provider, for example `authorize:1`, `capture:<shipmentId>:1`, `void:1` or
/// `refund:<refundId>:1`. Every call for one step carries the same idempotency key, so the step takes effect at most
/// once. The number increases only after the provider definitely refused the step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PaymentStep(String);

impl PaymentStep {
    /// Authorisation number `attempt`, from 1.
    pub fn authorize(attempt: u32) -> Self {
        Self(format!("authorize:{attempt}"))
    }

    /// Capture of the amount for a parcel; `attempt` counts from 1.
    pub fn capture(shipment: ShipmentId, attempt: u32) -> Self {
        Self(format!("capture:{shipment}:{attempt}"))
    }

    /// Void of the authorisation with number `attempt`.
    pub fn void(attempt: u32) -> Self {
        Self(format!("void:{attempt}"))
    }

    /// Refund `refund`; `attempt` counts from 1.
    pub fn refund(refund: &str, attempt: u32) -> Self {
        Self(format!("refund:{refund}:{attempt}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of step: `authorize`, `capture`, `void` or `refund`.
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
            /// Order that is paid; also identifies the payment.
            pub order_id: OrderId,
            $($(#[$fdoc])* pub $field: $type,)*
        }
        event_body!($name, |$this| $summary);
    };
}

payment_event!(
    /// Intent: authorise the amount at the customer's bank.
    PaymentRequested {
        /// Authorisation step with the provider, for example `authorize:1`.
        step: PaymentStep,
        /// Number of the payment attempt, from 1.
        attempt: u32,
        /// Amount to authorise: the order's grand total, or the part still to be captured.
        amount: Money,
        /// Payment provider's token, sealed. The plaintext is a JSON string.
        payment_token: Sealed,
    } |e| format!("Authorisation of {} requested", e.amount)
);
payment_event!(
    /// The customer must confirm the payment at the bank (3-D Secure).
    PaymentActionRequired {
        /// Authorisation step that waits for the customer.
        step: PaymentStep,
        /// URL at which the customer confirms the payment.
        action_url: String,
        /// Provider's reference of the payment.
        provider_ref: String,
    } |_e| "The customer must confirm the payment".to_owned()
);
payment_event!(
    /// Outcome: the amount is authorised and can be captured.
    PaymentAuthorized {
        /// Authorisation step that succeeded.
        step: PaymentStep,
        /// Amount that was authorised.
        amount: Money,
        /// Provider's reference of the authorisation.
        provider_ref: String,
        /// Last instant at which the amount can be captured.
        authorized_until: Timestamp,
    } |e| format!("{} authorised until {}", e.amount, e.authorized_until)
);
payment_event!(
    /// Outcome: the authorisation was declined.
    PaymentDeclined {
        /// Authorisation step that was declined.
        step: PaymentStep,
        /// Reason for the decline.
        code: DeclineCode,
        /// True if a payment with another token may succeed.
        retryable: bool,
        /// Number of payment attempts that the customer has left.
        attempts_left: u32,
    } |e| format!("Payment declined: {}", e.code)
);
payment_event!(
    /// Intent: capture the amount for a parcel.
    PaymentCaptureRequested {
        /// Capture step with the provider, for example `capture:<shipmentId>:1`.
        step: PaymentStep,
        /// Parcel that the amount is captured for.
        shipment_id: ShipmentId,
        /// Amount to capture for the parcel.
        amount: Money,
        /// Provider's reference of the authorisation.
        provider_ref: String,
    } |e| format!("Capture of {} requested", e.amount)
);
payment_event!(
    /// Outcome: the amount for a parcel was captured.
    PaymentCaptured {
        /// Capture step that succeeded.
        step: PaymentStep,
        /// Parcel that the amount was captured for.
        shipment_id: ShipmentId,
        /// Amount captured in this step.
        amount: Money,
        /// Amount captured for the order so far, including this one.
        captured: Money,
    } |e| format!("{} captured", e.amount)
);
payment_event!(
    /// Outcome: the amount for a parcel could not be captured.
    PaymentCaptureFailed {
        /// Capture step that failed.
        step: PaymentStep,
        /// Parcel that the amount was to be captured for.
        shipment_id: ShipmentId,
        /// Amount that was to be captured.
        amount: Money,
        /// Reason as a code: the provider's own, or one of Chorale's such as `AUTHORIZATION_EXPIRED`.
        code: String,
    } |e| format!("Capture of {} failed: {}", e.amount, e.code)
);
payment_event!(
    /// Intent: void the authorisation.
    PaymentVoidRequested {
        /// Void step with the provider, for example `void:1`.
        step: PaymentStep,
        /// Amount that is authorised.
        amount: Money,
        /// Provider's reference of the authorisation.
        provider_ref: String,
    } |e| format!("Void of {} requested", e.amount)
);
payment_event!(
    /// Outcome: the authorisation was voided.
    PaymentVoided {
        /// Void step that succeeded.
        step: PaymentStep,
        /// Amount that is no longer authorised.
        amount: Money,
    } |e| format!("Authorisation of {} voided", e.amount)
);
payment_event!(
    /// Outcome: the authorisation could not be voided. It expires on its own.
    PaymentVoidFailed {
        /// Void step that failed.
        step: PaymentStep,
        /// Provider's reason as a code.
        code: String,
    } |e| format!("Void failed: {}", e.code)
);
payment_event!(
    /// The part of the authorisation that no parcel needs was released.
    PaymentRemainderReleased {
        /// Amount that was released.
        amount: Money,
    } |e| format!("Remainder of {} released", e.amount)
);
payment_event!(
    /// Intent: refund an amount to the customer.
    RefundRequested {
        /// Refund step with the provider, for example `refund:<refundId>:1`.
        step: PaymentStep,
        /// Identifies the refund within the payment. The refund of a parcel has the parcel's id.
        refund_id: String,
        /// Amount to refund to the customer.
        amount: Money,
        /// Provider's reference of the payment to refund.
        provider_ref: String,
    } |e| format!("Refund of {} requested", e.amount)
);
payment_event!(
    /// Outcome: the amount was refunded.
    RefundSucceeded {
        /// Refund step that succeeded.
        step: PaymentStep,
        /// Identifies the refund within the payment. The refund of a parcel has the parcel's id.
        refund_id: String,
        /// Amount of this refund.
        amount: Money,
        /// Amount refunded for the order so far, including this refund.
        refunded: Money,
    } |e| format!("{} refunded", e.amount)
);
payment_event!(
    /// Outcome: the amount could not be refunded.
    RefundFailed {
        /// Refund step that failed.
        step: PaymentStep,
        /// Identifies the refund within the payment. The refund of a parcel has the parcel's id.
        refund_id: String,
        /// Amount that was to be refunded.
        amount: Money,
        /// Reason as a code: the provider's own, or one of Chorale's such as `EXCEEDS_CAPTURED`.
        code: String,
    } |e| format!("Refund of {} failed: {}", e.amount, e.code)
);
payment_event!(
    /// The order ended, so the payment is no longer needed: any authorisation is voided and captured amounts are
    /// refunded. May be the first event of the stream.
    PaymentCancelled {
    } |_e| "Payment no longer needed".to_owned()
);
payment_event!(
    /// The payment was authorised after the order had ended. The authorisation is voided.
    LatePaymentDetected {
        /// Amount that was authorised.
        amount: Money,
    } |e| format!("{} authorised after the order had ended", e.amount)
);
payment_event!(
    /// The authorisation expired: the amount can no longer be captured.
    PaymentAuthorizationExpired {
        /// Authorisation step that had succeeded.
        step: PaymentStep,
        /// Amount that had been authorised.
        amount: Money,
    } |e| format!("Authorisation of {} expired", e.amount)
);
payment_event!(
    /// The outcome of a step is unknown, for example after a timeout. The provider is asked for it before anything is
    /// retried.
    PaymentOutcomeUnknown {
        /// Step whose outcome is unknown.
        step: PaymentStep,
        /// Instant at which the provider will be asked.
        ask_at: Timestamp,
    } |e| format!("Outcome of {} unknown, inquiry at {}", e.step, e.ask_at)
);
payment_event!(
    /// Intent: ask the provider for the outcome of a step.
    PaymentInquiryRequested {
        /// Step whose outcome is unknown.
        step: PaymentStep,
        /// Number of earlier inquiries about this step; 0 for the first.
        asked: u32,
    } |e| format!("Inquiry about the outcome of {} requested", e.step)
);
payment_event!(
    /// The customer's bank reclaimed the amount (chargeback).
    ChargebackReceived {
        /// Amount that the bank reclaimed.
        amount: Money,
        /// Provider's reference of the dispute.
        provider_ref: String,
    } |e| format!("Chargeback of {} received", e.amount)
);
