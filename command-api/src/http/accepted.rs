//! The response to an accepted command.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answers::Totals;
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

/// A command that was carried out: now, or by an earlier request with the same key.
// Describes `AcceptedBody`, whose fields beside the first five depend on the command.
// `the_schema_of_an_accepted_command_has_the_fields_of_its_responses` compares the two.
#[derive(ToSchema)]
#[schema(as = Accepted, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the JSON of accepted commands")]
pub(super) struct AcceptedSchema {
    /// Id of the command, for the status query.
    command_id: String,
    /// Id of the object that the command concerned: order, product, category or shipment id, or a SKU.
    id: String,
    /// Global id of the object, as queries answer it.
    global_id: String,
    /// Version of the object's stream after the command.
    version: u64,
    /// Consistency token, `stream@version`, several separated by commas. A query that presents it sees the
    /// command's effects.
    token: String,
    /// Path of the command's status.
    #[schema(example = "/v1/commands/0b3c9a52-3c4f-5d0e-9a55-0f7a1f6f6f10")]
    status_url: String,
    /// Id of the order. Present after `placeOrder`.
    #[schema(nullable = false)]
    order_id: Option<String>,
    /// Order number for people. Present after `placeOrder`.
    #[schema(nullable = false)]
    order_number: Option<String>,
    /// Token that lets a guest read and change the order. Present after `placeOrder`; keep it secret.
    #[schema(nullable = false)]
    guest_token: Option<String>,
    /// Sums of the order. Present after `placeOrder`.
    #[schema(nullable = false)]
    totals: Option<Totals>,
    /// Id of the product. Present after `createProduct` and `addVariant`.
    #[schema(nullable = false)]
    product_id: Option<String>,
    /// Id of the category. Present after `createCategory`.
    #[schema(nullable = false)]
    category_id: Option<String>,
    /// URL name. Present after `createProduct` and `createCategory`.
    #[schema(nullable = false)]
    slug: Option<String>,
    /// SKU of the new variant. Present after `addVariant`.
    #[schema(nullable = false)]
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
