//! What is said about stock.

use schemas::stock::AdjustmentReason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A delivery.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiveInput {
    /// Where.
    #[schema(example = "central")]
    pub location: String,
    /// How many: at least 1.
    pub quantity: u32,
    /// Number of the delivery note or the like: with it a delivery is booked once per SKU and location, under whatever key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A correction: either a `delta` or a `count`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdjustInput {
    /// Where.
    #[schema(example = "central")]
    pub location: String,
    /// So many more; fewer when negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<i64>,
    /// So many are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Why.
    #[schema(value_type = String, pattern = "^(COUNT|DAMAGED|LOST|FOUND|EXPIRED|OTHER)$")]
    pub reason: AdjustmentReason,
}

/// Goods move to another location.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferInput {
    /// From here.
    #[schema(example = "central")]
    pub from: String,
    /// To there.
    #[schema(example = "north")]
    pub to: String,
    /// How many: at least 1.
    pub quantity: u32,
    /// Names the transfer: with it, it happens once per SKU, under whatever key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_id: Option<String>,
}

/// When to warn, and what to keep back, over all locations.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThresholdsInput {
    /// At or below this many available, stock is low; 0: nobody is warned.
    pub low_stock: u32,
    /// Never promised to anybody.
    pub safety_stock: u32,
}
