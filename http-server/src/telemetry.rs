//! The telemetry of every request: its metrics, its span, and the trace context that it hands on; and the page `/metrics`.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use platform::telemetry::metrics::{CONTENT_TYPE as OPEN_METRICS, Gauge, Timer, metrics, render};
use platform::telemetry::traces;
use platform::trace_span;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::trace::TraceContext;

/// Notes the trace context of a request, and reports the request in metrics and as a span. The trace context is the client's;
/// where spans are exported, that of the request's span, which is a child of the client's.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let sent = TraceContext::from_headers(request.headers());
    let span = span(method, &route, sent.as_ref());
    let trace = traces::traceparent(&span).map(|own| TraceContext::from_traceparent(&own));
    request.extensions_mut().insert(trace.or(sent).unwrap_or_else(TraceContext::generated));
    let timer = Timer::start();
    let _active = Active::one(metrics().http_active.with([method]));
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    timer.observe(&metrics().http_requests.with([method.to_owned(), route, status.to_string()]));
    response
}

fn span(method: &'static str, route: &str, sent: Option<&TraceContext>) -> Span {
    let span = trace_span!(
        "request",
        otel.kind = "server",
        otel.name = %format_args!("{method} {route}"),
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    traces::continue_from(&span, sent.map(TraceContext::traceparent));
    span
}

/// Clients may send any text as a method, and labels have few values.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}

/// A request in flight, until it is dropped: also when the client has left.
struct Active(Gauge);

impl Active {
    fn one(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// `GET /metrics`: every metric of the process, for scrapers. For addresses that only operators reach.
pub fn metrics_page() -> Router {
    Router::new().route("/metrics", get(page))
}

async fn page() -> Response {
    match render() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
