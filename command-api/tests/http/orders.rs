//! Shoppers' commands.

use axum::http::StatusCode;
use schemas::Context;
use serde_json::{Value, json};

use crate::shop::{Shop, ask, command, order, send};

#[tokio::test]
async fn a_placed_order_is_created_with_its_number_totals_token_and_a_guest_token() {
    let shop = Shop::open().await;
    let placed = shop.place("k1", &order()).await;
    placed.is(201);
    let id = placed.text("id");
    assert_eq!(placed.header("location"), format!("/v1/orders/{id}"));
    assert_eq!(placed.text("token"), format!("order-{id}@1"));
    assert_eq!((&placed.body["orderId"], &placed.body["version"]), (&json!(id), &json!(1)));
    assert!(placed.text("orderNumber").starts_with("10-"));
    assert_eq!(
        placed.body["totals"]["grand"],
        json!({ "amount": "14.70", "minor": "1470", "currencyCode": "EUR" })
    );
    assert_eq!(placed.text("guestToken").len(), 64);
    assert_eq!(placed.text("statusUrl"), format!("/v1/commands/{}", placed.text("commandId")));
    assert_eq!(shop.names(Context::Ordering).await, ["OrderPlaced"]);
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_told_at_once() {
    let shop = Shop::open().await;
    let bad = json!({
        "lines": [{ "sku": "no sku!", "quantity": 0, "expectedUnitPrice": { "minor": 1, "currencyCode": "XXQ" } }],
        "email": "nobody",
        "shippingAddress": { "name": "", "lines": [], "city": "x".repeat(101), "country": "Germany" },
        "billingAddress": { "name": "A", "lines": ["B"], "city": "C", "country": "QQ" },
        "paymentToken": "4111 1111 1111 1111",
        "currency": "euro",
    });
    let refused = shop.place("k", &bad).await;
    refused.is_problem(400, "INVALID_INPUT");
    let wrong = refused.wrong();
    let expected = [
        ("billingAddress.country", "UNKNOWN_COUNTRY"),
        ("currency", "MALFORMED"),
        ("email", "INVALID_EMAIL"),
        ("lines[0].expectedUnitPrice.currencyCode", "MALFORMED"),
        ("lines[0].quantity", "OUT_OF_RANGE"),
        ("lines[0].sku", "MALFORMED"),
        ("paymentToken", "CARD_NUMBER_REFUSED"),
        ("shippingAddress.city", "TOO_LONG"),
        ("shippingAddress.country", "UNKNOWN_COUNTRY"),
        ("shippingAddress.lines", "OUT_OF_RANGE"),
        ("shippingAddress.name", "REQUIRED"),
    ];
    assert_eq!(
        wrong.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect::<Vec<_>>(),
        expected
    );
    assert!(!refused.body.to_string().contains("4111"), "what was refused is not repeated");
    assert!(shop.events(Context::Ordering).await.is_empty());
}

#[tokio::test]
async fn what_the_rules_refuse_is_told_with_what_mends_it() {
    let shop = Shop::open().await;
    let mut wanted = order();
    wanted["lines"] = json!([
        { "sku": "TEA-100", "quantity": 1, "expectedUnitPrice": { "minor": 450, "currencyCode": "EUR" } },
        { "sku": "TEA-100", "quantity": 500 },
        { "sku": "COFFEE", "quantity": 1 },
    ]);
    let refused = shop.place("k", &wanted).await;
    refused.is_problem(422, "PRICE_CHANGED");
    let wrong: Vec<_> = refused.wrong().into_iter().collect();
    let expected = [
        ("lines[0].expectedUnitPrice", "PRICE_CHANGED"),
        ("lines[1].quantity", "QUANTITY_OUT_OF_RANGE"),
        ("lines[2].sku", "UNKNOWN_SKU"),
    ];
    assert_eq!(wrong, expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
    assert_eq!(refused.body["userErrors"][0]["details"]["unitPrice"]["minor"], "490");
}

#[tokio::test]
async fn an_order_of_a_thousand_lines_fits() {
    let shop = Shop::open().await;
    let mut wanted = order();
    let line = json!({ "sku": "TEA-100", "quantity": 1, "expectedUnitPrice": { "minor": 490, "currencyCode": "EUR" } });
    wanted["lines"] = Value::Array(vec![line; 1_000]);
    assert!(wanted.to_string().len() > 80_000);
    // So many of one SKU are refused by a rule, but the request was understood.
    shop.place("k", &wanted).await.is_problem(422, "QUANTITY_OUT_OF_RANGE");
}

#[tokio::test]
async fn only_the_holder_of_the_guest_token_can_cancel_and_for_others_the_order_does_not_exist() {
    let shop = Shop::open().await;
    let placed = shop.place("k1", &order()).await;
    let other = shop.place("k2", &order()).await;
    let (id, token) = (placed.text("id"), placed.text("guestToken"));
    let body = json!({ "text": "I found it elsewhere.", "reason": "FRAUD" });
    let strangers = other.text("guestToken");
    for wrong in ["", "00", strangers.as_str(), "not hex at all"] {
        shop.as_guest(&id, "cancel", "c0", wrong, &body).await.is_problem(404, "NOT_FOUND");
    }
    let unknown = "00000000-0000-0000-0000-000000000000";
    shop.as_guest(unknown, "cancel", "c0", &token, &body).await.is_problem(404, "NOT_FOUND");

    let cancelled = shop.as_guest(&id, "cancel", "c1", &token, &body).await;
    cancelled.is(202);
    assert_eq!(cancelled.header("location"), cancelled.text("statusUrl"));
    assert_eq!(cancelled.text("token"), format!("order-{id}@2"));
    let events = shop.events(Context::Ordering).await;
    let event: Value = serde_json::from_str(&events.last().unwrap().payload).unwrap();
    assert_eq!(event["reason"], "CUSTOMER", "a shopper's reason is theirs, whatever they say");
    assert_eq!(event["actor"], json!({ "type": "CUSTOMER", "id": "guest" }));
    assert_eq!(event["text"]["subject"], format!("order-{id}"));
    let flows: Vec<_> =
        events.iter().filter(|e| e.envelope.stream.key() == id).map(|e| e.envelope.correlation).collect();
    assert_eq!(flows[0], flows[1], "what happens to an order belongs to its flow");
}

#[tokio::test]
async fn a_payment_retry_is_refused_while_none_is_needed_and_a_card_number_always() {
    let shop = Shop::open().await;
    let placed = shop.place("k1", &order()).await;
    let (id, token) = (placed.text("id"), placed.text("guestToken"));
    let retry = json!({ "paymentToken": "tok_other" });
    shop.as_guest(&id, "retry-payment", "r1", &token, &retry).await.is_problem(422, "ILLEGAL_TRANSITION");
    let card = json!({ "paymentToken": "tok-4111-1111-1111-1111" });
    let refused = shop.as_guest(&id, "retry-payment", "r2", &token, &card).await;
    refused.is_problem(400, "INVALID_INPUT");
    assert_eq!(refused.wrong()["paymentToken"], "CARD_NUMBER_REFUSED");
}

#[tokio::test]
async fn the_outcome_of_a_command_can_be_queried() {
    let shop = Shop::open().await;
    let placed = shop.place("k1", &order()).await;
    let status =
        send(&shop.public, ask("GET", &placed.text("statusUrl")).body(Default::default()).unwrap()).await;
    status.is(200);
    assert_eq!((&status.body["outcome"], &status.body["token"]), (&json!("ACCEPTED"), &placed.body["token"]));
    assert_eq!(status.body["answer"]["orderNumber"], placed.body["orderNumber"]);
    assert!(
        status.body["answer"]["guestToken"].is_null(),
        "only the answer to the placing command contains the token"
    );

    let mut wanted = order();
    wanted["currency"] = json!("GBP");
    shop.place("k2", &wanted).await.is_problem(422, "CURRENCY_NOT_ACCEPTED");
    let id = command_api::CommandMeta::guest("k2").command();
    let status =
        send(&shop.public, ask("GET", &format!("/v1/commands/{id}")).body(Default::default()).unwrap()).await;
    assert_eq!(
        (&status.body["outcome"], &status.body["refusal"]["code"]),
        (&json!("REFUSED"), &json!("CURRENCY_NOT_ACCEPTED"))
    );

    for unknown in ["00000000-0000-0000-0000-000000000000", "nonsense"] {
        let status = send(
            &shop.public,
            ask("GET", &format!("/v1/commands/{unknown}")).body(Default::default()).unwrap(),
        );
        status.await.is_problem(404, "NOT_FOUND");
    }
    let staffs =
        command(&shop.staff, "POST", "/v1/categories", "c", &json!({ "slug": "tea", "name": "Tea" })).await;
    let path = staffs.text("statusUrl");
    let status = send(&shop.public, ask("GET", &path).body(Default::default()).unwrap()).await;
    assert_eq!(status.status, StatusCode::NOT_FOUND, "the back office is not visible to shoppers");
    send(&shop.staff, ask("GET", &path).body(Default::default()).unwrap()).await.is(200);
}
