//! What is said about payments.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the customer did at the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionOutcome {
    /// They confirmed: the money is set aside.
    Approved,
    /// They did not.
    Refused,
}

/// The customer came back from their bank, or the bank told.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaymentActionInput {
    /// What they did.
    pub outcome: ActionOutcome,
    /// Until when the money can be taken (RFC 3339), if they confirmed; seven days from now where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub authorized_until: Option<String>,
}
