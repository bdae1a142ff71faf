//! Ids in paths and bodies: UUIDs, and the global ids that queries answer.

use axum::body::Body;
use platform::global_id;
use serde_json::{Value, json};

use crate::shop::{Shop, command, keyed, order, send};

/// A category, with its UUID and its global id.
async fn category(shop: &Shop, slug: &str, parent: Value) -> (String, String) {
    let body = json!({ "slug": slug, "name": slug, "parent": parent });
    let created = command(&shop.staff, "POST", "/v1/categories", slug, &body).await;
    created.is(201);
    (created.text("id"), created.text("globalId"))
}

#[tokio::test]
async fn commands_answer_the_global_id_that_queries_have() {
    let shop = Shop::open().await;
    let placed = shop.place("k", &order()).await;
    assert_eq!(placed.text("globalId"), global_id::encode("Order", &placed.text("id")));
    let (uuid, global) = category(&shop, "drinks", Value::Null).await;
    assert_eq!(global, global_id::encode("Category", &uuid));
    let delivery = json!({ "location": "central", "quantity": 3, "reference": "d-1" });
    let received = command(&shop.staff, "POST", "/v1/stock/TEA-100/receive", "r", &delivery).await;
    assert_eq!(received.is(202).text("globalId"), global_id::encode("StockItem", "TEA-100"));
}

#[tokio::test]
async fn global_ids_are_accepted_in_paths_and_bodies_and_do_the_same_as_uuids() {
    let shop = Shop::open().await;
    let (drinks, drinks_global) = category(&shop, "drinks", Value::Null).await;
    let (teas, teas_global) = category(&shop, "teas", json!(drinks_global)).await;
    let (_, hot_global) = category(&shop, "hot", json!(drinks)).await;
    let staff = &shop.staff;
    let to = |id: &str| format!("/v1/categories/{id}/parent");
    command(staff, "PUT", &to(&hot_global), "m1", &json!({ "parent": teas_global })).await.is(202);
    // The tree knows both spellings as one category: a circle is refused.
    let circle = command(staff, "PUT", &to(&teas), "m2", &json!({ "parent": hot_global })).await;
    circle.is(422);
    let product = json!({ "slug": "sencha", "title": "Sencha", "categoryIds": [teas_global, drinks] });
    let product = command(staff, "POST", "/v1/products", "sencha", &product).await;
    let path = format!("/v1/products/{}/categories", product.is(201).text("globalId"));
    let changed =
        command(staff, "PUT", &path, "recategorised", &json!({ "categoryIds": [hot_global] })).await;
    assert_eq!(changed.is(202).text("id"), product.text("id"));
    let placed = shop.place("k", &order()).await;
    let (global, token) = (placed.text("globalId"), placed.text("guestToken"));
    let cancelled = shop.as_guest(&global, "cancel", "x", &token, &json!({})).await;
    assert_eq!(cancelled.is(202).text("id"), placed.text("id"));
}

#[tokio::test]
async fn the_id_of_another_type_is_refused_by_name() {
    let shop = Shop::open().await;
    let (uuid, drinks) = category(&shop, "drinks", Value::Null).await;
    let product = global_id::encode("Product", &uuid);
    let placed = shop.place("k", &order()).await;
    let hold = format!("/v1/orders/{}/resolve-hold", placed.text("id"));
    let resolve = |id: &str| json!({ "reason": "SHIPMENT_LOST", "shipmentId": id, "wayOut": "REFUND" });
    for (method, path, field, body) in [
        ("POST", "/v1/categories", "parent", json!({ "slug": "a", "name": "A", "parent": product })),
        ("PUT", &format!("/v1/categories/{uuid}/parent"), "parent", json!({ "parent": product })),
        (
            "POST",
            "/v1/products",
            "categoryIds[1]",
            json!({ "slug": "a", "title": "A", "categoryIds": [drinks, product] }),
        ),
        (
            "PUT",
            &format!("/v1/products/{uuid}/categories"),
            "categoryIds[0]",
            json!({ "categoryIds": [product] }),
        ),
        ("POST", &hold, "shipmentId", resolve(&product)),
    ] {
        let refused = command(&shop.staff, method, path, path, &body).await;
        refused.is_problem(400, "INVALID_INPUT");
        let wrong: Vec<_> = refused.wrong().into_iter().collect();
        assert_eq!(wrong, [(field.to_owned(), "ID_OF_ANOTHER_TYPE".to_owned())], "{path}");
        assert!(refused.body["userErrors"][0]["message"].as_str().unwrap().contains("Product"), "{path}");
    }
    // Of the right type, they reach the rules.
    let shipment = global_id::encode("Shipment", &uuid);
    command(&shop.staff, "POST", &hold, "h", &resolve(&shipment)).await.is(422);
    for (path, expected) in [
        (format!("/v1/categories/{product}"), "category"),
        (format!("/v1/products/{drinks}"), "product"),
        (format!("/v1/shipments/{drinks}/pack"), "shipment"),
        (format!("/v1/payments/{drinks}/action"), "payment"),
        (format!("/v1/orders/{drinks}/hold"), "order"),
    ] {
        let method = if path.matches('/').count() == 3 { "PATCH" } else { "POST" };
        let body = match expected {
            "category" => json!({ "name": "B" }),
            "payment" => json!({ "outcome": "APPROVED" }),
            _ => json!({}),
        };
        let refused = command(&shop.staff, method, &path, &path, &body).await;
        refused.is_problem(404, "NOT_FOUND");
        assert!(refused.text("detail").contains(&format!("takes the id of a {expected}")), "{refused:?}");
    }
    let request = keyed("POST", &format!("/v1/orders/{drinks}/cancel"), "g").header("x-guest-token", "00");
    send(&shop.public, request.body(Body::from("{}")).unwrap()).await.is_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn money_is_sent_as_queries_and_commands_answer_it() {
    let shop = Shop::open().await;
    let price = json!({ "amount": "4.90", "minor": "490", "currencyCode": "EUR" });
    let line = |price: &Value| json!({ "sku": "TEA-100", "quantity": 1, "expectedUnitPrice": price });
    let with = |price: &Value| {
        let mut wanted = order();
        wanted["lines"] = json!([line(price)]);
        wanted
    };
    let placed = shop.place("k1", &with(&price)).await;
    assert_eq!(placed.is(201).body["totals"]["subtotal"], price);
    shop.place("k2", &with(&json!({ "minor": 490, "currencyCode": "EUR" }))).await.is(201);
    let other = json!({ "amount": "4.80", "minor": "480", "currencyCode": "EUR" });
    let refused = shop.place("k3", &with(&other)).await;
    assert_eq!(refused.is_problem(422, "PRICE_CHANGED").body["userErrors"][0]["details"]["unitPrice"], price);
    let status = placed.text("statusUrl");
    let status = send(&shop.public, crate::shop::ask("GET", &status).body(Body::empty()).unwrap()).await;
    assert_eq!(status.is(200).body["answer"]["totals"], placed.body["totals"]);
    for (odd, field) in [
        (
            json!({ "amount": "4.9", "minor": 490, "currencyCode": "EUR" }),
            "lines[0].expectedUnitPrice.amount",
        ),
        (json!({ "minor": 490, "currencyCode": "euro" }), "lines[0].expectedUnitPrice.currencyCode"),
    ] {
        let refused = shop.place(field, &with(&odd)).await;
        let wrong: Vec<_> = refused.is_problem(400, "INVALID_INPUT").wrong().into_keys().collect();
        assert_eq!(wrong, [field]);
    }
    for odd in [json!("4.90"), json!(4.9), json!(null), json!("")] {
        let odd = json!({ "minor": odd, "currencyCode": "EUR" });
        shop.place("odd", &with(&odd)).await.is_problem(400, "MALFORMED");
    }
}
