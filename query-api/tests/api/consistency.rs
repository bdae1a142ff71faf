//! Reading what one has just written.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use query_api::Options;
use read_models::documents::orders::ORDERS;
use serde_json::{Value, json};

use super::shop::{Shop, code, data, json_of};

const QUERY: &str = "{ orders { nodes { number } } }";

async fn ask(shop: &Shop, token: &str) -> Value {
    json_of(shop.send("/admin/graphql", QUERY, json!({}), &[("x-consistency-token", token)]).await).await
}

#[tokio::test]
async fn a_query_waits_until_the_collection_that_it_reads_has_the_version() {
    let shop = Shop::open().await;
    shop.add_orders(1).await;
    let later = async {
        // The query has begun to wait before the document comes.
        let deadline = Instant::now() + Duration::from_secs(5);
        while shop.watched.waits.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < deadline);
            tokio::task::yield_now().await;
        }
        let order = shop.order(2).await;
        shop.write(&ORDERS, "order-o2", 1, &order).await;
    };
    let (answer, ()) = tokio::join!(ask(&shop, "order-o2@1,order-o1@2"), later);
    assert_eq!(data(&answer)["orders"]["nodes"].as_array().unwrap().len(), 2);
    let consistency = &answer["extensions"]["consistency"];
    let version = |stream: &str, version: u64| json!({ "stream": stream, "version": version });
    assert_eq!(consistency["requested"], json!([version("order-o2", 1), version("order-o1", 2)]));
    assert_eq!(consistency["observed"], json!([version("order-o2", 1), version("order-o1", 3)]));
    assert_eq!((&consistency["stale"], &consistency["notCovered"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn when_patience_ends_the_answer_says_that_it_is_stale() {
    let shop = Shop::with(Options { patience: Duration::from_millis(50), ..Options::default() }).await;
    shop.add_orders(1).await;
    let answer = ask(&shop, "order-o1@9,stock-SKU-1@3").await;
    assert_eq!(data(&answer)["orders"]["nodes"].as_array().unwrap().len(), 1);
    let consistency = &answer["extensions"]["consistency"];
    assert_eq!((&consistency["stale"], &consistency["observed"][0]["version"]), (&json!(true), &json!(3)));
    assert_eq!(consistency["notCovered"], json!(["stock-SKU-1"]));
    assert!(consistency["lagMs"].as_u64().unwrap() >= 50);
}

#[tokio::test]
async fn when_too_many_wait_the_next_is_answered_at_once() {
    let shop = Shop::with(Options { max_waiting: 0, ..Options::default() }).await;
    shop.add_orders(1).await;
    let answer = ask(&shop, "order-o1@9").await;
    assert_eq!(answer["extensions"]["consistency"]["stale"], true);
    assert_eq!(shop.watched.waits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_argument_does_what_the_header_does_and_without_either_nothing_is_told() {
    let shop = Shop::open().await;
    shop.add_orders(1).await;
    let answer = shop
        .ask_admin("{ order(by: { number: \"10-000001\" }, consistency: \"order-o1@3\") { number } }")
        .await;
    assert_eq!(answer["extensions"]["consistency"]["stale"], false);
    assert!(ask(&shop, "").await["extensions"].get("consistency").is_none());
    assert_eq!(code(&ask(&shop, "nonsense").await), "BAD_CONSISTENCY_TOKEN");
    assert_eq!(code(&ask(&shop, &"order-1@1,".repeat(17)).await), "BAD_CONSISTENCY_TOKEN");
    let argument = shop.ask_admin("{ orders(consistency: \"nonsense\") { totalCount } }").await;
    assert_eq!(code(&argument), "BAD_CONSISTENCY_TOKEN");
}
