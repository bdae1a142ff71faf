//! The back office's commands.

use axum::body::Body;
use schemas::order::OrderPlaced;
use schemas::{Context, ShipmentId};
use serde_json::{Value, json};

use crate::shop::{Shop, command, keyed, order, send};

#[tokio::test]
async fn a_product_goes_through_its_life() {
    let shop = Shop::open().await;
    let staff = &shop.staff;
    let tree =
        command(staff, "POST", "/v1/categories", "c1", &json!({ "slug": "drinks", "name": "Drinks" })).await;
    let category = tree.is(201).text("id");
    assert_eq!(tree.header("location"), format!("/v1/categories/{category}"));
    let product = json!({ "slug": "cocoa", "title": "Cocoa", "categoryIds": [category], "brand": "Ours" });
    let created = command(staff, "POST", "/v1/products", "p1", &product).await;
    let id = created.is(201).text("id");
    let at = |path: &str| format!("/v1/products/{id}{path}");

    let variant =
        command(staff, "POST", &at("/variants"), "v1", &json!({ "sku": "COCOA", "maxPerOrder": 5 })).await;
    assert_eq!(variant.is(201).header("location"), at("/variants/COCOA"));
    let price = json!({ "price": { "minor": 990, "currencyCode": "EUR" }, "compareAt": { "minor": 1190, "currencyCode": "EUR" } });
    let steps = [
        ("PUT", at("/variants/COCOA/price"), price),
        ("PUT", at("/variants/COCOA"), json!({ "trackStock": false })),
        ("PATCH", at(""), json!({ "title": "Dark cocoa", "brand": null })),
        ("PUT", at("/attributes"), json!({ "attributes": { "origin": "Peru" } })),
        ("PUT", at("/categories"), json!({ "categoryIds": [] })),
        ("POST", at("/media"), json!({ "url": "/media/cocoa.jpg", "alt": "A cup" })),
        ("POST", at("/publish"), json!({ "reason": "Autumn" })),
        ("POST", at("/unpublish"), json!({})),
        ("POST", at("/variants/COCOA/discontinue"), json!({})),
        ("POST", at("/archive"), json!({})),
        ("PATCH", format!("/v1/categories/{category}"), json!({ "name": "Hot drinks" })),
        ("PUT", format!("/v1/categories/{category}/parent"), json!({ "parent": null })),
        ("DELETE", format!("/v1/categories/{category}"), json!({})),
    ];
    for (i, (method, path, body)) in steps.iter().enumerate() {
        command(staff, method, path, &format!("s{i}"), body).await.is(202);
    }
    let events = shop.events(Context::Catalog).await;
    let changed = events.iter().find(|event| event.envelope.name == "ProductDetailsChanged").unwrap();
    let changed: Value = serde_json::from_str(&changed.payload).unwrap();
    assert_eq!(changed["changed"]["brand"], json!({ "old": "Ours", "new": null }));
    assert_eq!(changed["actor"], json!({ "type": "STAFF", "id": "operator" }));
    command(staff, "PATCH", &at(""), "late", &json!({ "title": "X" }))
        .await
        .is_problem(422, "PRODUCT_ARCHIVED");
}

#[tokio::test]
async fn an_edit_of_another_version_than_the_latest_is_refused_with_the_latest() {
    let shop = Shop::open().await;
    let product = shop.events(Context::Catalog).await[0].envelope.stream.key().to_owned();
    let edit = |key: &str, version: &str, title: &str| {
        let request = keyed("PATCH", &format!("/v1/products/{product}"), key).header("if-match", version);
        let request = request.body(Body::from(json!({ "title": title }).to_string())).unwrap();
        let router = shop.staff.clone();
        async move { send(&router, request).await }
    };
    let first = edit("e1", "\"4\"", "Sencha").await;
    assert_eq!(first.is(202).body["version"], 5);
    let stale = edit("e2", "4", "Gyokuro").await;
    stale.is_problem(409, "VERSION_CONFLICT");
    assert_eq!(stale.body["currentVersion"], 5);
    let repeated = edit("e2", "4", "Gyokuro").await;
    assert_eq!(repeated.is_problem(409, "VERSION_CONFLICT").header("idempotent-replayed"), "true");
    edit("e2", "5", "Gyokuro").await.is_problem(409, "IDEMPOTENCY_KEY_REUSED");
    edit("e3", "5", "Gyokuro").await.is(202);
    edit("e4", "*", "Matcha").await.is(202);
    for malformed in ["abc", "\"4", "-1", "+4", "W/\"4\"", ""] {
        edit("e5", malformed, "X").await.is_problem(400, "IF_MATCH_MALFORMED");
    }
}

#[tokio::test]
async fn stock_is_received_corrected_moved_and_watched() {
    let shop = Shop::open().await;
    let stock = |method: &'static str, verb: &str, key: &str, body: Value| {
        let (router, path, key) = (shop.staff.clone(), format!("/v1/stock/TEA-100/{verb}"), key.to_owned());
        async move { command(&router, method, &path, &key, &body).await }
    };
    let received =
        stock("POST", "receive", "1", json!({ "location": "central", "quantity": 10, "reference": "D-1" }))
            .await;
    assert_eq!(
        (received.is(202).text("token"), received.text("id")),
        ("stock-TEA-100@3".into(), "TEA-100".into())
    );
    stock("POST", "adjust", "2", json!({ "location": "central", "delta": -2, "reason": "DAMAGED" }))
        .await
        .is(202);
    stock("POST", "adjust", "3", json!({ "location": "central", "count": 7, "reason": "COUNT" }))
        .await
        .is(202);
    stock("POST", "transfer", "4", json!({ "from": "central", "to": "north", "quantity": 3 })).await.is(202);
    stock("PUT", "thresholds", "5", json!({ "lowStock": 5, "safetyStock": 1 })).await.is(202);

    let short =
        stock("POST", "transfer", "6", json!({ "from": "central", "to": "north", "quantity": 30 })).await;
    assert_eq!(short.is_problem(422, "INSUFFICIENT_STOCK").wrong()["quantity"], "INSUFFICIENT_STOCK");
    let fewer =
        stock("POST", "adjust", "7", json!({ "location": "central", "delta": -5, "reason": "LOST" })).await;
    assert_eq!(fewer.is_problem(422, "BELOW_RESERVED").wrong()["delta"], "BELOW_RESERVED");
    let both = json!({ "location": "central", "delta": 1, "count": 1, "reason": "COUNT" });
    assert_eq!(
        stock("POST", "adjust", "8", both).await.is_problem(400, "INVALID_INPUT").wrong()["delta"],
        "ONE_OF"
    );
    let uncounted = json!({ "location": "central", "quantity": 1 });
    command(&shop.staff, "POST", "/v1/stock/COFFEE/receive", "9", &uncounted)
        .await
        .is_problem(404, "NOT_FOUND");
    command(&shop.staff, "POST", "/v1/stock/no%20sku/receive", "10", &uncounted)
        .await
        .is_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_parcel_is_packed_and_taken_back_in_its_orders_flow() {
    let shop = Shop::open().await;
    shop.place("k1", &order()).await.is(201);
    let placed: OrderPlaced = serde_json::from_str(&shop.events(Context::Ordering).await[0].payload).unwrap();
    let shipment = ShipmentId::of(placed.order_id, &"central".parse().unwrap());
    let path = |verb: &str| format!("/v1/shipments/{shipment}/{verb}");
    command(&shop.staff, "POST", &path("pack"), "s0", &json!({})).await.is_problem(404, "NOT_FOUND");
    shop.plan_parcel(placed).await;
    // A command with nothing to say needs no body.
    let bare =
        crate::shop::ask("POST", &path("pack")).header("idempotency-key", "s1").body(Body::empty()).unwrap();
    send(&shop.staff, bare).await.is(202);
    command(&shop.staff, "POST", &path("dispatch"), "s2", &json!({}))
        .await
        .is_problem(422, "ILLEGAL_TRANSITION");
    let bad = json!({ "eta": "tomorrow" });
    let refused = command(&shop.staff, "POST", &path("dispatch"), "s3", &bad).await;
    assert_eq!(refused.is_problem(400, "INVALID_INPUT").wrong()["eta"], "MALFORMED");
    command(&shop.staff, "POST", &path("cancel"), "s4", &json!({})).await.is(202);
    assert_eq!(
        shop.names(Context::Shipping).await,
        ["ShipmentPlanned", "ShipmentPacked", "ShipmentCancelled"]
    );
    let flows: Vec<_> = shop.events(Context::Shipping).await.iter().map(|e| e.envelope.correlation).collect();
    assert!(flows.iter().all(|flow| *flow == flows[0]), "{flows:?}");
}

#[tokio::test]
async fn staff_need_no_guest_token_and_an_orders_holds_follow_its_rules() {
    let shop = Shop::open().await;
    let id = shop.place("k1", &order()).await.text("id");
    let at = |verb: &str| format!("/v1/orders/{id}/{verb}");
    command(&shop.staff, "POST", &at("hold"), "h1", &json!({ "text": "?" }))
        .await
        .is_problem(422, "ILLEGAL_TRANSITION");
    let way = json!({ "reason": "STAFF", "wayOut": "REFUND" });
    let refused = command(&shop.staff, "POST", &at("resolve-hold"), "h2", &way).await;
    assert_eq!(refused.is_problem(422, "WAY_OUT_NOT_ALLOWED").wrong()["wayOut"], "WAY_OUT_NOT_ALLOWED");
    let reserved = json!({ "reason": "PAYMENT_FAILED" });
    command(&shop.staff, "POST", &at("cancel"), "h3", &reserved).await.is_problem(400, "INVALID_INPUT");
    command(&shop.staff, "POST", &at("cancel"), "h4", &json!({ "reason": "FRAUD" })).await.is(202);
    let event: Value = serde_json::from_str(&shop.events(Context::Ordering).await[1].payload).unwrap();
    assert_eq!((&event["reason"], &event["actor"]["type"]), (&json!("FRAUD"), &json!("STAFF")));
    let action = json!({ "outcome": "APPROVED" });
    let unpaid = command(&shop.staff, "POST", &format!("/v1/payments/{id}/action"), "h5", &action).await;
    unpaid.is_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn nothing_is_redriven_that_was_not_parked() {
    let shop = Shop::open().await;
    let ask = json!({ "context": "inventory", "reactor": "inventory-orders", "stream": "order-1" });
    command(&shop.staff, "POST", "/v1/reactions/redrive", "r1", &ask).await.is_problem(404, "NOT_FOUND");
    let wrong = json!({ "context": "kitchen", "reactor": "", "stream": "order-1" });
    let refused = command(&shop.staff, "POST", "/v1/reactions/redrive", "r2", &wrong).await;
    refused.is_problem(400, "INVALID_INPUT");
    assert_eq!(refused.wrong().keys().map(String::as_str).collect::<Vec<_>>(), ["context", "reactor"]);
}
