//! What is served at which address, and to whom.

use axum::body::Body;
use command_api::{LIMITS, problem_for, staff_api};
use http_server::{Address, Caller, Scopes};
use platform::shutdown::Shutdown;
use schemas::Context;
use serde_json::{Value, json};

use crate::shop::{ORIGIN, Shop, ask, command, order, send};

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
async fn both_addresses_are_alive_and_ready_until_they_shut_down() {
    let shop = Shop::empty(LIMITS).await;
    let get = |path: &'static str| send(&shop.public, ask("GET", path).body(Body::empty()).unwrap());
    get("/healthz").await.is(200);
    get("/readyz").await.is(200);
    send(&shop.staff, ask("GET", "/readyz").body(Body::empty()).unwrap()).await.is(200);
    shop.shutdown.begin();
    get("/readyz").await.is_problem(503, "NOT_READY");
    get("/healthz").await.is(200);
}

#[tokio::test]
async fn each_address_shows_its_own_commands_and_a_page_that_needs_nothing_from_elsewhere() {
    let shop = Shop::empty(LIMITS).await;
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

#[tokio::test]
async fn the_caller_is_the_actor_and_staff_routes_do_not_exist_for_guests() {
    let shop = Shop::empty(LIMITS).await;
    let served_to = |caller| {
        let api = staff_api(shop.commands.clone(), shop.followers.clone(), LIMITS);
        Address::new(caller, problem_for, Shutdown::new()).api(api).into_router()
    };
    let tea = json!({ "slug": "tea", "title": "Tea" });
    let guest = served_to(Caller::Guest);
    command(&guest, "POST", "/v1/products", "k", &tea).await.is_problem(404, "NOT_FOUND");
    assert!(shop.events(Context::Catalog).await.is_empty());
    let importer = served_to(Caller::Service { name: "importer".to_owned(), scopes: Scopes::All });
    command(&importer, "POST", "/v1/products", "k", &tea).await.is(201);
    let actor = async || {
        let events = shop.events(Context::Catalog).await;
        serde_json::from_str::<Value>(&events.last().unwrap().payload).unwrap()["actor"].clone()
    };
    assert_eq!(actor().await, json!({ "type": "SERVICE", "id": "importer" }));
    // Equal keys of different callers are unrelated.
    let coffee = json!({ "slug": "coffee", "title": "Coffee" });
    command(&shop.staff, "POST", "/v1/products", "k", &coffee).await.is(201);
    assert_eq!(actor().await, json!({ "type": "STAFF", "id": "operator" }));
}

#[tokio::test]
async fn pages_of_allowed_origins_may_send_commands_to_the_public_address_only() {
    let shop = Shop::open().await;
    let preflight = |router: &axum::Router, origin: &str| {
        let request = ask("OPTIONS", "/v1/orders")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,idempotency-key");
        let (router, request) = (router.clone(), request.body(Body::empty()).unwrap());
        async move { send(&router, request).await }
    };
    let allowed = preflight(&shop.public, ORIGIN).await;
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(allowed.header("access-control-allow-headers"), "content-type,idempotency-key");
    assert_eq!(
        preflight(&shop.public, "https://other.example").await.header("access-control-allow-origin"),
        ""
    );
    assert_eq!(preflight(&shop.staff, ORIGIN).await.header("access-control-allow-origin"), "");
    let request = crate::shop::keyed("POST", "/v1/orders", "k").header("origin", ORIGIN);
    let placed = send(&shop.public, request.body(Body::from(order().to_string())).unwrap()).await;
    assert_eq!(placed.is(201).header("access-control-allow-origin"), ORIGIN);
    assert_eq!(placed.header("access-control-expose-headers"), "*");
}
