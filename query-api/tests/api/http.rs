//! The door itself.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::shop::{Shop, code, json_of};

fn post(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post("/graphql").header("content-type", content_type).body(body.into()).unwrap()
}

#[tokio::test]
async fn only_json_by_post_is_answered() {
    let shop = Shop::open().await;
    let query = json!({ "query": "{ __typename }" }).to_string();
    for (content_type, status) in [
        ("application/json", StatusCode::OK),
        ("Application/JSON; charset=utf-8", StatusCode::OK),
        ("text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/graphql", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("multipart/form-data; boundary=x", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        assert_eq!(shop.request(post(content_type, query.clone())).await.status(), status, "{content_type}");
    }
    let get = Request::get("/graphql?query=%7B__typename%7D").body(Body::empty()).unwrap();
    assert_eq!(shop.request(get).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    let none = Request::post("/graphql").body(Body::from(query)).unwrap();
    assert_eq!(code(&json_of(shop.request(none).await).await), "UNSUPPORTED_MEDIA_TYPE");
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
async fn bodies_have_a_limit_whether_or_not_they_say_how_long_they_are() {
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
async fn each_door_has_its_page() {
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
    let busy = Shop::with(query_api::Options { max_running: 0, ..query_api::Options::default() }).await;
    let response = busy.send("/graphql", "{ __typename }", json!({}), &[]).await;
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let timeout = std::time::Duration::from_millis(20);
    let slow = Shop::with(query_api::Options { timeout, ..query_api::Options::default() }).await;
    slow.add_orders(1).await;
    let token = [("x-consistency-token", "order-o1@9")];
    let response = slow.send("/admin/graphql", "{ orders { totalCount } }", json!({}), &token).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(code(&json_of(response).await), "TIMEOUT");
}
