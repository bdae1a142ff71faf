//! Inputs about stock.

use super::rules::{InputSpec, LOCATION, Rule, SOME, names};
use domain::stock::{MOST, REFERENCE};
use schemas::stock::AdjustmentReason;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// A delivery of goods to one location.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiveInput {
    /// Name of the location: 1 to 32 lower-case letters, digits or dashes.
    #[schema(example = "central")]
    pub location: String,
    /// Number of units received, at least 1.
    pub quantity: u32,
    /// Number of the delivery note, 1 to 200 characters. A delivery with a reference is booked only once per SKU and
    /// location, whatever the Idempotency-Key; the same reference with another quantity is refused. The latest 200 of
    /// the SKU are known. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A stock correction: exactly one of `delta` and `count`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdjustInput {
    /// Name of the location whose stock is corrected.
    #[schema(example = "central")]
    pub location: String,
    /// Change in units; negative to remove stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<i64>,
    /// Counted number of units; replaces the number on hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Reason for the correction.
    #[schema(value_type = String)]
    pub reason: AdjustmentReason,
}

/// A transfer of goods between two locations.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferInput {
    /// Name of the location that the goods leave.
    #[schema(example = "central")]
    pub from: String,
    /// Name of the location that the goods move to.
    #[schema(example = "north")]
    pub to: String,
    /// Number of units to move, at least 1.
    pub quantity: u32,
    /// Id of the transfer, 1 to 200 characters. A transfer with an id is booked only once per SKU, whatever the
    /// Idempotency-Key; the same id with another quantity or location is refused. The latest 200 of the SKU are known.
    /// Default: derived from the Idempotency-Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_id: Option<String>,
}

/// Stock thresholds of a SKU, in units across all locations.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThresholdsInput {
    /// At or below this available quantity, stock is low. 0 switches the warning off.
    pub low_stock: u32,
    /// Units that are kept back and never offered for sale.
    pub safety_stock: u32,
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[
    InputSpec {
        input: "ReceiveInput",
        rules: &[("location", LOCATION), ("quantity", SOME), ("reference", Rule::Line(REFERENCE))],
        example: Some(|| json!({ "location": "central", "quantity": 20, "reference": "DN-2048" })),
    },
    InputSpec {
        input: "AdjustInput",
        rules: &[
            ("location", LOCATION),
            ("delta", Rule::Number(-(MOST as i64), MOST as i64)),
            ("count", Rule::Number(0, MOST as i64)),
            ("reason", Rule::OneOf(names::<AdjustmentReason>)),
        ],
        example: Some(|| json!({ "location": "central", "delta": -1, "reason": "DAMAGED" })),
    },
    InputSpec {
        input: "TransferInput",
        rules: &[
            ("from", LOCATION),
            ("to", LOCATION),
            ("quantity", SOME),
            ("transferId", Rule::Line(REFERENCE)),
        ],
        example: Some(|| json!({ "from": "central", "to": "north", "quantity": 2 })),
    },
    InputSpec {
        input: "ThresholdsInput",
        rules: &[("lowStock", Rule::Number(0, MOST as i64)), ("safetyStock", Rule::Number(0, MOST as i64))],
        example: Some(|| json!({ "lowStock": 5, "safetyStock": 1 })),
    },
];
