//! Answers as JSON.

use async_graphql::{Name, Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::body::{MODERN, Unreadable};

/// An answer to a query that was run, or refused before it.
pub(super) fn of(answer: &Answer, modern: bool) -> Response {
    // The older media type has one status for all; the newer says when nothing was run.
    let refused = modern && answer.data == Value::Null && !answer.errors.is_empty();
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    match serde_json::to_vec(answer) {
        Ok(body) => respond(status, body, modern),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an answer could not be written as JSON"
            );
            failed(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "something went wrong here")
        }
    }
}

/// An answer to what is no query.
pub(super) fn unreadable(why: &Unreadable) -> Response {
    failed(why.status, why.code, &why.message)
}

/// An answer when a query could not be run at all.
pub(super) fn failed(status: StatusCode, code: &'static str, message: &str) -> Response {
    let answer = Answer::from_errors(vec![coded(message, code)]);
    let mut response = respond(status, serde_json::to_vec(&answer).unwrap_or_default(), false);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// An error with a code.
pub(super) fn coded(message: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// Puts something beside the data.
pub(super) fn extend(answer: Answer, name: &str, fields: Option<Value>) -> Answer {
    match fields {
        Some(value) => answer.extension(name, value),
        None => answer,
    }
}

/// `{cost, limit}`
pub(super) fn cost(cost: u64, limit: u64) -> Value {
    let fields = [("cost", cost), ("limit", limit)];
    Value::Object(fields.into_iter().map(|(name, value)| (Name::new(name), Value::from(value))).collect())
}

fn respond(status: StatusCode, body: Vec<u8>, modern: bool) -> Response {
    let media = if modern { MODERN } else { "application/json" };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
