//! The middleware, around routes that are made for it.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request as HttpRequest;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_server::{
    Address, Api, ApiLayers, Audience, Caller, ConnectionLimits, HttpError, Limits, Readiness, TraceContext,
    serve,
};
use platform::shutdown::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tower::ServiceExt;

const LIMITS: Limits = Limits { timeout: Duration::from_secs(60), max_in_flight: 1, max_body: 10 };
const ORIGIN: &str = "https://shop.example";

/// An API's format of errors.
fn error(error: HttpError, trace: &TraceContext) -> Response {
    let status = match error {
        HttpError::UnknownPath => StatusCode::NOT_FOUND,
        HttpError::NotReady | HttpError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        HttpError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        HttpError::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        HttpError::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{error:?} {}", trace.trace_id())).into_response()
}

struct Answers(bool);

#[async_trait]
impl Readiness for Answers {
    async fn ready(&self) -> Result<(), String> {
        self.0.then_some(()).ok_or("the cellar is flooded".to_owned())
    }
}

async fn panics() -> &'static str {
    panic!("the secret ingredient is nutmeg")
}

async fn caller(request: HttpRequest) -> String {
    format!("{:?}", Caller::of(request.extensions()))
}

/// Handlers at `/wait` wait for this.
type Bell = Arc<Notify>;

fn api(limits: Limits, ready: bool, bell: &Bell) -> Api {
    let bell = Arc::clone(bell);
    let routes = Router::new()
        .route("/echo", post(async |body: Bytes| body))
        .route("/long", get(async || "a long answer; ".repeat(200)))
        .route("/image", get(async || ([("content-type", "image/png")], "pixels".repeat(1_000))))
        .route("/kept", get(async || ([("cache-control", "max-age=60")], "kept")))
        .route("/panic", get(panics))
        .route("/caller", get(caller))
        .route("/wait", get(move || async move { bell.notified().await }));
    Api { routes: ApiLayers::new(limits, error).around(routes), readiness: Arc::new(Answers(ready)) }
}

fn address(limits: Limits) -> Router {
    address_for(Caller::Guest, limits)
}

fn address_for(caller: Caller, limits: Limits) -> Router {
    let address = Address::new(caller, error, Shutdown::new());
    address
        .allow_origins(vec![ORIGIN.parse().unwrap()])
        .api(api(limits, true, &Bell::default()))
        .into_router()
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

async fn fetch(router: &Router, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    let (status, headers, body) = send(router, request.body(Body::empty()).unwrap()).await;
    (status, headers, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn every_response_has_a_request_id_and_security_headers() {
    let router = address(LIMITS);
    for path in ["/long", "/nothing", "/healthz", "/panic"] {
        let (_, headers, _) = fetch(&router, path, &[]).await;
        assert_eq!(headers["x-request-id"].len(), 36, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(headers["content-security-policy"], "frame-ancestors 'none'", "{path}");
    }
    assert_eq!(fetch(&router, "/kept", &[]).await.1["cache-control"], "max-age=60");
}

#[tokio::test]
async fn a_proxys_request_id_is_kept_unless_it_is_malformed() {
    let router = address(LIMITS);
    let answered =
        async |id: &str| fetch(&router, "/kept", &[("x-request-id", id)]).await.1["x-request-id"].clone();
    assert_eq!(answered("edge-17/b").await, "edge-17/b");
    let long = "x".repeat(129);
    for malformed in ["", "a b", "é", long.as_str()] {
        assert_eq!(answered(malformed).await.len(), 36, "{malformed}");
    }
}

#[tokio::test]
async fn errors_are_in_the_apis_format_and_carry_the_trace_id() {
    let router = address(LIMITS);
    let parent = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
    let (status, _, body) = fetch(&router, "/panic", &parent).await;
    let expected = "Panicked 4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!((status, body.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, expected));
    let (status, _, body) = fetch(&router, "/nothing", &parent).await;
    let expected = "UnknownPath 4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, expected));
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_and_health_checks_are_not() {
    let bell = Bell::default();
    let router =
        Address::new(Caller::Guest, error, Shutdown::new()).api(api(LIMITS, true, &bell)).into_router();
    let waiting = tokio::spawn({
        let router = router.clone();
        async move { fetch(&router, "/wait", &[]).await }
    });
    tokio::task::yield_now().await;
    let (status, headers, body) = fetch(&router, "/long", &[]).await;
    assert_eq!((status, &headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap()));
    assert!(body.starts_with("Busy"), "{body}");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(fetch(&router, path, &[]).await.0, StatusCode::OK, "{path}");
    }
    bell.notify_one();
    assert_eq!(waiting.await.unwrap().0, StatusCode::OK);
    assert_eq!(fetch(&router, "/long", &[]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_task_without_budget_left_is_served() {
    let router = address(LIMITS);
    // Tokio gives a task a budget; once it is used up, even a semaphore with permits is not ready.
    while has_budget_remaining() {
        consume_budget().await;
    }
    assert_eq!(fetch(&router, "/kept", &[]).await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_times_out() {
    let (status, _, body) = fetch(&address(LIMITS), "/wait", &[]).await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert!(body.starts_with("TimedOut"), "{body}");
}

#[tokio::test]
async fn long_bodies_are_refused() {
    let router = address(LIMITS);
    let sent =
        async |text: &'static str| send(&router, Request::post("/echo").body(text.into()).unwrap()).await;
    assert_eq!(sent("0123456789").await.2, b"0123456789");
    assert_eq!(sent("0123456789+").await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn compressed_bodies_are_refused_and_the_client_learns_how_to_send_them() {
    let router = address(LIMITS);
    let sent = async |coding: &'static str| {
        let request = Request::post("/echo").header("content-encoding", coding).body("0123".into());
        send(&router, request.unwrap()).await
    };
    for coding in ["gzip", "br", "identity, gzip"] {
        let (status, headers, body) = sent(coding).await;
        assert_eq!(
            (status, &headers["accept-encoding"]),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, &"identity".parse().unwrap())
        );
        assert!(body.starts_with(b"Encoded"), "{coding}");
    }
    assert_eq!(sent("identity").await.2, b"0123");
}

#[tokio::test]
async fn an_address_is_not_ready_while_an_api_cannot_answer_or_the_process_shuts_down() {
    let shutdown = Shutdown::new();
    let ready = |answers| {
        let address = Address::new(Caller::Guest, error, shutdown.clone());
        let address = address.api(api(LIMITS, answers, &Bell::default())).into_router();
        async move { fetch(&address, "/readyz", &[]).await }
    };
    assert_eq!(ready(true).await.2, r#"{"status":"ready"}"#);
    let (status, headers, body) = ready(false).await;
    assert_eq!((status, &headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap()));
    assert!(body.starts_with("NotReady") && !body.contains("flooded"), "{body}");
    shutdown.begin();
    assert_eq!(ready(true).await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn long_texts_are_compressed_on_demand() {
    let router = address(LIMITS);
    let gzip = [("accept-encoding", "br;q=1.0, gzip;q=0.8")];
    let request = Request::get("/long").header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let (_, headers, body) = send(&router, request).await;
    assert_eq!(
        (&headers["content-encoding"], &headers["vary"]),
        (&"gzip".parse().unwrap(), &"accept-encoding".parse().unwrap())
    );
    assert!(body.starts_with(&[0x1f, 0x8b]) && body.len() < 1_000, "{} bytes", body.len());
    for (path, headers) in [("/long", &[][..]), ("/kept", &gzip), ("/image", &gzip)] {
        assert!(!fetch(&router, path, headers).await.1.contains_key("content-encoding"), "{path}");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_may_read_responses() {
    let router = address(LIMITS);
    let preflight = async |origin: &str| {
        let request = Request::options("/echo")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type, idempotency-key");
        send(&router, request.body(Body::empty()).unwrap()).await.1
    };
    let allowed = preflight(ORIGIN).await;
    assert_eq!(allowed["access-control-allow-origin"], ORIGIN);
    assert_eq!(allowed["access-control-allow-headers"], "content-type, idempotency-key");
    assert!(allowed["access-control-allow-methods"].to_str().unwrap().contains("POST"));
    assert!(!allowed.contains_key("access-control-allow-credentials"));
    assert!(!preflight("https://other.example").await.contains_key("access-control-allow-origin"));
    let read = fetch(&router, "/kept", &[("origin", ORIGIN)]).await.1;
    assert_eq!(
        (&read["access-control-allow-origin"], &read["access-control-expose-headers"]),
        (&ORIGIN.parse().unwrap(), &"*".parse().unwrap())
    );
}

#[tokio::test]
async fn without_allowed_origins_responses_have_no_cors_headers() {
    let router = Address::new(Caller::Guest, error, Shutdown::new());
    let router = router.api(api(LIMITS, true, &Bell::default())).into_router();
    let (_, headers, _) = fetch(&router, "/kept", &[("origin", ORIGIN)]).await;
    assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{headers:?}");
    let options = Request::options("/echo").header("origin", ORIGIN).body(Body::empty()).unwrap();
    assert_eq!(send(&router, options).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_listening_address_sets_the_caller_regardless_of_the_request() {
    for caller in [Caller::Guest, Caller::staff("operator")] {
        let router = address_for(caller.clone(), LIMITS);
        let spoofed = [("x-caller", "staff"), ("authorization", "Bearer nothing")];
        assert_eq!(fetch(&router, "/caller", &spoofed).await.2, format!("{caller:?}"));
    }
    assert_eq!(Caller::staff("operator").audience(), Audience::Staff);
}

#[tokio::test]
async fn requests_in_flight_are_answered_after_the_shutdown_has_begun() {
    let (arrived, bell) = (Arc::new(Notify::new()), Bell::default());
    let wait = {
        let (arrived, bell) = (Arc::clone(&arrived), Arc::clone(&bell));
        move || async move {
            arrived.notify_one();
            bell.notified().await;
            "answered"
        }
    };
    let (listener, shutdown) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Shutdown::new());
    let address = listener.local_addr().unwrap();
    let router =
        Address::new(Caller::Guest, error, shutdown.clone()).pages(Router::new().route("/", get(wait)));
    let limits = ConnectionLimits::of(100);
    let serving = tokio::spawn(serve("middleware", listener, router.into_router(), limits, shutdown.clone()));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    arrived.notified().await;
    shutdown.begin();
    bell.notify_one();
    // The server closes the connection, which the client would have kept.
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("answered"), "{response}");
    serving.await.unwrap().unwrap();
}
