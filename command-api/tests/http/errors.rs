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
    for strange in ["\"", "\"\"", "\"k", "k\"1", "k\\1", "k\u{e9}"] {
        with(Some(strange)).await.is_problem(400, "IDEMPOTENCY_KEY_MALFORMED");
    }
    with(Some(&"k".repeat(200))).await.is(201);
}

#[tokio::test]
async fn a_key_in_quotes_is_the_same_key_and_two_keys_are_none() {
    let shop = Shop::open().await;
    let with = |keys: &[&str]| {
        let request = ask("POST", "/v1/orders").header("content-type", "application/json");
        let request = keys.iter().fold(request, |request, key| request.header("idempotency-key", *key));
        send(&shop.public, request.body(Body::from(order().to_string())).unwrap())
    };
    let first = with(&["k1"]).await;
    let quoted = with(&["\"k1\""]).await;
    assert_eq!((&first.is(201).body, quoted.header("idempotent-replayed")), (&quoted.body, "true"));
    assert_eq!(with(&["k1", "k1"]).await.header("idempotent-replayed"), "true");
    for several in [["k1", "k2"], ["k1", "\"k1\""], ["k1", ""]] {
        with(&several).await.is_problem(400, "IDEMPOTENCY_KEY_MALFORMED");
    }
    let request = keyed("POST", "/v1/orders", "k2").header("if-match", "0").header("if-match", "1");
    let versions = send(&shop.public, request.body(Body::from(order().to_string())).unwrap()).await;
    versions.is_problem(400, "IF_MATCH_MALFORMED");
    assert_eq!(shop.names(Context::Ordering).await, ["OrderPlaced"]);
}

#[tokio::test]
async fn errors_in_bodies_name_the_position() {
    let shop = Shop::open().await;
    let broken = send(&shop.public, raw("{\"lines\": [")).await;
    assert!(broken.is_problem(400, "MALFORMED_JSON").text("detail").contains("line 1"), "{}", broken.body);
    let kind = r#"{"lines": [{"sku": "TEA-100", "quantity": "two"}]}"#;
    let wrong = send(&shop.public, raw(kind)).await;
    assert_eq!(wrong.is_problem(400, "MALFORMED").wrong()["lines[0].quantity"], "WRONG_TYPE");
    let missing = send(&shop.public, raw("")).await;
    let detail = missing.is_problem(400, "MALFORMED").text("detail");
    assert!(
        detail.contains("empty") && detail.contains("lines, email, shippingAddress, paymentToken"),
        "{detail}"
    );
    assert_eq!(missing.wrong()["lines"], "REQUIRED");
    let mut extra = order();
    extra["lines"][0]["price"] = json!(1);
    let unknown = shop.place("k", &extra).await;
    assert_eq!(unknown.is_problem(400, "MALFORMED").wrong()["lines[0].price"], "UNKNOWN_FIELD");
    assert!(
        unknown.body.to_string().contains("sku, quantity")
            || unknown.body.to_string().contains("quantity, sku")
    );
    let mut roles = order();
    roles["customerId"] = json!("00000000-0000-0000-0000-000000000000");
    shop.place("k", &roles).await.is_problem(400, "MALFORMED");
    assert!(shop.events(Context::Ordering).await.is_empty());
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_body_is_listed_at_once_in_words_of_the_api() {
    let shop = Shop::open().await;
    let body = r#"{
        "lines": [{"sku": "A B", "quantity": "two"}, {"quantity": 1.5, "colour": "red"}, 7, {"sku": "TEA-100", "quantity": 4294967295}],
        "email": "no-address", "email": "another", "shippingAddress": {"name": "", "lines": [1, "a", "b", "c"], "city": null},
        "shippingMethod": "BY_POST", "billingAddress": "the same", "currency": ["EUR"], "colour": "green"
    }"#;
    let answer = send(&shop.public, raw(body)).await;
    let expected = [
        ("email", "DUPLICATE_FIELD"),
        ("lines[0].sku", "MALFORMED"),
        ("lines[0].quantity", "WRONG_TYPE"),
        ("lines[1].sku", "REQUIRED"),
        ("lines[1].quantity", "WRONG_TYPE"),
        ("lines[1].colour", "UNKNOWN_FIELD"),
        ("lines[2]", "WRONG_TYPE"),
        ("lines[3].quantity", "OUT_OF_RANGE"),
        ("email", "INVALID_EMAIL"),
        ("shippingAddress.name", "REQUIRED"),
        ("shippingAddress.lines", "OUT_OF_RANGE"),
        ("shippingAddress.lines[0]", "WRONG_TYPE"),
        ("shippingAddress.city", "WRONG_TYPE"),
        ("shippingAddress.country", "REQUIRED"),
        ("shippingMethod", "NOT_ONE_OF"),
        ("billingAddress", "WRONG_TYPE"),
        ("currency", "WRONG_TYPE"),
        ("colour", "UNKNOWN_FIELD"),
        ("paymentToken", "REQUIRED"),
    ];
    let mut expected: Vec<(String, String)> =
        expected.map(|(field, code)| (field.to_owned(), code.to_owned())).to_vec();
    let errors = answer.is_problem(400, "MALFORMED").body["userErrors"].as_array().unwrap();
    let text = |error: &serde_json::Value, part: &str| error[part].as_str().unwrap().to_owned();
    let mut found: Vec<_> = errors.iter().map(|error| (text(error, "field"), text(error, "code"))).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    let words = answer.body.to_string();
    for of_rust in ["u32", "i64", "struct", "variant", "invalid type", "line 1", "column"] {
        assert!(!words.contains(of_rust), "{of_rust}: {words}");
    }
    assert_eq!(answer.body["title"], "Malformed");
    assert_eq!(answer.body["type"], "urn:chorale:problem:MALFORMED");
}

#[tokio::test]
async fn compressed_bodies_are_refused_and_the_client_learns_how_to_send_them() {
    let shop = Shop::open().await;
    let request = keyed("POST", "/v1/orders", "k").header("content-encoding", "gzip");
    let answer = send(&shop.public, request.body(Body::from("…")).unwrap()).await;
    assert_eq!(answer.is_problem(415, "UNSUPPORTED_MEDIA_TYPE").header("accept-encoding"), "identity");
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
