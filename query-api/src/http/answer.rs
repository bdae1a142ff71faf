//! GraphQL responses as JSON.

use std::collections::BTreeMap;

use async_graphql::{Name, ServerError, Value};
use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use http_server::{HttpError, TraceContext};
use serde::Serialize;

use super::accept::Media;
use super::answer_cache;
use super::body::Unreadable;

/// An answer to an operation.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) data: Data,
    pub(super) errors: Vec<ServerError>,
    pub(super) extensions: BTreeMap<String, Value>,
}

/// The data of an answer.
#[derive(Debug)]
pub(super) enum Data {
    Json(Vec<u8>),
    Value(Value),
}

impl Default for Data {
    fn default() -> Self {
        Self::Value(Value::Null)
    }
}

impl Answer {
    pub(super) fn from_errors(errors: Vec<ServerError>) -> Self {
        Self { errors, ..Self::default() }
    }

    /// Adds an extension, if there is one.
    pub(super) fn extend(mut self, name: &str, fields: Option<Value>) -> Self {
        self.extensions.extend(fields.map(|fields| (name.to_owned(), fields)));
        self
    }

    /// Whether nothing of the operation was executed: no data, and no error has a path.
    pub(super) fn is_refusal(&self) -> bool {
        let is_null = match &self.data {
            Data::Json(json) => json == b"null",
            Data::Value(value) => *value == Value::Null,
        };
        is_null && !self.errors.is_empty() && self.errors.iter().all(|error| error.path.is_empty())
    }

    /// Whether it is complete, from the store that usually answers it, and not bound to a client's consistency token: others may
    /// get the same.
    pub(super) fn is_common(&self) -> bool {
        let marked = ["consistency", "degraded"].iter().any(|mark| self.extensions.contains_key(*mark));
        self.errors.is_empty() && !marked
    }

    /// As clients get it. If nothing was executed, it has no entry `data` (GraphQL specification, 7.1).
    pub(super) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = vec![b'{'];
        if !self.is_refusal() {
            out.extend_from_slice(b"\"data\":");
            match &self.data {
                Data::Json(json) => out.extend_from_slice(json),
                Data::Value(value) => serde_json::to_writer(&mut out, value)?,
            }
        }
        if !self.extensions.is_empty() {
            entry(&mut out, b"\"extensions\":", &self.extensions)?;
        }
        if !self.errors.is_empty() {
            entry(&mut out, b"\"errors\":", &self.errors)?;
        }
        out.push(b'}');
        Ok(out)
    }
}

fn entry<T: Serialize>(out: &mut Vec<u8>, key: &[u8], value: &T) -> Result<(), serde_json::Error> {
    if out.len() > 1 {
        out.push(b',');
    }
    out.extend_from_slice(key);
    serde_json::to_writer(out, value)
}

impl From<async_graphql::Response> for Answer {
    fn from(response: async_graphql::Response) -> Self {
        Self { data: Data::Value(response.data), errors: response.errors, extensions: response.extensions }
    }
}

/// A response to be.
pub(super) struct Ready {
    pub(super) status: StatusCode,
    pub(super) media: Media,
    pub(super) body: Bytes,
    /// See [`Answer::is_common`].
    pub(super) is_common: bool,
}

impl Ready {
    /// Of a query that was executed, or refused before.
    pub(super) fn of(answer: &Answer, media: Media) -> Self {
        // `application/json` always has status 200; the newer media type has 400 if nothing was executed.
        let refused = media == Media::GraphqlResponse && answer.is_refusal();
        let status = if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        match answer.to_json() {
            Ok(body) => Self { status, media, body: body.into(), is_common: answer.is_common() },
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "could not serialise a GraphQL response");
                let error = coded("an internal error occurred", "INTERNAL");
                Self::failed(StatusCode::INTERNAL_SERVER_ERROR, error, media)
            }
        }
    }

    /// An answer of the cache.
    pub(super) fn kept(body: answer_cache::Body, media: Media) -> Self {
        let answer_cache::Body { bytes, is_common } = body;
        Self { status: StatusCode::OK, media, body: bytes, is_common }
    }

    /// For the cache.
    pub(super) fn body(&self) -> answer_cache::Body {
        answer_cache::Body { bytes: self.body.clone(), is_common: self.is_common }
    }

    fn failed(status: StatusCode, error: ServerError, media: Media) -> Self {
        let answer = Answer::from_errors(vec![error]);
        let body = answer.to_json().unwrap_or_default().into();
        Self { status, media, body, is_common: false }
    }

    pub(super) fn respond(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media.name()));
        response
    }
}

/// The response to a request that is not a query.
pub(super) fn unreadable(why: &Unreadable, media: Media) -> Response {
    Ready::failed(why.status, coded(&why.message, why.code), media).respond()
}

/// The response to a client that accepts no media type of ours.
pub(super) fn not_acceptable() -> Response {
    let message = "accept application/graphql-response+json or application/json; for subscriptions by POST, text/event-stream";
    failed(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
}

/// The response to a method that does not serve the request.
pub(super) fn not_allowed(allow: &'static str, message: &str) -> Response {
    let mut refused = failed(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    refused
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
        HttpError::Encoded => failed(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "send the body without Content-Encoding: compressed bodies are not read",
        ),
        HttpError::Panicked => {
            let trace_id = trace.trace_id();
            tracing::error!(trace_id, "a resolver panicked");
            let mut error = coded("an internal error occurred", "INTERNAL");
            error.extensions.get_or_insert_default().set("traceId", trace_id);
            Ready::failed(StatusCode::INTERNAL_SERVER_ERROR, error, Media::Json).respond()
        }
    }
}

/// The response to a query that could not be executed at all.
pub(super) fn failed(status: StatusCode, code: &'static str, message: &str) -> Response {
    Ready::failed(status, coded(message, code), Media::Json).respond()
}

/// An error with a code.
pub(super) fn coded(message: impl Into<String>, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// `{cost, limit}`
pub(super) fn cost(cost: u64, limit: u64) -> Value {
    let fields = [("cost", cost), ("limit", limit)];
    Value::Object(fields.into_iter().map(|(name, value)| (Name::new(name), Value::from(value))).collect())
}
