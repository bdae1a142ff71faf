//! An order's payment. Id: the payment's stream, `payment-{orderId}`.

use serde::{Deserialize, Serialize};

use super::Money;
use crate::port::{Collection, Index};

/// Payments of orders; newest first, by status.
pub static PAYMENTS: Collection = Collection {
    name: "payments",
    shape: 1,
    indexes: &[Index::Field("orderId"), Index::Field("createdAt"), Index::Pair("status", "createdAt")],
};

/// A payment. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// The order that is paid.
    pub order_id: String,
    /// `PENDING`, `ACTION_REQUIRED`, `AUTHORIZED`, `DECLINED`, `PARTIALLY_CAPTURED`, `CAPTURED`, `PARTIALLY_REFUNDED`,
    /// `REFUNDED`, `VOIDED`, `EXPIRED` or `CANCELLED`. `CAPTURED` once nothing more will be taken or everything was.
    pub status: String,
    /// What was asked to be set aside last.
    pub amount: Option<Money>,
    /// Set aside.
    pub authorized: Option<Money>,
    /// Until when it can be taken.
    pub authorized_until: Option<String>,
    /// Taken so far.
    pub captured: Option<Money>,
    /// Given back so far.
    pub refunded: Option<Money>,
    /// Taken back by the customer's bank so far.
    pub charged_back: Option<Money>,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Where the customer confirms, while that is awaited.
    pub action_url: Option<String>,
    /// Why it was declined last, as a code.
    pub decline_code: Option<String>,
    /// How many tries are left, after a decline.
    pub attempts_left: Option<u32>,
    /// No money is wanted any more.
    pub cancelled: bool,
    /// Steps with the provider, oldest first.
    pub steps: Vec<PaymentStep>,
    /// When it began.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A step with the provider: an intent and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentStep {
    /// `authorize:1`, `capture:{shipment}:1` …
    pub step: String,
    /// `authorize`, `capture`, `void` or `refund`.
    pub kind: String,
    /// `REQUESTED`, `ACTION_REQUIRED`, `UNKNOWN`, `SUCCEEDED` or `FAILED`.
    pub state: String,
    /// How much.
    pub amount: Option<Money>,
    /// For which parcel.
    pub shipment_id: Option<String>,
    /// For which refund.
    pub refund_id: Option<String>,
    /// What the provider said, as a code, where it said no.
    pub code: Option<String>,
    /// When it was asked for.
    pub requested_at: String,
    /// When the outcome was known.
    pub settled_at: Option<String>,
}
