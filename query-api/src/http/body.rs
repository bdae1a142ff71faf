//! A request's body and headers, read with limits.

use async_graphql::Variables;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

/// A query as it was asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// Its text.
    pub(super) query: String,
    /// Which operation of it.
    pub(super) operation_name: Option<String>,
    /// With these variables.
    #[serde(default)]
    pub(super) variables: Option<Variables>,
    /// From the header: versions that it wants to see.
    #[serde(skip)]
    pub(super) consistency: Option<String>,
    /// Whether the client knows the newer media type, whose answers have statuses.
    #[serde(skip)]
    pub(super) modern: bool,
}

/// Why a request is no query.
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
/// The media type whose answers have statuses.
pub(super) const MODERN: &str = "application/graphql-response+json";

/// Reads a query.
pub(super) async fn read(request: Request, limit: usize) -> Result<Asked, Unreadable> {
    let headers = request.headers();
    if !is_json(headers) {
        return Err(unreadable(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "send the query as JSON, with content-type application/json",
        ));
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let too_large = || {
        unreadable(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", format!("a query has at most {limit} bytes"))
    };
    if text(CONTENT_LENGTH)
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| length > limit)
    {
        return Err(too_large());
    }
    let modern = text(ACCEPT).is_some_and(|accepted| accepted.contains(MODERN));
    let consistency = match headers.get(TOKEN).map(|value| value.to_str()) {
        None => None,
        Some(Ok(token)) => Some(token.to_owned()),
        // Not ASCII: let it be refused where tokens are read.
        Some(Err(_)) => Some("?".to_owned()),
    };
    let bytes =
        to_bytes(request.into_body(), limit).await.map_err(|error| too_large_or_broken(&error, too_large))?;
    let malformed = |message: String| unreadable(StatusCode::BAD_REQUEST, "MALFORMED", message);
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(malformed("one query at a time: batches are not answered".to_owned()));
    }
    let asked: Asked = serde_json::from_slice(&bytes).map_err(|error| {
        // serde names fields and places, never contents, for the kinds of mistakes that can be made here.
        let place = format!("line {} column {}", error.line(), error.column());
        malformed(format!(
            "the body is not {{\"query\": text, \"variables\": object, \"operationName\": text}} ({place})"
        ))
    })?;
    Ok(Asked { consistency, modern, ..asked })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
}

/// The limit was met while reading, or the client went away.
fn too_large_or_broken(error: &axum::Error, too_large: impl Fn() -> Unreadable) -> Unreadable {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return too_large();
        }
        cause = error.source();
    }
    unreadable(StatusCode::BAD_REQUEST, "MALFORMED", "the body could not be read to its end")
}
