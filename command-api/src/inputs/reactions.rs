//! Inputs about parked reactions.

use super::rules::{InputSpec, REACTOR, Rule, STREAM, contexts};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// The parked reaction to try again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedriveInput {
    /// Name of the context whose log holds the reaction. The refusal of an unknown name lists all names.
    #[schema(example = "inventory")]
    pub context: String,
    /// Name of the reactor that gave up, 1 to 100 characters.
    pub reactor: String,
    /// Id of the stream whose events wait, 1 to 200 characters.
    #[schema(example = "order-0198c6f2-0000-7000-8000-000000000000")]
    pub stream: String,
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[InputSpec {
    input: "RedriveInput",
    rules: &[
        ("context", Rule::OneOf(contexts)),
        ("reactor", Rule::Line(REACTOR)),
        ("stream", Rule::Line(STREAM)),
    ],
    example: Some(|| {
        json!({
            "context": "inventory",
            "reactor": "inventory-reservations",
            "stream": "order-0198c6f2-0000-7000-8000-000000000000"
        })
    }),
}];
