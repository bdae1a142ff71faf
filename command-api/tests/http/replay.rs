//! The same key again.

use axum::body::Body;
use command_api::{CommandMeta, Shopper, inputs::OrderInput};
use schemas::Context;
use serde_json::json;

use crate::shop::{Answer, Shop, command, keyed, order, send};

fn again(first: &Answer, second: &Answer) {
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.header("location"), second.header("location"));
}

/// Without the trace, which every request has of its own.
fn untraced(answer: &Answer) -> serde_json::Value {
    let mut body = answer.body.clone();
    body["traceId"] = json!(null);
    body
}

#[tokio::test]
async fn a_repeated_command_gets_the_first_answer_and_happens_once() {
    let shop = Shop::open().await;
    let first = shop.place("k1", &order()).await;
    let second = shop.place("k1", &order()).await;
    again(&first, &second);
    let mut reordered = order();
    // The same request, with what is understood anyway said, and its fields in another order.
    reordered["shippingMethod"] = json!("STANDARD");
    let email = reordered.as_object_mut().unwrap().remove("email").unwrap();
    reordered["email"] = email;
    again(&first, &shop.place("k1", &reordered).await);
    assert_eq!(shop.names(Context::Ordering).await, ["OrderPlaced"]);
}

#[tokio::test]
async fn a_key_that_came_with_another_request_is_refused() {
    let shop = Shop::open().await;
    shop.place("k1", &order()).await.is(201);
    let mut other = order();
    other["lines"][0]["quantity"] = json!(3);
    shop.place("k1", &other).await.is_problem(409, "IDEMPOTENCY_KEY_REUSED");
    // Another address is another request, and so is a command of another context.
    let category = json!({ "slug": "tea", "name": "Tea" });
    command(&shop.staff, "POST", "/v1/categories", "s1", &category).await.is(201);
    let received = json!({ "location": "central", "quantity": 1 });
    let elsewhere = command(&shop.staff, "POST", "/v1/stock/TEA-100/receive", "s1", &received).await;
    elsewhere.is_problem(409, "IDEMPOTENCY_KEY_REUSED");
    // Shoppers' and staff's keys have nothing to do with each other.
    command(&shop.staff, "POST", "/v1/stock/TEA-100/receive", "k1", &received).await.is(202);
}

#[tokio::test]
async fn a_refusal_is_repeated_though_it_would_be_accepted_by_now() {
    let shop = Shop::open().await;
    let product = json!({ "slug": "cocoa", "title": "Cocoa" });
    let id = command(&shop.staff, "POST", "/v1/products", "cocoa", &product).await.is(201).text("id");
    let at = |path: &str| format!("/v1/products/{id}{path}");
    let cocoa = json!({ "sku": "COCOA" });
    command(&shop.staff, "POST", &at("/variants"), "variant", &cocoa).await.is(201);
    let publish = async |key| command(&shop.staff, "POST", &at("/publish"), key, &json!({})).await;
    let first = publish("k1").await;
    assert_eq!(first.is_problem(422, "PRICE_MISSING").body["retryable"], false);
    let price = json!({ "price": { "minor": 990, "currencyCode": "EUR" } });
    command(&shop.staff, "PUT", &at("/variants/COCOA/price"), "priced", &price).await.is(202);
    let second = publish("k1").await;
    assert_eq!((first.status, untraced(&first)), (second.status, untraced(&second)));
    assert_eq!(second.header("idempotent-replayed"), "true");
    publish("k2").await.is(202);
}

#[tokio::test]
async fn an_acceptance_is_repeated_though_it_would_be_refused_by_now() {
    let shop = Shop::open().await;
    let placed = shop.place("k1", &order()).await;
    let (id, token) = (placed.text("id"), placed.text("guestToken"));
    let noted = |key| {
        let path = format!("/v1/orders/{id}/notes");
        let router = shop.staff.clone();
        async move { command(&router, "POST", &path, key, &json!({ "note": "Rang twice." })).await }
    };
    let first = noted("n1").await;
    first.is(202);
    shop.as_guest(&id, "cancel", "c1", &token, &json!({})).await.is(202);
    again(&first, &noted("n1").await);
    again(&placed, &shop.place("k1", &order()).await);
}

#[tokio::test]
async fn a_retry_after_the_data_was_erased_still_gets_the_first_answer() {
    let shop = Shop::open().await;
    let keys = format!("sqlite://{}", shop.folder.path().join("keys.db").display());
    let placed = shop.place("k1", &order()).await;
    let id = placed.text("id");
    platform::vault::connect(&keys).await.unwrap().erase(&format!("order-{id}")).await.unwrap();
    again(&placed, &shop.place("k1", &order()).await);
    let mut other = order();
    other["email"] = json!("other@example.com");
    shop.place("k1", &other).await.is_problem(409, "IDEMPOTENCY_KEY_REUSED");
    let note = json!({ "note": "Rang twice." });
    command(&shop.staff, "POST", &format!("/v1/orders/{id}/notes"), "n1", &note)
        .await
        .is_problem(422, "SUBJECT_ERASED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_with_one_key_are_one_order_and_equal_answers() {
    let shop = Shop::open().await;
    let asked = (0..100).map(|_| {
        let (router, request) =
            (shop.public.clone(), keyed("POST", "/v1/orders", "one").body(Body::from(order().to_string())));
        tokio::spawn(async move { send(&router, request.unwrap()).await })
    });
    let mut answers = Vec::new();
    for task in asked.collect::<Vec<_>>() {
        answers.push(task.await.unwrap());
    }
    for answer in &answers {
        assert_eq!((answer.is(201).status, &answer.body), (answers[0].status, &answers[0].body));
    }
    assert_eq!(shop.names(Context::Ordering).await, ["OrderPlaced"]);
}

#[tokio::test]
async fn in_process_callers_may_name_the_customer_and_the_subject_of_the_key() {
    let shop = Shop::open().await;
    let customer = schemas::CustomerId::derived(&["household-7"]);
    let input: OrderInput = serde_json::from_value(order()).unwrap();
    let meta = CommandMeta::new("basket-1", "import", schemas::Actor::customer("household-7"));
    let shopper = Shopper { customer: Some(customer), subject: None };
    let first = shop.commands.place_order_of(&meta, &shopper, input.clone()).await.unwrap();
    let second = shop.commands.place_order_of(&meta, &shopper, input).await.unwrap();
    assert!(!first.replayed && second.replayed);
    let event: serde_json::Value =
        serde_json::from_str(&shop.events(Context::Ordering).await[0].payload).unwrap();
    assert_eq!(event["customerId"], json!(customer));
    assert_eq!(event["email"]["subject"], format!("customer-{customer}"));
}
