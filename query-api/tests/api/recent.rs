//! Documents that queries share.

use std::time::{Duration, Instant};

use query_api::Options;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::STOCK;
use read_models::documents::stock::StockItem;
use serde_json::{Value, json};

use super::documents::product;
use super::shop::{Shop, data, json_of};

/// A shop that keeps documents, but no answers.
async fn shop_with_teas() -> Shop {
    let shop = Shop::with(Options { answer_cache: 0, ..Options::default() }).await;
    shop.add_teas(3).await;
    // Finds out that the hot views are level with the documents.
    shop.ask("{ stock(sku: \"SKU-1\") { level } }").await;
    shop
}

fn question(fields: &str) -> String {
    format!(
        "{{ products(first: 3) {{ nodes {{ {fields} variants {{ nodes {{ stock {{ level }} }} }} }} }} }}"
    )
}

async fn calls(shop: &Shop, query: &str, headers: &[(&str, &str)]) -> usize {
    shop.watched.calls();
    json_of(shop.send("/graphql", query, json!({}), headers).await).await;
    shop.watched.calls()
}

#[tokio::test]
async fn another_question_about_the_same_products_reads_nothing() {
    let shop = shop_with_teas().await;
    let began = Instant::now();
    loop {
        shop.ask(&question("title")).await;
        // What was read may also be too old by now.
        if calls(&shop, &question("brand slug"), &[]).await == 0 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "it always reads");
    }
}

#[tokio::test]
async fn with_a_token_and_for_staff_everything_is_read() {
    let shop = shop_with_teas().await;
    for _ in 0..3 {
        shop.ask(&question("title")).await;
        assert_eq!(calls(&shop, &question("title"), &[("x-consistency-token", "product-p1@1")]).await, 4);
        shop.watched.calls();
        shop.ask_admin(&question("title")).await;
        assert_eq!(shop.watched.calls(), 3);
    }
}

#[tokio::test]
async fn what_was_written_is_answered_at_once() {
    let shop = shop_with_teas().await;
    for version in 6..40 {
        let title = format!("Title {version}");
        shop.write(&PRODUCTS, "product-p1", version, &product(1, &title, "Leafy", 1)).await;
        let level = ["OUT_OF_STOCK", "LOW_STOCK", "IN_STOCK"][usize::try_from(version).unwrap() % 3];
        let item = StockItem { sku: "SKU-1".to_owned(), level: level.to_owned(), ..StockItem::default() };
        shop.write(&STOCK, "stock-SKU-1", version, &item).await;
        let answer = shop.ask(&question("title")).await;
        let nodes = data(&answer)["products"]["nodes"].as_array().unwrap();
        let found = nodes.iter().find(|node| node["title"] == title.as_str()).unwrap_or(&Value::Null);
        assert_eq!(found["variants"]["nodes"][0]["stock"]["level"], level, "{answer:#}");
    }
}

#[tokio::test]
async fn a_level_that_the_hot_view_lacks_is_not_kept() {
    let shop = shop_with_teas().await;
    shop.watched.break_down(&read_models::documents::stock_levels::STOCK_LEVELS);
    let query = "{ stock(sku: \"SKU-2\") { level } }";
    let began = Instant::now();
    while shop.ask(query).await["extensions"].get("degraded").is_none() {
        assert!(began.elapsed() < Duration::from_secs(10), "it is never read again");
    }
    for _ in 0..3 {
        let answer = shop.ask(query).await;
        assert_eq!(answer["extensions"]["degraded"], json!(["hotViews"]), "{answer:#}");
        assert_eq!(data(&answer)["stock"]["level"], "LOW_STOCK");
    }
}
