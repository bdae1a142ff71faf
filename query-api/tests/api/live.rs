//! What subscribers receive.

use std::sync::atomic::Ordering;

use read_models::documents::ALL;
use read_models::documents::orders::{ORDERS, Order};
use read_models::documents::payments::{PAYMENTS, Payment};
use read_models::documents::stock::{STOCK, StockItem};
use serde_json::{Value, json};

use super::documents::at;
use super::shop::{Shop, id};
use super::socket::{Socket, until};

const ORDER: &str = "subscription($by: OrderKey!, $token: String, $since: Int) {
    orderUpdated(by: $by, guestToken: $token, sinceVersion: $since) {
        number version status payments { status } } }";
const OFFICE: &str = "subscription($id: ID!, $since: Int) {
    orderUpdated(by: { id: $id }, sinceVersion: $since) { version email } }";

async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    shop
}

impl Shop {
    /// A later version of an order, with this status.
    async fn change_order(&self, n: usize, version: u64, status: &str) {
        let order =
            Order { status: status.to_owned(), updated_at: at(60 + version as usize), ..self.order(n).await };
        self.write(&ORDERS, &format!("order-o{n}"), version, &order).await;
    }

    async fn change_stock(&self, sku: &str, version: u64, available: u32) {
        let level = if available == 0 { "OUT_OF_STOCK" } else { "IN_STOCK" }.to_owned();
        let item =
            StockItem { sku: sku.to_owned(), available, level, updated_at: at(1), ..StockItem::default() };
        self.write(&STOCK, &format!("stock-{sku}"), version, &item).await;
    }

    /// Returns once a task waits for changes.
    async fn watched(&self) {
        until(|| self.watched.waits.load(Ordering::SeqCst) > 0).await;
    }

    async fn own_order(&self, n: usize, since: Option<u64>) -> Value {
        let token = self.guest_token(&format!("o{n}")).await;
        json!({ "by": { "id": id(&format!("Order:o{n}")) }, "token": token, "since": since })
    }
}

async fn version(socket: &mut Socket, operation: &str) -> u64 {
    socket.data(operation).await["orderUpdated"]["version"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_sent_as_it_is_and_then_each_later_version_in_order() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("1", ORDER, shop.own_order(1, None).await).await;
    let expected = json!({ "number": "10-000001", "version": 3, "status": "PLACED",
        "payments": [{ "status": "AUTHORIZED" }] });
    assert_eq!(socket.data("1").await["orderUpdated"], expected);
    shop.change_order(1, 4, "CONFIRMED").await;
    let order = socket.data("1").await;
    assert_eq!(order["orderUpdated"]["version"], 4);
    assert_eq!(order["orderUpdated"]["status"], "CONFIRMED");
    for version in 5..=40 {
        shop.change_order(1, version, "IN_FULFILMENT").await;
    }
    // Other orders are not sent; versions that follow each other quickly may be skipped.
    shop.change_order(2, 9, "COMPLETED").await;
    let mut last = 4;
    while last < 40 {
        let next = version(&mut socket, "1").await;
        assert!(next > last, "{next} after {last}");
        last = next;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_resumes_after_the_version_that_the_client_has() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("known", ORDER, shop.own_order(1, Some(3)).await).await;
    socket.subscribe("behind", ORDER, shop.own_order(2, Some(2)).await).await;
    assert_eq!(version(&mut socket, "behind").await, 3);
    shop.change_order(1, 4, "CONFIRMED").await;
    assert_eq!(version(&mut socket, "known").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_be_subscribed_to_before_queries_find_it() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("1", ORDER, shop.own_order(7, None).await).await;
    shop.watched().await;
    shop.change_order(7, 1, "PLACED").await;
    assert_eq!(version(&mut socket, "1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_guest_token_an_order_is_as_one_that_does_not_exist() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    let (own, other) = (shop.guest_token("o1").await, shop.guest_token("o2").await);
    let refused = [
        json!({ "by": { "id": id("Order:o1") }, "token": other }),
        json!({ "by": { "id": id("Order:o1") } }),
        json!({ "by": { "id": id("Order:nothing") }, "token": own }),
        json!({ "by": { "number": "10-000001" }, "token": other }),
        json!({ "by": { "number": "nothing" }, "token": own }),
    ];
    let mut answers = Vec::new();
    for variables in refused {
        socket.subscribe("1", ORDER, variables).await;
        let mut answer = socket.next().await;
        assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
        answer["payload"]["errors"][0]["locations"].take();
        answers.push(answer);
        assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    socket.subscribe("1", ORDER, json!({ "by": { "number": "10-000001" }, "token": own })).await;
    assert_eq!(version(&mut socket, "1").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_is_answered_from_the_documents_of_its_moment() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("1", ORDER, shop.own_order(1, None).await).await;
    assert_eq!(socket.data("1").await["orderUpdated"]["payments"][0]["status"], "AUTHORIZED");
    let generation = shop.store.generations.live(&PAYMENTS).await.unwrap();
    let stored = shop.store.load::<Payment>(&generation, &["payment-o1".to_owned()]).await.unwrap();
    let payment = stored.into_iter().flatten().next().and_then(|document| document.value).unwrap();
    let payment = Payment { status: "CAPTURED".to_owned(), ..payment };
    shop.write(&PAYMENTS, "payment-o1", 3, &payment).await;
    shop.change_order(1, 4, "CONFIRMED").await;
    assert_eq!(socket.data("1").await["orderUpdated"]["payments"][0]["status"], "CAPTURED");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_another_process_writes_are_sent() {
    let mut shop = shop().await;
    let mut socket = shop.socket("/admin/graphql").await;
    socket.subscribe("1", OFFICE, json!({ "id": id("Order:o1"), "since": 3 })).await;
    shop.watched().await;
    shop.store = read_models::connect(&shop.documents, &ALL).await.unwrap();
    shop.change_order(1, 4, "CONFIRMED").await;
    let order = socket.data("1").await;
    assert_eq!(order["orderUpdated"], json!({ "version": 4, "email": "guest@example.org" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_levels_are_sent_as_they_are_and_whenever_they_change() {
    const STOCK_OF: &str = "subscription($skus: [String!]!) {
        stockChanged(skus: $skus) { sku level availableQuantity version } }";
    let shop = Shop::open().await;
    shop.add_teas(2).await;
    let skus = json!({ "skus": ["SKU-1", "SKU-2", "SKU-1", "SKU-9"] });
    for (endpoint, quantity) in [("/graphql", Value::Null), ("/admin/graphql", json!(6))] {
        let mut socket = shop.socket(endpoint).await;
        socket.subscribe("1", STOCK_OF, skus.clone()).await;
        let mut first = [socket.data("1").await, socket.data("1").await];
        first.sort_by_key(|one| one["stockChanged"]["sku"].to_string());
        assert_eq!(first[0]["stockChanged"]["sku"], "SKU-1");
        assert_eq!(first[1]["stockChanged"]["sku"], "SKU-2");
        let next = first[1]["stockChanged"]["version"].as_u64().unwrap() + 1;
        shop.change_stock("SKU-3", next, 7).await;
        shop.change_stock("SKU-2", next, 6).await;
        let expected =
            json!({ "sku": "SKU-2", "level": "IN_STOCK", "availableQuantity": quantity, "version": next });
        assert_eq!(socket.data("1").await["stockChanged"], expected);
    }
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("1", STOCK_OF, json!({ "skus": [] })).await;
    assert_eq!(socket.next().await["payload"]["errors"][0]["extensions"]["code"], "BAD_INPUT");
    assert_eq!(socket.next().await["type"], "complete");
    // Refused before it is executed.
    socket.subscribe("1", STOCK_OF, json!({ "skus": vec!["SKU-1"; 101] })).await;
    let refused = socket.next().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("BAD_INPUT"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_stock_and_its_place_in_the_catalogue_are_read_once_for_all_shoppers() {
    let shop = Shop::open().await;
    shop.add_teas(1).await;
    let mut socket = shop.socket("/graphql").await;
    let query = "subscription { stockChanged(skus: [\"SKU-1\"]) { version level } }";
    for operation in 0..40 {
        socket.subscribe(&operation.to_string(), query, json!({})).await;
        assert_eq!(socket.data(&operation.to_string()).await["stockChanged"]["version"], 5);
    }
    shop.watched().await;
    shop.watched.calls();
    shop.change_stock("SKU-1", 6, 3).await;
    for _ in 0..40 {
        assert_eq!(socket.next().await["payload"]["data"]["stockChanged"]["version"], 6);
    }
    // The pointer and the stock item, twice if a look was under way; the pointers and the product.
    let calls = shop.watched.calls();
    assert!(calls <= 6, "{calls} calls for 40 subscribers");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_office_is_sent_every_order_that_changes_once_per_version() {
    let shop = shop().await;
    let mut socket = shop.socket("/admin/graphql").await;
    socket.subscribe("1", "subscription { ordersFeed { number version } }", json!({})).await;
    shop.watched().await;
    shop.change_order(2, 4, "CONFIRMED").await;
    let changed =
        |number: &str, version: u64| json!({ "ordersFeed": { "number": number, "version": version } });
    assert_eq!(socket.data("1").await, changed("10-000002", 4));
    shop.change_order(9, 1, "PLACED").await;
    assert_eq!(socket.data("1").await, changed("10-000009", 1));
    // Written late: it changed before the one above.
    let late = Order { updated_at: at(40), ..shop.order(8).await };
    shop.write(&ORDERS, "order-o8", 1, &late).await;
    assert_eq!(socket.data("1").await, changed("10-000008", 1));
    shop.change_order(1, 4, "CANCELLED").await;
    assert_eq!(socket.data("1").await, changed("10-000001", 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_each_projection_is_sent_at_first_and_when_it_changes() {
    let shop = Shop::open().await;
    let mut socket = shop.socket("/admin/graphql").await;
    socket.subscribe("1", "subscription { projectorLag { name generation lagEvents } }", json!({})).await;
    for (generation, lag) in [(1, "3"), (2, "50")] {
        let expected = json!({ "name": "orders", "generation": generation, "lagEvents": lag });
        assert_eq!(socket.data("1").await["projectorLag"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storefront_has_no_subscriptions_of_the_back_office() {
    let shop = Shop::open().await;
    let mut socket = shop.socket("/graphql").await;
    for field in ["ordersFeed { number }", "projectorLag { name }"] {
        socket.subscribe("1", &format!("subscription {{ {field} }}"), json!({})).await;
        let answer = socket.next().await;
        assert_eq!(answer["type"], "error");
        assert_eq!(answer["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_is_read_once_for_all_subscribers() {
    let shop = shop().await;
    let mut socket = shop.socket("/admin/graphql").await;
    let variables = json!({ "id": id("Order:o1") });
    let query = "subscription($id: ID!) { orderUpdated(by: { id: $id }) { version } }";
    for operation in 0..40 {
        socket.subscribe(&operation.to_string(), query, variables.clone()).await;
        assert_eq!(version(&mut socket, &operation.to_string()).await, 3);
    }
    shop.watched().await;
    shop.watched.calls();
    shop.change_order(1, 4, "CONFIRMED").await;
    for _ in 0..40 {
        assert_eq!(socket.next().await["payload"]["data"]["orderUpdated"]["version"], 4);
    }
    // The pointer to the generation and the document; twice if a look was under way.
    let calls = shop.watched.calls();
    assert!(calls <= 6, "{calls} calls for 40 subscribers");
}
