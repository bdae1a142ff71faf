//! Queries by `GET`, and which answers caches may keep.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use http_server::Limits;
use query_api::Options;
use serde_json::json;

use super::shop::{Shop, code, json_of};

const TEA: &str = "{ product(by: { sku: \"SKU-1\" }) { title } }";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

impl Shop {
    async fn get(&self, query: &str, headers: &[(&str, &str)]) -> Response<Body> {
        self.get_at(&format!("/graphql?query={}", encoded(query)), headers).await
    }

    async fn get_at(&self, address: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let with = headers
            .iter()
            .fold(Request::get(address), |request, (name, value)| request.header(*name, *value));
        self.request(with.body(Body::empty()).unwrap()).await
    }
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn answers_about_the_catalog_are_kept_and_confirmed_by_their_tag() {
    let shop = Shop::open().await;
    shop.add_teas(1).await;
    let first = shop.get(TEA, &[]).await;
    assert_eq!((first.status(), header(&first, "cache-control")), (StatusCode::OK, "public, max-age=5"));
    assert_eq!(header(&first, "vary"), "accept, accept-encoding, x-consistency-token, x-guest-token");
    let tag = header(&first, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    assert_eq!(json_of(first).await, shop.ask(TEA).await);
    let again = shop.get(TEA, &[("if-none-match", &format!("\"other\", {tag}"))]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(
        (header(&again, "etag"), header(&again, "cache-control")),
        (tag.as_str(), "public, max-age=5")
    );
    assert_eq!(header(&again, "vary"), "accept, accept-encoding, x-consistency-token, x-guest-token");
    assert!(to_bytes(again.into_body(), usize::MAX).await.unwrap().is_empty());
    // Another representation, and another state.
    let modern = [("accept", "application/graphql-response+json"), ("if-none-match", tag.as_str())];
    let modern = shop.get(TEA, &modern).await;
    assert_eq!(modern.status(), StatusCode::OK);
    assert_ne!(header(&modern, "etag"), tag);
    shop.add_teas(2).await;
    let all = "{ products { totalCount } }";
    let before = header(&shop.get(all, &[]).await, "etag").to_owned();
    shop.add_teas(3).await;
    let after = shop.get(all, &[("if-none-match", &before)]).await;
    assert_eq!(after.status(), StatusCode::OK, "the answer has changed");
}

#[tokio::test]
async fn everything_else_is_not_kept() {
    let shop = Shop::open().await;
    shop.add_teas(1).await;
    let token = [("x-consistency-token", "product-1@1")];
    for (query, headers) in [
        ("{ order(by: { number: \"1\" }) { number } }", &[][..]),
        ("{ systemStatus { healthy } }", &[]),
        ("{ nothing }", &[]),
        ("{", &[]),
        ("{ product(by: { id: \"x\" }) { title } }", &[]),
        (TEA, &token),
    ] {
        let answer = shop.get(query, headers).await;
        assert_eq!(header(&answer, "cache-control"), "no-store", "{query}");
        assert_eq!(header(&answer, "etag"), "", "{query}");
    }
    let posted = shop.send("/graphql", TEA, json!({}), &[]).await;
    assert_eq!((header(&posted, "cache-control"), header(&posted, "etag")), ("no-store", ""));
    let options = Options { catalog_max_age: Duration::ZERO, ..Options::default() };
    assert_eq!(
        header(&Shop::with(options).await.get("{ __typename }", &[]).await, "cache-control"),
        "public, no-cache"
    );
}

#[tokio::test]
async fn a_compressed_answer_has_a_tag_of_its_own_that_is_confirmed_too() {
    let shop = Shop::open().await;
    shop.add_teas(50).await;
    let many = "{ products(first: 50) { nodes { id title } } }";
    let plain = header(&shop.get(many, &[]).await, "etag").to_owned();
    let gzip = ("accept-encoding", "gzip");
    let compressed = shop.get(many, &[gzip]).await;
    assert_eq!(header(&compressed, "content-encoding"), "gzip");
    let tag = header(&compressed, "etag").to_owned();
    assert_eq!(tag, format!("{}-gzip\"", &plain[..33]));
    let vary: Vec<_> = compressed.headers().get_all("vary").iter().map(|one| one.to_str().unwrap()).collect();
    assert_eq!(vary.join(", "), "accept, accept-encoding, x-consistency-token, x-guest-token");
    for tag in [&tag, &plain] {
        let again = shop.get(many, &[gzip, ("if-none-match", tag)]).await;
        assert_eq!((again.status(), header(&again, "etag")), (StatusCode::NOT_MODIFIED, tag.as_str()));
    }
}

#[tokio::test]
async fn guest_tokens_subscriptions_and_the_back_office_need_a_post() {
    let shop = Shop::open().await;
    let variables = encoded("{\"t\": \"secret\"}");
    let order = encoded("query($t: String) { order(by: { number: \"1\" }, guestToken: $t) { number } }");
    let feed = encoded("subscription { stockChanged(skus: [\"SKU-1\"]) { level } }");
    for address in [
        format!("/graphql?query={order}&variables={variables}"),
        format!("/graphql?query={feed}"),
        format!("/admin/graphql?query={}", encoded("{ __typename }")),
    ] {
        let refused = shop.get_at(&address, &[]).await;
        assert_eq!((refused.status(), header(&refused, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
        let refused = json_of(refused).await;
        assert_eq!(code(&refused), "METHOD_NOT_ALLOWED");
        assert!(!refused.to_string().contains("secret"));
    }
    assert_eq!(shop.watched.calls(), 0);
}

#[tokio::test]
async fn parameters_are_read_as_graphql_over_http_says() {
    let shop = Shop::open().await;
    shop.add_teas(1).await;
    let query =
        encoded("query A { __typename } query B($sku: String!) { product(by: { sku: $sku }) { title } }");
    let variables = encoded("{\"sku\": \"SKU-1\"}");
    let address = format!("/graphql?query={query}&operationName=B&variables={variables}&extensions=%7B%7D");
    let answer = shop.get_at(&address, &[]).await;
    assert_eq!(json_of(answer).await["data"], shop.ask(TEA).await["data"]);
    for bad in [
        "",
        "query=%7B__typename%7D&query=x",
        "query=%7B__typename%7D&variables=7",
        "query=%7B__typename%7D&variables=%5B",
    ] {
        let answer = shop.get_at(&format!("/graphql?{bad}"), &[]).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(code(&json_of(answer).await), "MALFORMED");
    }
    // The HTTP library refuses addresses of more than 65 534 bytes, which is a little less than the limit of a body.
    let http = Limits { max_body: 50, ..Options::default().http };
    let strict = Shop::with(Options { http, ..Options::default() }).await;
    let longer = strict.get_at(&format!("/graphql?query={}", "x".repeat(50)), &[]).await;
    assert_eq!((longer.status(), code(&json_of(longer).await)), (StatusCode::URI_TOO_LONG, "TOO_LARGE"));
}
