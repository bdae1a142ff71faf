//! Commands that depend on events of other contexts.

use std::time::Duration;

use async_trait::async_trait;
use command_api::{Following, ForeignEvent};
use domain::stock::OpenStockItem;
use http_server::CONSISTENCY_TOKEN;
use parking_lot::Mutex;
use schemas::{Context, StreamId, Topic};
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, ask, command, keyed, send};

/// Reactors that have handled everything, or nothing; and what was asked of them.
#[derive(Default)]
pub struct Followers {
    behind: Mutex<bool>,
    asked: Mutex<Vec<(Context, ForeignEvent)>>,
}

#[async_trait]
impl Following for Followers {
    async fn handled(
        &self,
        context: Context,
        event: &ForeignEvent,
        _patience: Duration,
    ) -> Result<bool, String> {
        self.asked.lock().push((context, event.clone()));
        Ok(!*self.behind.lock())
    }
}

async fn receive(shop: &Shop, key: &str, token: Option<&str>) -> Answer {
    let mut request = keyed("POST", "/v1/stock/TEA-100/receive", key);
    if let Some(token) = token {
        request = request.header(CONSISTENCY_TOKEN, token);
    }
    let body = json!({ "location": "central", "quantity": 3 });
    send(&shop.staff, request.body(body.to_string().into()).unwrap()).await
}

/// The token of the shop's product, and the event that it names.
async fn product(shop: &Shop) -> (String, ForeignEvent) {
    let events = shop.events(Context::Catalog).await;
    let last = &events.last().unwrap().envelope;
    let event = ForeignEvent { topic: Topic::PRODUCT, stream: last.stream.clone(), position: last.position };
    (last.token(), event)
}

#[tokio::test]
async fn a_command_waits_until_its_context_has_handled_what_its_token_names() {
    let shop = Shop::open().await;
    let (token, event) = product(&shop).await;
    *shop.followers.behind.lock() = true;
    let early = receive(&shop, "k", Some(&token)).await;
    early.is_problem(503, "NOT_CAUGHT_UP");
    assert_eq!((&early.body["retryable"], early.header("retry-after")), (&json!(true), "1"));
    assert_eq!(*shop.followers.asked.lock(), [(Context::Inventory, event)]);
    *shop.followers.behind.lock() = false;
    let accepted = receive(&shop, "k", Some(&token)).await;
    accepted.is(202);
    // An answer that was given is given again, without a wait.
    *shop.followers.behind.lock() = true;
    let again = receive(&shop, "k", Some(&token)).await;
    assert_eq!((again.status, again.body), (accepted.status, accepted.body));
    assert_eq!(
        shop.names(Context::Inventory).await.iter().filter(|name| *name == "StockReceived").count(),
        1
    );
}

#[tokio::test]
async fn a_command_does_not_wait_for_streams_of_its_own_context() {
    let shop = Shop::open().await;
    let own = receive(&shop, "first", None).await.is(202).text("token");
    *shop.followers.behind.lock() = true;
    receive(&shop, "second", Some(&own)).await.is(202);
    assert_eq!(*shop.followers.asked.lock(), []);
}

#[tokio::test]
async fn a_token_that_names_no_version_of_a_stream_is_refused() {
    let shop = Shop::open().await;
    let (token, ForeignEvent { stream, .. }) = product(&shop).await;
    let beyond = format!("{stream}@1000");
    let none = format!("{stream}@0");
    let other = StreamId::from_text("planet-mars".to_owned());
    for wrong in ["nonsense", "@1", &beyond, &none, &format!("{token},{other}@1")] {
        receive(&shop, "k", Some(wrong)).await.is_problem(400, "BAD_CONSISTENCY_TOKEN");
    }
    receive(&shop, "k", None).await.is(202);
}

#[tokio::test]
async fn a_refusal_that_another_contexts_event_may_lift_is_retryable_and_not_kept() {
    let shop = Shop::open().await;
    let received = json!({ "location": "central", "quantity": 1 });
    let cocoa = "/v1/stock/COCOA/receive";
    let early = command(&shop.staff, "POST", cocoa, "k", &received).await;
    assert_eq!(early.is_problem(404, "NOT_FOUND").body["retryable"], true);
    let id = command_api::CommandMeta::staff("k", "operator").command();
    let status = ask("GET", &format!("/v1/commands/{id}")).body(Default::default()).unwrap();
    send(&shop.staff, status).await.is_problem(404, "NOT_FOUND");
    shop.decide(Context::Inventory, OpenStockItem { sku: "COCOA".parse().unwrap() }).await;
    let accepted = command(&shop.staff, "POST", cocoa, "k", &received).await;
    assert_eq!(accepted.is(202).header("idempotent-replayed"), "");
}

#[tokio::test]
async fn an_order_with_a_price_that_the_price_book_does_not_know_yet_can_be_repeated() {
    let shop = Shop::open().await;
    let mut wanted: Value = crate::shop::order();
    wanted["lines"][0]["expectedUnitPrice"] = json!({ "minor": 500, "currencyCode": "EUR" });
    let product = shop.events(Context::Catalog).await[0].envelope.stream.key().to_owned();
    shop.set_price(&product, "dearer", 500).await.is(202);
    let early = shop.place("k", &wanted).await;
    assert_eq!(early.is_problem(422, "PRICE_CHANGED").body["retryable"], true);
    shop.learn_prices().await;
    shop.place("k", &wanted).await.is(201);
}
