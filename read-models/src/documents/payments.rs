//! An order's payment. Id: the payment's stream, `payment-{orderId}`.

use serde::{Deserialize, Serialize};

use super::Money;
use crate::port::{Collection, Index, Streams};

/// Indexes: payments of orders; by status, newest first.
pub static PAYMENTS: Collection = Collection {
    name: "payments",
    shape: 1,
    streams: Streams::Entity("payment"),
    hot: false,
    indexes: &[Index::Field("orderId"), Index::Field("createdAt"), Index::Pair("status", "createdAt")],
};

/// A payment. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    pub order_id: String,
    /// `PENDING`, `ACTION_REQUIRED`, `AUTHORIZED`, `DECLINED`, `PARTIALLY_CAPTURED`, `CAPTURED`, `PARTIALLY_REFUNDED`,
    /// `REFUNDED`, `VOIDED`, `EXPIRED` or `CANCELLED`. `CAPTURED` once the whole amount, or all that ever will be, is captured.
    pub status: String,
    /// Amount of the last authorization request.
    pub amount: Option<Money>,
    /// Amount authorized.
    pub authorized: Option<Money>,
    /// Until when it can be captured.
    pub authorized_until: Option<String>,
    /// Total so far.
    pub captured: Option<Money>,
    /// Total so far.
    pub refunded: Option<Money>,
    /// Charged back by the customer's bank so far.
    pub charged_back: Option<Money>,
    /// The provider's id of the payment.
    pub provider_ref: Option<String>,
    /// URL at which the customer confirms; `None` unless that is pending.
    pub action_url: Option<String>,
    /// Code of the last decline.
    pub decline_code: Option<String>,
    /// Attempts that remain after a decline.
    pub attempts_left: Option<u32>,
    /// The payment is no longer needed.
    pub cancelled: bool,
    /// Oldest first.
    pub steps: Vec<PaymentStep>,
    /// When it began.
    pub created_at: String,
    pub updated_at: String,
}

/// A request to the payment provider and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentStep {
    /// `authorize:1`, `capture:{shipment}:1` …
    pub step: String,
    /// `authorize`, `capture`, `void` or `refund`.
    pub kind: String,
    /// `REQUESTED`, `ACTION_REQUIRED`, `UNKNOWN`, `SUCCEEDED` or `FAILED`.
    pub state: String,
    pub amount: Option<Money>,
    /// Only for captures.
    pub shipment_id: Option<String>,
    /// Only for refunds.
    pub refund_id: Option<String>,
    /// The provider's code of a refusal.
    pub code: Option<String>,
    pub requested_at: String,
    /// `None` before the outcome is known.
    pub settled_at: Option<String>,
}
