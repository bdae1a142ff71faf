//! The cache of answers: what is asked again is not read again, and no answer goes to a caller that it is not for.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use query_api::Options;
use read_models::documents::ALL;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock_levels::STOCK_LEVELS;
use serde_json::{Value, json};

use super::documents::product;
use super::shop::{Shop, data, json_of};

const TITLES: &str = "query Titles($first: Int) { products(first: $first) { nodes { title } } }";

async fn cached_shop(teas: usize) -> Shop {
    let shop = Shop::with(Options { document_cache: 0, ..Options::default() }).await;
    shop.add_teas(teas).await;
    // Finds out that the hot views are level with the documents.
    shop.ask("{ stock(sku: \"SKU-1\") { level } }").await;
    shop.watched.calls();
    shop
}

fn titles(answer: &Value) -> Vec<&str> {
    let nodes = data(answer)["products"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_asked_at_the_same_time_is_read_once() {
    let shop = cached_shop(20).await;
    let alone = Shop::open().await;
    alone.add_teas(20).await;
    alone.watched.calls();
    let right = alone.ask(TITLES).await;
    let answers = join_all((0..50).map(|_| shop.ask(TITLES))).await;
    assert!(answers.iter().all(|answer| *answer == right));
    assert_eq!(shop.watched.calls(), alone.watched.calls());
}

#[tokio::test]
async fn an_answer_is_read_again_as_soon_as_something_was_written_to_its_collections() {
    let shop = cached_shop(3).await;
    let before = shop.ask(TITLES).await;
    for version in 4..40 {
        let title = format!("Title {version}");
        shop.write(&PRODUCTS, "product-p1", version, &product(1, &title, "Leafy", 1)).await;
        let answer = shop.ask(TITLES).await;
        assert!(titles(&answer).contains(&title.as_str()), "{answer:#}");
    }
    assert!(!titles(&before).contains(&"Title 4"));
}

/// The calls of the store for these questions, after the first has been answered.
async fn calls(shop: &Shop, query: &str, variables: Value, headers: &[(&str, &str)]) -> usize {
    shop.watched.calls();
    json_of(shop.send("/graphql", query, variables, headers).await).await;
    shop.watched.calls()
}

#[tokio::test]
async fn writes_to_collections_that_an_answer_was_not_read_from_do_not_matter() {
    let shop = cached_shop(3).await;
    let (mut hits, began) = (0, Instant::now());
    // An answer may also be read again because it is old.
    while hits < 3 {
        assert!(began.elapsed() < Duration::from_secs(10), "{hits} hits");
        shop.ask(TITLES).await;
        let level = json!({ "sku": "SKU-1", "level": "OUT_OF_STOCK", "asOf": "2026-12-01T00:00:00Z" });
        shop.write_only(&STOCK_LEVELS, vec![("stock-SKU-1".to_owned(), 100 + hits, level)]).await;
        hits += u64::from(calls(&shop, TITLES, json!({}), &[]).await == 0);
    }
}

#[tokio::test]
async fn another_question_is_not_answered_like_this_one() {
    let shop = cached_shop(3).await;
    assert_eq!(titles(&shop.ask_with(TITLES, json!({ "first": 1 })).await).len(), 1);
    assert_eq!(titles(&shop.ask_with(TITLES, json!({ "first": 2 })).await).len(), 2);
    let two = "query A { products(first: 1) { nodes { title } } } query B { products(first: 2) { nodes { title } } }";
    for (name, length) in [("A", 1), ("B", 2), ("A", 1)] {
        let body = json!({ "query": two, "operationName": name }).to_string();
        let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let answer = json_of(shop.request(request.body(body.into()).unwrap()).await).await;
        assert_eq!(titles(&answer).len(), length);
    }
}

#[tokio::test]
async fn answers_with_tokens_and_of_orders_are_read_each_time() {
    let shop = cached_shop(3).await;
    let order = "{ order(by: { number: \"1\" }) { number } }";
    let token = "{ products(consistency: \"product-p1@1\") { nodes { title } } }";
    for (query, headers) in [
        (order, vec![]),
        (token, vec![]),
        (TITLES, vec![("x-consistency-token", "product-p1@1")]),
        (TITLES, vec![("x-guest-token", "00")]),
    ] {
        for _ in 0..3 {
            assert!(calls(&shop, query, json!({}), &headers).await > 0, "{query} {headers:?}");
        }
    }
    let token =
        json_of(shop.send("/graphql", TITLES, json!({}), &[("x-consistency-token", "product-p1@1")]).await)
            .await;
    assert_eq!(token["extensions"]["consistency"]["stale"], false);
    assert!(shop.ask(TITLES).await["extensions"].get("consistency").is_none());
}

#[tokio::test]
async fn an_answer_with_an_error_is_not_kept_and_delays_no_other() {
    let shop = cached_shop(3).await;
    shop.watched.break_down(&PRODUCTS);
    let answers =
        join_all((0..50).map(|_| shop.ask("{ product(by: { slug: \"slug-1\" }) { title } }"))).await;
    assert!(answers.iter().all(|answer| answer["errors"].is_array()));
    shop.watched.calls();
    for _ in 0..3 {
        assert!(calls(&shop, "{ product(by: { slug: \"slug-1\" }) { title } }", json!({}), &[]).await > 0);
    }
}

#[tokio::test]
async fn what_another_process_writes_is_answered_after_a_quarter_of_a_second() {
    let shop = cached_shop(3).await;
    shop.ask(TITLES).await;
    let other = read_models::connect(&shop.documents, &ALL).await.unwrap();
    let generation = other.generations.live(&PRODUCTS).await.unwrap();
    let body = serde_json::to_string(&product(1, "From elsewhere", "Leafy", 1)).unwrap();
    let write =
        read_models::Write { id: "product-p1".to_owned(), version: 9, body: Some(body), stale: false };
    other.keyed.write(&generation, &[write], &platform::bus::Positions::new()).await.unwrap();
    let began = Instant::now();
    while !titles(&shop.ask(TITLES).await).contains(&"From elsewhere") {
        assert!(began.elapsed() < Duration::from_secs(10), "the answer is never read again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_memory_for_it_every_answer_is_read() {
    let shop = Shop::with(Options { answer_cache: 0, document_cache: 0, ..Options::default() }).await;
    shop.add_teas(1).await;
    for _ in 0..3 {
        assert!(calls(&shop, TITLES, json!({}), &[]).await > 0);
    }
}
