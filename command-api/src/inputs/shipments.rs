//! Inputs about shipments. Timestamps are RFC 3339.

use super::rules::{CARRIER_TEXT, InputSpec, Rule};
use domain::shipment::MOST_ATTEMPTS;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// The handover of a parcel to the carrier.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DispatchInput {
    /// Estimated time of arrival (RFC 3339), not past and at most a year from now. Default: three days from now; one day for EXPRESS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub eta: Option<String>,
}

/// A tracking update of the carrier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackingInput {
    /// Status in the carrier's words, 1 to 200 characters.
    pub status: String,
    /// Place where the parcel was seen, at most 200 characters; never a private address. Default: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// New estimated time of arrival (RFC 3339), not past and at most a year from now. Default: unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub eta: Option<String>,
}

/// A failed delivery attempt.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryAttemptInput {
    /// Number of the attempt, 1 to 100. A known number with another reason is refused. Default: the next number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Reason given by the carrier, 1 to 200 characters; never personal data.
    pub reason: String,
}

/// The delivery of a parcel.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveredInput {
    /// Time of delivery (RFC 3339), between the recorded dispatch and now. Default: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub delivered_at: Option<String>,
}

/// The loss of a parcel.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LostInput {
    /// What is known about the loss, at most 200 characters; never personal data. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[
    InputSpec { input: "DispatchInput", rules: &[("eta", Rule::Time)], example: Some(|| json!({})) },
    InputSpec {
        input: "TrackingInput",
        rules: &[
            ("status", Rule::Line(CARRIER_TEXT)),
            ("place", Rule::Line(CARRIER_TEXT)),
            ("eta", Rule::Time),
        ],
        example: Some(|| json!({ "status": "In transit", "place": "Hub Leipzig" })),
    },
    InputSpec {
        input: "DeliveryAttemptInput",
        rules: &[("attempt", Rule::Number(1, MOST_ATTEMPTS as i64)), ("reason", Rule::Line(CARRIER_TEXT))],
        example: Some(|| json!({ "reason": "Recipient not at home" })),
    },
    InputSpec { input: "DeliveredInput", rules: &[("deliveredAt", Rule::Time)], example: Some(|| json!({})) },
    InputSpec {
        input: "LostInput",
        rules: &[("reason", Rule::Line(CARRIER_TEXT))],
        example: Some(|| json!({ "reason": "Not seen since the hub" })),
    },
];
