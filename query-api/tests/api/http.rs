//! GraphQL over HTTP.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_server::{Address, Caller, Limits};
use platform::shutdown::Shutdown;
use query_api::{Options, graphql_error_for};
use serde_json::json;
use tower::ServiceExt;

use super::shop::{Shop, code, json_of};

fn post(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/graphql").header("content-type", content_type).body(body.into()).unwrap()
}

#[tokio::test]
async fn a_post_must_be_json_in_utf_8() {
    let shop = Shop::open().await;
    let query = json!({ "query": "{ __typename }" }).to_string();
    for (content_type, status) in [
        ("application/json", StatusCode::OK),
        ("Application/JSON; charset=utf-8", StatusCode::OK),
        ("application/json; charset=\"utf-8\"", StatusCode::OK),
        ("application/json; charset=iso-8859-1", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/graphql", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("multipart/form-data; boundary=x", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        assert_eq!(shop.request(post(content_type, query.clone())).await.status(), status, "{content_type}");
    }
    let none = Request::post("/graphql").body(Body::from(query)).unwrap();
    assert_eq!(code(&json_of(shop.request(none).await).await), "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn other_methods_are_refused_with_a_code_and_those_that_are_served() {
    let shop = Shop::open().await;
    for (endpoint, allow) in [("/graphql", "GET, HEAD, POST"), ("/admin/graphql", "POST")] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let request = Request::builder().method(method).uri(endpoint).body(Body::empty()).unwrap();
            let refused = shop.request(request).await;
            assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {endpoint}");
            assert_eq!(refused.headers()["allow"], allow, "{method} {endpoint}");
            assert_eq!(code(&json_of(refused).await), "METHOD_NOT_ALLOWED");
        }
    }
}

#[tokio::test]
async fn a_request_that_was_not_executed_has_no_data_and_the_status_of_the_media_type() {
    let shop = Shop::open().await;
    let modern = "application/graphql-response+json";
    for (accept, media, status) in [
        (modern, modern, StatusCode::BAD_REQUEST),
        ("application/graphql-response+json, application/json;q=0.9", modern, StatusCode::BAD_REQUEST),
        ("application/graphql-response+json;q=0.8, application/json", "application/json", StatusCode::OK),
        ("*/*", "application/json", StatusCode::OK),
    ] {
        for query in [
            "{ nothing }",
            "{",
            "query($id: ID!) { __typename }",
            "query A { __typename } query B { x: __typename }",
        ] {
            let refused = shop.send("/graphql", query, json!({}), &[("accept", accept)]).await;
            assert_eq!(
                (refused.status(), &refused.headers()["content-type"]),
                (status, &media.parse().unwrap()),
                "{query} {accept}"
            );
            let refused = json_of(refused).await;
            assert!(refused.get("data").is_none() && refused["errors"].is_array(), "{query}: {refused}");
        }
    }
    // A field that failed is an execution: it has data.
    let failed = shop.send("/graphql", "{ node(id: \"x\") { id } }", json!({}), &[("accept", modern)]).await;
    assert_eq!(failed.status(), StatusCode::OK);
    assert_eq!(json_of(failed).await["data"], json!({ "node": null }));
}

#[tokio::test]
async fn a_client_that_accepts_none_of_the_media_types_is_told_them() {
    let shop = Shop::open().await;
    for accept in ["text/html", "application/json;q=0"] {
        let refused = shop.send("/graphql", "{ __typename }", json!({}), &[("accept", accept)]).await;
        assert_eq!(refused.status(), StatusCode::NOT_ACCEPTABLE, "{accept}");
        assert_eq!(code(&json_of(refused).await), "NOT_ACCEPTABLE");
    }
    // Clients that would also take events get JSON for a query.
    let all = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
    let answer = shop.send("/graphql", "{ __typename }", json!({}), &[("accept", all)]).await;
    assert_eq!(answer.headers()["content-type"], "application/graphql-response+json");
}

#[tokio::test]
async fn batches_and_what_is_no_query_are_refused() {
    let shop = Shop::open().await;
    for body in
        ["[{\"query\":\"{ __typename }\"}]", "", "{", "7", "{\"query\": 7}", "{\"variables\": {}}", "null"]
    {
        let response = shop.request(post("application/json", body)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(code(&json_of(response).await), "MALFORMED");
    }
}

#[tokio::test]
async fn bodies_are_limited_with_and_without_a_content_length() {
    let shop = Shop::open().await;
    let long = json!({ "query": format!("{{ __typename }} # {}", "x".repeat(70_000)) }).to_string();
    let response = shop.request(post("application/json", long.clone())).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let chunks = futures_util::stream::iter(
        long.into_bytes().chunks(1_000).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect::<Vec<_>>(),
    );
    let response = shop.request(post("application/json", Body::from_stream(chunks))).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(&json_of(response).await), "TOO_LARGE");
}

#[tokio::test]
async fn nothing_is_kept_by_caches_and_the_newer_media_type_has_statuses() {
    let shop = Shop::open().await;
    let response = shop.send("/graphql", "{ __typename }", json!({}), &[]).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["content-type"], "application/json");
    let modern = [("accept", "application/graphql-response+json")];
    let wrong = shop.send("/graphql", "{ nothing }", json!({}), &modern).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert_eq!(wrong.headers()["content-type"], "application/graphql-response+json");
    assert_eq!(shop.send("/graphql", "{ nothing }", json!({}), &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn each_endpoint_has_its_page() {
    let shop = Shop::open().await;
    let get = async |path: &str| shop.request(Request::get(path).body(Body::empty()).unwrap()).await;
    for (page, endpoint) in [("/graphiql", "/graphql"), ("/admin/graphiql", "/admin/graphql")] {
        let response = get(page).await;
        assert_eq!(response.status(), StatusCode::OK);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page_says = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(page_says.contains(&format!("data-endpoint=\"{endpoint}\"")), "{page_says}");
        let script = get(&format!("{page}/graphiql.min.js")).await;
        assert_eq!(
            (script.status(), &script.headers()["content-encoding"]),
            (StatusCode::OK, &"gzip".parse().unwrap())
        );
        assert_eq!(get(&format!("{page}/other.js")).await.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_shop_that_is_too_busy_or_too_slow_says_so() {
    let limited = |http| Options { http, ..Options::default() };
    let limits = Options::default().http;
    let busy = Shop::with(limited(Limits { max_in_flight: 0, ..limits })).await;
    let response = busy.send("/graphql", "{ __typename }", json!({}), &[]).await;
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let timeout = std::time::Duration::from_millis(20);
    let slow = Shop::with(limited(Limits { timeout, ..limits })).await;
    slow.add_orders(1).await;
    let token = [("x-consistency-token", "order-o1@9")];
    let response = slow.send("/admin/graphql", "{ orders { totalCount } }", json!({}), &token).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(code(&json_of(response).await), "TIMEOUT");
}

#[tokio::test]
async fn the_back_office_answers_staff_only() {
    let shop = Shop::open().await;
    let served_to =
        |caller| Address::new(caller, graphql_error_for, Shutdown::new()).api(shop.api.admin()).into_router();
    let query = || {
        let body = json!({ "query": "{ orders { totalCount } }" }).to_string();
        let request = Request::post("/admin/graphql").header("content-type", "application/json");
        request.body(Body::from(body)).unwrap()
    };
    for caller in [Caller::Guest, Caller::Customer { id: "c1".to_owned() }] {
        let refused = served_to(caller).oneshot(query()).await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert_eq!(code(&json_of(refused).await), "FORBIDDEN");
    }
    assert_eq!(shop.watched.calls(), 0);
    assert_eq!(served_to(Caller::staff("operator")).oneshot(query()).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn large_answers_are_compressed_for_clients_that_accept_it_and_small_ones_are_not() {
    let shop = Shop::open().await;
    shop.add_teas(50).await;
    let (large, small) = ("{ products(first: 50) { nodes { id title } } }", "{ __typename }");
    let gzip = [("accept-encoding", "br, gzip")];
    let compressed = shop.send("/graphql", large, json!({}), &gzip).await;
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    let bytes = axum::body::to_bytes(compressed.into_body(), usize::MAX).await.unwrap();
    let plain = shop.send("/graphql", large, json!({}), &[]).await;
    assert!(plain.headers().get("content-encoding").is_none());
    let whole = axum::body::to_bytes(plain.into_body(), usize::MAX).await.unwrap();
    assert!(
        bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() * 2 < whole.len(),
        "{} of {}",
        bytes.len(),
        whole.len()
    );
    let small = shop.send("/graphql", small, json!({}), &gzip).await;
    assert!(small.headers().get("content-encoding").is_none());
}

#[tokio::test]
async fn the_endpoint_is_ready_while_the_read_models_answer() {
    let shop = Shop::open().await;
    shop.products.update().await.unwrap();
    for router in [&shop.storefront, &shop.admin] {
        for path in ["/healthz", "/readyz"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            assert_eq!(router.clone().oneshot(request).await.unwrap().status(), StatusCode::OK, "{path}");
        }
    }
    let unknown = Request::get("/nothing").body(Body::empty()).unwrap();
    let unknown = shop.request(unknown).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(code(&json_of(unknown).await), "NOT_FOUND");
}
