//! Reading a GraphQL request from an HTTP request.

use async_graphql::Variables;
use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use http_server::CONSISTENCY_TOKEN;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::request::{GraphqlRequest, Sent};

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

fn malformed(message: impl Into<String>) -> Unreadable {
    unreadable(StatusCode::BAD_REQUEST, "MALFORMED", message)
}

/// The header that carries an order's guest token, as for commands: for fields whose arguments do not name one, such as
/// those that a client library writes by itself.
pub(super) const GUEST_TOKEN: &str = "x-guest-token";

/// Reads the request in the body of a `POST`. `max_body`, in bytes, is enforced by the API's layers and named in the error.
pub(super) async fn read(request: Request, max_body: usize) -> Result<GraphqlRequest, Unreadable> {
    let headers = request.headers();
    if !is_json(headers) {
        return Err(unreadable(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "send the query as JSON in UTF-8, with content-type application/json",
        ));
    }
    let (consistency, guest_token) = (text(headers, CONSISTENCY_TOKEN), text(headers, GUEST_TOKEN));
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => unreadable(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            format!("a query may have at most {max_body} bytes"),
        ),
        _ => malformed("the body could not be received"),
    })?;
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(malformed("send one query at a time: batches are not supported"));
    }
    let request: GraphqlRequest = serde_json::from_slice(&bytes).map_err(|error| {
        // The position only: the message of serde may contain parts of the query.
        let place = format!("line {} column {}", error.line(), error.column());
        malformed(format!(
            "the body is not {{\"query\": text, \"variables\": object, \"operationName\": text}}, with documentId or \
             extensions.persistedQuery in place of query if the document is stored ({place})"
        ))
    })?;
    Ok(GraphqlRequest { consistency, guest_token, ..request })
}

/// The parameters of a `GET`, as GraphQL over HTTP names them. Objects are JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// Reads the request in the parameters of a `GET`.
pub(super) fn read_parameters(
    uri: &Uri,
    headers: &HeaderMap,
    longest: usize,
) -> Result<GraphqlRequest, Unreadable> {
    if uri.query().unwrap_or_default().len() > longest {
        let message = format!("the parameters of a query may have at most {longest} bytes; send it by POST");
        return Err(unreadable(StatusCode::URI_TOO_LONG, "TOO_LARGE", message));
    }
    let Query(sent) = Query::<Parameters>::try_from_uri(uri)
        .map_err(|_| malformed("a parameter is given twice, or is not text in UTF-8"))?;
    let sent = Sent {
        query: sent.query,
        document_id: sent.document_id,
        operation_name: sent.operation_name,
        variables: object::<Variables>("variables", sent.variables)?,
        extensions: object("extensions", sent.extensions)?,
    };
    let request = GraphqlRequest::try_from(sent).map_err(|error| malformed(error.to_string()))?;
    let (consistency, guest_token) = (text(headers, CONSISTENCY_TOKEN), text(headers, GUEST_TOKEN));
    Ok(GraphqlRequest { consistency, guest_token, ..request })
}

/// A parameter that is a JSON object or null; one that is empty counts as missing.
fn object<T: DeserializeOwned>(name: &str, text: Option<String>) -> Result<Option<T>, Unreadable> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    serde_json::from_str(&text).map_err(|error| {
        malformed(format!("{name} is not the expected JSON object (column {})", error.column()))
    })
}

/// The text of a header.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    // No token has the text of one that is not ASCII.
    headers.get(name).map(|value| value.to_str().unwrap_or("?").to_owned())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let charset =
        parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    media.eq_ignore_ascii_case("application/json")
        && charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8"))
}
