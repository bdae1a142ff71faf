//! Errors that the middleware answers in place of a handler.

use axum::response::Response;

use crate::trace::TraceContext;

/// Why a request was answered without, or before the end of, its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Nothing is served at the path.
    UnknownPath,
    /// The process is shutting down, or a store that an API needs does not answer.
    NotReady,
    /// The API has as many requests in flight as it may have.
    Busy,
    /// The handler did not answer within the API's timeout. Its work may still take effect.
    TimedOut,
    /// The request's body is compressed. The address adds `Accept-Encoding: identity`.
    Encoded,
    /// The handler panicked.
    Panicked,
}

/// Writes an error as the clients of an API expect errors. The address adds `Retry-After` to every 503.
pub type ErrorFormat = fn(HttpError, &TraceContext) -> Response;
