//! One listening address: APIs inside the layers that every request passes.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::{Extension, Router};
use platform::shutdown::Shutdown;
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::api::Api;
use crate::caller::Caller;
use crate::error::{ErrorFormat, HttpError};
use crate::health::{self, Health, Readiness};
use crate::origin::{Origin, PageOrigins, cors};
use crate::telemetry::observe;
use crate::trace::TraceContext;

/// Shorter responses, in bytes, are not compressed: they fit into one packet anyway.
const COMPRESSED_FROM: u16 = 1_024;
/// The longest request id that is accepted from a client, in characters.
const REQUEST_ID: usize = 128;
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One listening address.
pub struct Address {
    caller: Caller,
    errors: ErrorFormat,
    origins: Vec<Origin>,
    shutdown: Shutdown,
    routes: Router,
    checks: Vec<Arc<dyn Readiness>>,
}

impl Address {
    /// An address that serves nothing yet. `caller`: the sender of all its requests, until there is sign-in. `errors`: the
    /// format of errors that belong to no API. Once `shutdown` begins, the address is not ready.
    pub fn new(caller: Caller, errors: ErrorFormat, shutdown: Shutdown) -> Self {
        Self { caller, errors, origins: Vec::new(), shutdown, routes: Router::new(), checks: Vec::new() }
    }

    /// Lets web pages of these origins call the address (CORS). Browsers block pages of all other origins.
    #[must_use]
    pub fn allow_origins(mut self, origins: Vec<Origin>) -> Self {
        self.origins = origins;
        self
    }

    /// Serves an API, which must not have a fallback of its own.
    #[must_use]
    pub fn api(mut self, api: Api) -> Self {
        self.routes = self.routes.merge(api.routes);
        self.checks.push(api.readiness);
        self
    }

    /// Makes the address ready only when this check succeeds, too.
    #[must_use]
    pub fn check(mut self, check: Arc<dyn Readiness>) -> Self {
        self.checks.push(check);
        self
    }

    /// Serves routes that need no limits, such as static pages.
    #[must_use]
    pub fn pages(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Everything that is served at the address. The layers run in the order in which they are written.
    pub fn into_router(self) -> Router {
        let Self { caller, errors, origins, shutdown, routes, checks } = self;
        let unknown_path = async move |request: Request| {
            errors(HttpError::UnknownPath, &TraceContext::of(request.extensions()))
        };
        let (pages, ending) = (PageOrigins::new(&origins), shutdown.clone());
        routes
            .merge(health::routes(Health { checks: checks.into(), shutdown, errors }))
            .fallback(unknown_path)
            .layer(
                ServiceBuilder::new()
                    .layer(from_fn(observe))
                    .layer(from_fn(acceptable_request_id))
                    .layer(SetRequestIdLayer::new(X_REQUEST_ID, MakeRequestUuid))
                    .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
                    .layer(SetResponseHeaderLayer::overriding(X_CONTENT_TYPE_OPTIONS, value("nosniff")))
                    .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, value("no-store")))
                    .layer(SetResponseHeaderLayer::if_not_present(REFERRER_POLICY, value("no-referrer")))
                    .layer(SetResponseHeaderLayer::if_not_present(
                        CONTENT_SECURITY_POLICY,
                        value("frame-ancestors 'none'"),
                    ))
                    .layer(from_fn(retry_after))
                    .layer(option_layer(cors(origins)))
                    .layer(from_fn(tag_compressed))
                    .layer(compression())
                    // Sign-in will set the caller from the request's credentials.
                    .layer(Extension(caller))
                    // For answers that do not end by themselves.
                    .layer(Extension(pages))
                    .layer(Extension(ending)),
            )
    }
}

fn value(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// Compresses responses with gzip for clients that accept it. The fastest level loses little on JSON.
fn compression() -> CompressionLayer<impl Predicate> {
    let worthwhile =
        SizeAbove::new(COMPRESSED_FROM).and(NotForContentType::IMAGES).and(NotForContentType::SSE);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worthwhile)
}

/// What the tag of a compressed body has at its end: a strong tag belongs to one sequence of bytes (RFC 9110, 8.8.3).
pub const COMPRESSED_TAG: &str = "-gzip";

/// Gives a compressed body a tag of its own.
async fn tag_compressed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.headers().get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip")
        && let Some(tag) = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok())
        && let Some(open) = tag.strip_suffix('"')
        && let Ok(tag) = HeaderValue::try_from(format!("{open}{COMPRESSED_TAG}\""))
    {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Removes a request id that is too long or not visible ASCII, so that it is replaced.
async fn acceptable_request_id(mut request: Request, next: Next) -> Response {
    let acceptable = |id: &HeaderValue| {
        (1..=REQUEST_ID).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    if !request.headers().get(X_REQUEST_ID).is_some_and(acceptable) {
        request.headers_mut().remove(X_REQUEST_ID);
    }
    next.run(request).await
}

/// Adds `Retry-After` to a 503.
async fn retry_after(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(RETRY_AFTER).or_insert(value("1"));
    }
    response
}
