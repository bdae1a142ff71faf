//! Every error is a problem with a code.

use std::time::Duration;

use axum::body::{Body, Bytes};
use command_api::LIMITS;
use http_server::Limits;
use schemas::Context;
use serde_json::json;

use crate::shop::{Shop, ask, keyed, order, send};

fn raw(body: &'static str) -> axum::http::Request<Body> {
    keyed("POST", "/v1/orders", "k").body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there_are_problems() {
    let shop = Shop::open().await;
    for router in [&shop.public, &shop.staff] {
        for path in ["/", "/v1", "/v2/orders", "/v1/orders/x/y/z"] {
            send(router, ask("GET", path).body(Body::empty()).unwrap()).await.is_problem(404, "NOT_FOUND");
        }
    }
    let wrong = send(&shop.public, ask("PUT", "/v1/orders").body(Body::empty()).unwrap()).await;
    assert_eq!(wrong.is_problem(405, "METHOD_NOT_ALLOWED").header("allow"), "POST");
}

#[tokio::test]
async fn a_key_is_asked_for_and_looked_at() {
    let shop = Shop::open().await;
    let with = |key: Option<&str>| {
        let request = ask("POST", "/v1/orders").header("content-type", "application/json");
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        send(&shop.public, request.body(Body::from(order().to_string())).unwrap())
    };
    with(None).await.is_problem(400, "IDEMPOTENCY_KEY_MISSING");
    with(Some("")).await.is_problem(400, "IDEMPOTENCY_KEY_MISSING");
    with(Some("a b")).await.is_problem(400, "IDEMPOTENCY_KEY_MALFORMED");
    with(Some(&"k".repeat(201))).await.is_problem(400, "IDEMPOTENCY_KEY_MALFORMED");
    with(Some(&"k".repeat(200))).await.is(201);
}

#[tokio::test]
async fn errors_in_bodies_name_the_position() {
    let shop = Shop::open().await;
    let broken = send(&shop.public, raw("{\"lines\": [")).await;
    assert!(broken.is_problem(400, "MALFORMED_JSON").text("detail").contains("line 1"), "{}", broken.body);
    let kind = r#"{"lines": [{"sku": "TEA-100", "quantity": "two"}]}"#;
    let wrong = send(&shop.public, raw(kind)).await;
    assert_eq!(wrong.is_problem(400, "MALFORMED").wrong()["lines[0].quantity"], "MALFORMED");
    let missing = send(&shop.public, raw("")).await;
    assert!(
        missing.is_problem(400, "MALFORMED").text("detail").contains("missing field `lines`"),
        "{}",
        missing.body
    );
    let mut extra = order();
    extra["lines"][0]["price"] = json!(1);
    let unknown = shop.place("k", &extra).await;
    assert!(
        unknown.is_problem(400, "MALFORMED").text("detail").contains("unknown field `price`"),
        "{}",
        unknown.body
    );
    let mut roles = order();
    roles["customerId"] = json!("00000000-0000-0000-0000-000000000000");
    shop.place("k", &roles).await.is_problem(400, "MALFORMED");
    assert!(shop.events(Context::Ordering).await.is_empty());
}

#[tokio::test]
async fn only_json_of_a_bearable_size_is_taken() {
    let shop = Shop::open().await;
    let form = ask("POST", "/v1/orders").header("idempotency-key", "k").header("content-type", "text/plain");
    let form = send(&shop.public, form.body(Body::from(order().to_string())).unwrap()).await;
    form.is_problem(415, "UNSUPPORTED_MEDIA_TYPE");
    let untold =
        ask("POST", "/v1/orders").header("idempotency-key", "k").body(Body::from(order().to_string()));
    send(&shop.public, untold.unwrap()).await.is_problem(415, "UNSUPPORTED_MEDIA_TYPE");
    let large = format!("{{\"email\": \"{}\"}}", "a".repeat(256 * 1024));
    let large = keyed("POST", "/v1/orders", "k").body(Body::from(large)).unwrap();
    send(&shop.public, large).await.is_problem(413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn the_callers_trace_context_is_recorded_in_problems_and_events() {
    let shop = Shop::open().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = |key: &str, body: String| {
        let request = keyed("POST", "/v1/orders", key).header("traceparent", parent);
        send(&shop.public, request.body(Body::from(body)).unwrap())
    };
    let problem = traced("k1", "{".to_owned()).await;
    assert_eq!(problem.is_problem(400, "MALFORMED_JSON").text("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
    let placed = traced("k2", order().to_string()).await;
    assert_eq!(placed.is(201).header("x-request-id").len(), 36);
    let event = &shop.events(Context::Ordering).await[0];
    assert_eq!(event.envelope.traceparent.as_deref(), Some(parent));
}

/// A body that is never sent.
fn endless() -> Body {
    Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>())
}

#[tokio::test]
async fn slow_requests_and_requests_beyond_the_limit_may_be_retried() {
    let shop = Shop::with(Limits { timeout: Duration::from_secs(2), max_in_flight: 1, ..LIMITS }).await;
    let slow = keyed("POST", "/v1/orders", "k").body(endless()).unwrap();
    let router = shop.public.clone();
    let slow = tokio::spawn(async move { send(&router, slow).await });
    tokio::task::yield_now().await;
    let busy = shop.place("k2", &order()).await;
    assert_eq!(busy.is_problem(503, "BUSY").header("retry-after"), "1");
    send(&shop.public, ask("GET", "/healthz").body(Body::empty()).unwrap()).await.is(200);
    let late = slow.await.unwrap();
    assert_eq!(late.is_problem(503, "TIMEOUT").header("retry-after"), "1");
    shop.place("k2", &order()).await.is(201);
}

#[tokio::test]
async fn a_stopped_writer_is_reported_without_internal_details() {
    let shop = Shop::open().await;
    shop.stop_ordering();
    let failed = shop.place("k1", &order()).await;
    assert_eq!(failed.is_problem(503, "UNAVAILABLE").header("retry-after"), "1");
    let text = failed.body.to_string().to_lowercase();
    for inner in ["writer", "closed", "sql", "log"] {
        assert!(!text.contains(inner), "{text}");
    }
}
