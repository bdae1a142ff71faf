//! Reading a GraphQL request from an HTTP request.

use async_graphql::Variables;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

/// A GraphQL request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphqlRequest {
    /// The document.
    pub(super) query: String,
    /// Which operation of the document to execute.
    pub(super) operation_name: Option<String>,
    #[serde(default)]
    pub(super) variables: Option<Variables>,
    /// The consistency token in the header.
    #[serde(skip)]
    pub(super) consistency: Option<String>,
    /// Whether the client accepts [`GRAPHQL_RESPONSE`].
    #[serde(skip)]
    pub(super) graphql_response: bool,
    /// Whether the client asks for [`EVENT_STREAM`].
    #[serde(skip)]
    pub(super) event_stream: bool,
}

/// Why an HTTP request is not a GraphQL request.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

fn unreadable(status: StatusCode, code: &'static str, message: impl Into<String>) -> Unreadable {
    Unreadable { status, code, message: message.into() }
}

/// The header that carries a consistency token.
const TOKEN: &str = "x-consistency-token";
/// The media type whose responses have meaningful HTTP statuses.
pub(super) const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

/// The media type of answers that follow each other.
const EVENT_STREAM: &str = "text/event-stream";

/// Reads a GraphQL request. `max_body`, in bytes, is enforced by the API's layers and named in the error.
pub(super) async fn read(request: Request, max_body: usize) -> Result<GraphqlRequest, Unreadable> {
    let headers = request.headers();
    if !is_json(headers) {
        return Err(unreadable(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "send the query as JSON, with content-type application/json",
        ));
    }
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let graphql_response = accepted.is_some_and(|accepted| accepted.contains(GRAPHQL_RESPONSE));
    let event_stream = accepted.is_some_and(|accepted| accepted.contains(EVENT_STREAM));
    let consistency = match headers.get(TOKEN).map(|value| value.to_str()) {
        None => None,
        Some(Ok(token)) => Some(token.to_owned()),
        // Not ASCII: the parser of tokens refuses it.
        Some(Err(_)) => Some("?".to_owned()),
    };
    let malformed = |message: String| unreadable(StatusCode::BAD_REQUEST, "MALFORMED", message);
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => unreadable(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            format!("a query may have at most {max_body} bytes"),
        ),
        _ => malformed("the body could not be received".to_owned()),
    })?;
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(malformed("send one query at a time: batches are not supported".to_owned()));
    }
    let request: GraphqlRequest = serde_json::from_slice(&bytes).map_err(|error| {
        // The position only: the message of serde may contain parts of the query.
        let place = format!("line {} column {}", error.line(), error.column());
        malformed(format!(
            "the body is not {{\"query\": text, \"variables\": object, \"operationName\": text}} ({place})"
        ))
    })?;
    Ok(GraphqlRequest { consistency, graphql_response, event_stream, ..request })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}
