//! GraphQL responses as JSON.

use async_graphql::{Name, Response as Answer, ServerError, Value};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use http_server::{HttpError, TraceContext};

use super::body::{GRAPHQL_RESPONSE, Unreadable};

/// The response to a query that was executed, or refused before.
pub(super) fn of(answer: &Answer, graphql_response: bool) -> Response {
    // `application/json` always has status 200; the newer media type has 400 if nothing was executed.
    let refused = graphql_response && answer.data == Value::Null && !answer.errors.is_empty();
    let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    match serde_json::to_vec(answer) {
        Ok(body) => respond(status, body, graphql_response),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not serialise a GraphQL response"
            );
            failed(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "an internal error occurred")
        }
    }
}

/// The response to a request that is not a query.
pub(super) fn unreadable(why: &Unreadable) -> Response {
    failed(why.status, why.code, &why.message)
}

/// Writes an error of the HTTP middleware as a GraphQL error.
pub fn graphql_error_for(error: HttpError, trace: &TraceContext) -> Response {
    match error {
        HttpError::UnknownPath => {
            failed(StatusCode::NOT_FOUND, "NOT_FOUND", "nothing is served at this path")
        }
        HttpError::NotReady => failed(
            StatusCode::SERVICE_UNAVAILABLE,
            "NOT_READY",
            "the process is shutting down, or a store that it needs does not answer",
        ),
        HttpError::Busy => {
            failed(StatusCode::SERVICE_UNAVAILABLE, "BUSY", "too many queries are in flight; try again later")
        }
        HttpError::TimedOut => failed(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", "the query timed out"),
        HttpError::Panicked => {
            let trace_id = trace.trace_id();
            tracing::error!(trace_id, "a resolver panicked");
            let mut error = coded("an internal error occurred", "INTERNAL");
            error.extensions.get_or_insert_default().set("traceId", trace_id);
            respond_with(StatusCode::INTERNAL_SERVER_ERROR, error)
        }
    }
}

/// The response to a query that could not be executed at all.
pub(super) fn failed(status: StatusCode, code: &'static str, message: &str) -> Response {
    respond_with(status, coded(message, code))
}

/// An error with a code.
pub(super) fn coded(message: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// Adds an extension to the response, if there is one.
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

fn respond_with(status: StatusCode, error: ServerError) -> Response {
    let answer = Answer::from_errors(vec![error]);
    respond(status, serde_json::to_vec(&answer).unwrap_or_default(), false)
}

fn respond(status: StatusCode, body: Vec<u8>, graphql_response: bool) -> Response {
    let media = if graphql_response { GRAPHQL_RESPONSE } else { "application/json" };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
