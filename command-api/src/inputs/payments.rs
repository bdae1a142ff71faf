//! Inputs about payments.

use super::rules::{InputSpec, Rule};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Result of the customer's bank authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionOutcome {
    /// The customer confirmed: the amount is authorised.
    Approved,
    /// The customer or the bank refused the payment.
    Refused,
}

/// The result of the customer's bank authentication (3-D Secure).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaymentActionInput {
    /// Whether the payment was confirmed or refused.
    pub outcome: ActionOutcome,
    /// Time until which the authorised amount can be captured (RFC 3339), at most a year from now; only with
    /// APPROVED. Default: seven days from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub authorized_until: Option<String>,
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[InputSpec {
    input: "PaymentActionInput",
    rules: &[("authorizedUntil", Rule::Time)],
    example: Some(|| json!({ "outcome": "APPROVED" })),
}];
