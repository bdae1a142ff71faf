//! One API: its routes inside the layers that concern it alone.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::{ErrorFormat, HttpError};
use crate::health::Readiness;
use crate::trace::TraceContext;

/// Bounds on the requests of one API.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the handler of a request may take, the time for reading the request's body included.
    pub timeout: Duration,
    /// How many requests may be in flight; further ones are answered with [`HttpError::Busy`].
    pub max_in_flight: usize,
    /// Bytes of a request's body. Extractors refuse longer ones.
    pub max_body: usize,
}

/// The routes of one API, and its readiness check.
pub struct Api {
    /// The routes, inside their [`ApiLayers`].
    pub routes: Router,
    /// Checks that the API can answer.
    pub readiness: Arc<dyn Readiness>,
}

/// The layers around the routes of one API. Clones share the bound on requests in flight.
#[derive(Clone)]
pub struct ApiLayers {
    limits: Limits,
    in_flight: Arc<Semaphore>,
    errors: ErrorFormat,
}

impl ApiLayers {
    /// Layers with these limits, which answer errors in this format.
    pub fn new(limits: Limits, errors: ErrorFormat) -> Self {
        Self { limits, in_flight: Arc::new(Semaphore::new(limits.max_in_flight)), errors }
    }

    /// Puts the layers around these routes.
    pub fn around(&self, routes: Router) -> Router {
        routes.layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(self.clone(), bounded))
                .layer(CatchPanicLayer::custom(panicked))
                .layer(DefaultBodyLimit::max(self.limits.max_body)),
        )
    }
}

/// Bounds requests in flight and their time. `tower::load_shed` is not used: it asks the semaphore by polling, and Tokio
/// answers "pending" to a task that has used up its budget, so that it would shed load on an idle server.
async fn bounded(State(layers): State<ApiLayers>, request: Request, next: Next) -> Response {
    let trace = TraceContext::of(request.extensions());
    let failed = |error| (layers.errors)(error, &trace);
    if is_encoded(request.headers()) {
        let mut refused = failed(HttpError::Encoded);
        refused.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return refused;
    }
    let Ok(_permit) = layers.in_flight.try_acquire() else {
        return failed(HttpError::Busy);
    };
    match tokio::time::timeout(layers.limits.timeout, next.run(request)).await {
        Err(_) => failed(HttpError::TimedOut),
        Ok(response) if response.extensions().get::<Panicked>().is_some() => failed(HttpError::Panicked),
        Ok(response) => response,
    }
}

/// Whether the body has a coding, such as gzip. Clients that compress learn from the answer that they must not (RFC 9110, 12.5.3).
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Marks the response in place of a handler that panicked.
#[derive(Clone)]
struct Panicked;

/// The panic's message may contain anything, so it is not repeated; the panic hook has written it to standard error.
fn panicked(_message: Box<dyn Any + Send + 'static>) -> Response {
    let mut response = ().into_response();
    response.extensions_mut().insert(Panicked);
    response
}
