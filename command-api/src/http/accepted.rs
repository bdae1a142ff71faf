//! The response to an accepted command.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::problem::REPLAYED;
use super::route::{Creates, RouteSpec};
use crate::accepted::Accepted;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedBody {
    #[serde(flatten)]
    accepted: Accepted,
    status_url: String,
}

/// The response to a command that was accepted, now or when it first arrived.
// Describes `AcceptedBody`, whose fields beside the first five depend on the command.
// `the_schema_of_an_accepted_command_has_the_fields_of_its_responses` compares the two.
#[derive(ToSchema)]
#[schema(as = Accepted, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the JSON of accepted commands")]
pub(super) struct AcceptedSchema {
    /// The command's id: derived from the caller and the Idempotency-Key, so that a retry has the same.
    command_id: String,
    /// Id of the order, product, category or parcel that the command is about, or the SKU of its stock item.
    id: String,
    /// The version of the stream after the command. A replayed response has the version of the first one.
    version: u64,
    /// Consistency token: `stream@version`, several separated by commas. A query that presents it sees at least these
    /// versions.
    token: String,
    /// Path of the command's outcome.
    #[schema(example = "/v1/commands/0b3c9a52-3c4f-5d0e-9a55-0f7a1f6f6f10")]
    status_url: String,
    /// Id of the order that was placed.
    order_id: Option<String>,
    /// Number of the order that was placed, for people: `10-000042`.
    order_number: Option<String>,
    /// Gives a guest access to the order that was placed. Only this response contains it.
    guest_token: Option<String>,
    /// Totals of the order that was placed: subtotal, discount, shipping, tax and grand.
    #[schema(value_type = Option<Object>)]
    totals: Option<Value>,
    /// Id of the product that was created or got a variant.
    product_id: Option<String>,
    /// Id of the category that was created.
    category_id: Option<String>,
    /// Last part of the URL of the product or category that was created.
    slug: Option<String>,
    /// SKU of the variant that was added.
    sku: Option<String>,
}

/// The response to a command that was accepted. `path`: of its request.
pub(super) fn response_for(route: &RouteSpec, path: &str, accepted: Accepted) -> Response {
    let created = match route.creates {
        Creates::Nothing => None,
        Creates::ById => Some(accepted.id.clone()),
        Creates::BySku => accepted.answer.get("sku").and_then(Value::as_str).map(str::to_owned),
    };
    let status = if created.is_some() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let replayed = accepted.replayed;
    let status_url = format!("/v1/commands/{}", accepted.command_id);
    let location = created.map_or_else(|| status_url.clone(), |created| format!("{path}/{created}"));
    let mut response = (status, Json(AcceptedBody { accepted, status_url })).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
