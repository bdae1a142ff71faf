//! Stored documents: automatic persisted queries and the manifest, over every transport.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use query_api::{AutomaticLimits, Manifest, Options, PersistedOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::shop::{Shop, code, json_of};

const LEVEL: &str = "{ stock(sku: \"SKU-1\") { level } }";
const FEED: &str = "subscription { stockChanged(skus: [\"SKU-1\"]) { level } }";
const MODERN: &str = "application/graphql-response+json";

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn shop(persisted: PersistedOptions) -> Shop {
    let shop = Shop::with(Options { persisted, ..Options::default() }).await;
    shop.add_teas(1).await;
    shop
}

fn listed(only_manifest: bool) -> PersistedOptions {
    let manifest = json!({ "level": LEVEL, "feed": FEED }).to_string();
    let manifest = Arc::new(Manifest::parse(&manifest).unwrap());
    PersistedOptions { manifest, only_manifest, ..PersistedOptions::default() }
}

impl Shop {
    async fn post(&self, endpoint: &str, body: &Value) -> Response<Body> {
        self.post_as(endpoint, body, "application/json").await
    }

    async fn post_as(&self, endpoint: &str, body: &Value, accept: &str) -> Response<Body> {
        let request =
            Request::post(endpoint).header("content-type", "application/json").header("accept", accept);
        self.request(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

#[tokio::test]
async fn a_query_is_registered_once_and_then_found_by_its_hash_at_its_endpoint() {
    let shop = shop(PersistedOptions::default()).await;
    for endpoint in ["/graphql", "/admin/graphql"] {
        let by_hash = json!({ "extensions": persisted(&hash(LEVEL)) });
        let unknown = shop.post(endpoint, &by_hash).await;
        assert_eq!(unknown.status(), StatusCode::OK);
        assert_eq!(unknown.headers()["cache-control"], "no-store");
        let unknown = json_of(unknown).await;
        assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
        assert_eq!(code(&unknown), "PERSISTED_QUERY_NOT_FOUND");
        assert_eq!(shop.post_as(endpoint, &by_hash, MODERN).await.status(), StatusCode::BAD_REQUEST);
        let registration = json!({ "query": LEVEL, "extensions": persisted(&hash(LEVEL)) });
        let first = json_of(shop.post(endpoint, &registration).await).await;
        assert_eq!(first["data"]["stock"]["level"], "OUT_OF_STOCK");
        assert_eq!(json_of(shop.post(endpoint, &by_hash).await).await, first);
        let by_id = json!({ "documentId": format!("sha256:{}", hash(LEVEL)) });
        assert_eq!(json_of(shop.post(endpoint, &by_id).await).await, first);
    }
}

#[tokio::test]
async fn what_may_not_run_is_not_registered() {
    let shop = shop(PersistedOptions::default()).await;
    for (text, hash_sent, refusal) in [
        (LEVEL, hash("{ other }"), "PERSISTED_QUERY_HASH_MISMATCH"),
        ("{", hash("{"), "GRAPHQL_PARSE_FAILED"),
        ("mutation { x }", hash("mutation { x }"), "ONLY_QUERIES"),
    ] {
        let body = json!({ "query": text, "extensions": persisted(&hash_sent) });
        assert_eq!(code(&json_of(shop.post("/graphql", &body).await).await), refusal, "{text}");
        for hash in [hash_sent, hash(text)] {
            let by_hash = json!({ "extensions": persisted(&hash) });
            let answer = json_of(shop.post("/graphql", &by_hash).await).await;
            assert_eq!(code(&answer), "PERSISTED_QUERY_NOT_FOUND", "{text}");
        }
    }
    let other = json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash(LEVEL) } } });
    let answer = json_of(shop.post("/graphql", &other).await).await;
    assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotSupported");
    for body in [
        json!({ "documentId": "a", "query": LEVEL }),
        json!({ "extensions": { "persistedQuery": {} } }),
        json!({ "extensions": [] , "query": null }),
        json!({ "documentId": 7 }),
    ] {
        let refused = shop.post("/graphql", &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(code(&json_of(refused).await), "MALFORMED");
    }
}

#[tokio::test]
async fn without_registration_clients_send_the_text() {
    let shop = shop(PersistedOptions { automatic: None, ..listed(false) }).await;
    let by_hash = json!({ "extensions": persisted(&hash("{ __typename }")) });
    let answer = json_of(shop.post("/graphql", &by_hash).await).await;
    assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotSupported");
    assert_eq!(code(&answer), "PERSISTED_QUERY_NOT_SUPPORTED");
    assert!(json_of(shop.post("/graphql", &json!({ "query": LEVEL })).await).await["errors"].is_null());
    let listed = json_of(shop.post("/graphql", &json!({ "documentId": "level" })).await).await;
    assert_eq!(listed["data"]["stock"]["level"], "OUT_OF_STOCK");
}

#[tokio::test]
async fn a_document_that_was_forgotten_is_registered_again() {
    let automatic = Some(AutomaticLimits { max_documents: 1, max_bytes: 1_000 });
    let shop = shop(PersistedOptions { automatic, ..PersistedOptions::default() }).await;
    let register = async |text: &str| {
        let body = json!({ "query": text, "extensions": persisted(&hash(text)) });
        assert!(json_of(shop.post("/graphql", &body).await).await["errors"].is_null());
    };
    let known = async |text: &str| {
        let body = json!({ "extensions": persisted(&hash(text)) });
        json_of(shop.post("/graphql", &body).await).await["errors"].is_null()
    };
    register(LEVEL).await;
    assert!(known(LEVEL).await);
    register("{ __typename }").await;
    assert!(known("{ __typename }").await && !known(LEVEL).await);
    register(LEVEL).await;
    assert!(known(LEVEL).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storefront_of_listed_documents_runs_nothing_else_on_any_transport() {
    let shop = shop(listed(true)).await;
    let other = "{ __typename }";
    let refusals = [
        (json!({ "query": other }), "QUERY_NOT_IN_SAFELIST"),
        (json!({ "query": format!("{LEVEL} ") }), "QUERY_NOT_IN_SAFELIST"),
        (json!({ "query": other, "extensions": persisted(&hash(other)) }), "QUERY_NOT_IN_SAFELIST"),
        (json!({ "documentId": "other" }), "PERSISTED_QUERY_NOT_IN_LIST"),
        (json!({ "extensions": persisted(&hash(other)) }), "PERSISTED_QUERY_NOT_IN_LIST"),
    ];
    let mut socket = shop.socket("/graphql").await;
    for (body, refusal) in &refusals {
        assert_eq!(code(&json_of(shop.post("/graphql", body).await).await), *refusal, "{body}");
        socket.send(json!({ "type": "subscribe", "id": "1", "payload": body })).await;
        let answer = socket.next().await;
        assert_eq!(answer["payload"][0]["extensions"]["code"], *refusal, "{answer}");
    }
    let get = Request::get("/graphql?query=%7B__typename%7D").body(Body::empty()).unwrap();
    assert_eq!(code(&json_of(shop.request(get).await).await), "QUERY_NOT_IN_SAFELIST");
    let run = json!({ "stock": { "level": "OUT_OF_STOCK" } });
    for body in [
        json!({ "documentId": "level" }),
        json!({ "query": LEVEL }),
        json!({ "extensions": persisted("level") }),
    ] {
        assert_eq!(json_of(shop.post("/graphql", &body).await).await["data"], run, "{body}");
    }
    socket.send(json!({ "type": "subscribe", "id": "2", "payload": { "documentId": "feed" } })).await;
    assert_eq!(socket.data("2").await, json!({ "stockChanged": { "level": "OUT_OF_STOCK" } }));
    let staff = json_of(shop.post("/admin/graphql", &json!({ "query": other })).await).await;
    assert!(staff["errors"].is_null(), "the back office is not limited: {staff}");
}
