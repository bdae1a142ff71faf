//! What stands at which address.

use axum::body::Body;
use command_api::Options;
use platform::shutdown::Shutdown;
use serde_json::json;

use crate::shop::{Shop, ask, command, order, send};

#[tokio::test]
async fn the_back_office_is_not_open_to_everybody() {
    let shop = Shop::open().await;
    for (method, path) in [
        ("POST", "/v1/products"),
        ("POST", "/v1/stock/TEA-100/receive"),
        ("POST", "/v1/orders/00000000-0000-0000-0000-000000000000/hold"),
        ("POST", "/v1/shipments/00000000-0000-0000-0000-000000000000/pack"),
        ("POST", "/v1/payments/00000000-0000-0000-0000-000000000000/action"),
        ("POST", "/v1/reactions/redrive"),
    ] {
        command(&shop.public, method, path, "k", &json!({})).await.is_problem(404, "NOT_FOUND");
    }
    command(&shop.staff, "POST", "/v1/orders", "k", &order()).await.is_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn both_addresses_say_that_they_live_and_are_ready_until_they_leave() {
    let shutdown = Shutdown::new();
    let shop = Shop::empty(Options { shutdown: Some(shutdown.clone()), ..Options::default() }).await;
    let get = |path: &'static str| send(&shop.public, ask("GET", path).body(Body::empty()).unwrap());
    get("/healthz").await.is(200);
    get("/readyz").await.is(200);
    send(&shop.staff, ask("GET", "/readyz").body(Body::empty()).unwrap()).await.is(200);
    shutdown.begin();
    get("/readyz").await.is_problem(503, "NOT_READY");
    get("/healthz").await.is(200);
}

#[tokio::test]
async fn each_address_shows_its_own_commands_and_a_page_that_needs_nothing_from_elsewhere() {
    let shop = Shop::empty(Options::default()).await;
    for (router, mine, others) in
        [(&shop.public, "/v1/orders", "/v1/products"), (&shop.staff, "/v1/products", "/v1/orders")]
    {
        let document = send(router, ask("GET", "/openapi.json").body(Body::empty()).unwrap()).await;
        let paths = document.is(200).body["paths"].as_object().cloned().unwrap();
        assert!(paths.contains_key(mine) && !paths.contains_key(others), "{:?}", paths.keys());
        let door = send(router, ask("GET", "/docs").body(Body::empty()).unwrap()).await;
        assert!(door.status.is_redirection() && door.header("location") == "/docs/", "{door:?}");
        let page = send(router, ask("GET", "/docs/").body(Body::empty()).unwrap()).await;
        assert!(page.is(200).header("content-type").starts_with("text/html"));
    }
}
