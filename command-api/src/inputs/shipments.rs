//! What is said about parcels. Instants are RFC 3339.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The carrier takes the parcel.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DispatchInput {
    /// When it should arrive; three days from now (one, when express) where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub eta: Option<String>,
}

/// The carrier saw the parcel.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackingInput {
    /// What the carrier says: 1 to 200 characters.
    pub status: String,
    /// Where it was seen: a place, never somebody's address. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// When it should arrive, if that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub eta: Option<String>,
}

/// Nobody took the parcel.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveryAttemptInput {
    /// The number of the try, from 1; the next, where the carrier does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What the carrier says: 1 to 200 characters, never personal data.
    pub reason: String,
}

/// The parcel arrived.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliveredInput {
    /// When; now, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub delivered_at: Option<String>,
}

/// The parcel is lost.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LostInput {
    /// What is known: at most 200 characters, never personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
