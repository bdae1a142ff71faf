//! How often the store is called: as often for a hundred nodes as for one.

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

use super::shop::{Shop, data};

async fn calls(shop: &Shop, query: &str, count: usize, list: &str) -> usize {
    // The first query also finds out that the hot views are level with the documents.
    shop.ask("{ stock(sku: \"SKU-1\") { level } }").await;
    shop.watched.calls();
    // As a server does: on a thread of the runtime.
    let (api, body) =
        (shop.admin.clone(), serde_json::json!({ "query": query, "variables": { "first": count } }));
    let request = Request::post("/admin/graphql").header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = tokio::spawn(async move { api.oneshot(request).await.unwrap() }).await.unwrap();
    let answer = super::shop::json_of(response).await;
    assert_eq!(data(&answer)[list]["nodes"].as_array().unwrap().len(), count);
    shop.watched.calls()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_orders_with_everything_takes_four_calls_for_1_and_for_100() {
    let shop = Shop::open().await;
    shop.add_orders(100).await;
    let query = "query($first: Int) { orders(first: $first) { nodes { id number email shipTo { city } totals { grand { amount } } \
                 lines(first: 10) { nodes { sku total { amount } } } payments { status steps { state } } \
                 shipments { status shipTo { city } lines { sku } } holds { reason text } \
                 timeline(first: 10) { nodes { title event { type } } } } pageInfo { hasNextPage endCursor } } }";
    // The orders, and with one call each payments, parcels and stories.
    assert_eq!(calls(&shop, query, 1, "orders").await, 4);
    assert_eq!(calls(&shop, query, 20, "orders").await, 4);
    assert_eq!(calls(&shop, query, 100, "orders").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_products_with_stock_and_categories_takes_four_calls_for_1_and_for_100() {
    let shop = Shop::open().await;
    shop.add_teas(100).await;
    let query = "query($first: Int) { products(first: $first) { nodes { title categories { name } \
                 variants(first: 5) { nodes { sku price { amount } stock { level } } } } } }";
    // The places of the products, their cards, the category tree, and all stock at once.
    assert_eq!(calls(&shop, query, 1, "products").await, 4);
    assert_eq!(calls(&shop, query, 100, "products").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_searched_page_of_products_with_facets_takes_three_calls_for_1_and_for_100() {
    let shop = Shop::open().await;
    shop.add_teas(100).await;
    shop.products.update().await.unwrap();
    let query = "query($first: Int) { products(search: \"tea\", first: $first) { facets { id values { count } } \
                 nodes { title categories { name } variants(first: 5) { nodes { sku stock { level } } } } } }";
    // The products, the category tree, and all stock at once.
    assert_eq!(calls(&shop, query, 1, "products").await, 3);
    assert_eq!(calls(&shop, query, 100, "products").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_of_joins_takes_one_call() {
    let shop = Shop::open().await;
    shop.add_teas(3).await;
    shop.add_orders(100).await;
    let query = "query($first: Int) { orders(first: $first) { nodes { shipments { shipTo { city } } \
                 lines(first: 3) { nodes { product { categories { name } \
                 variants(first: 2) { nodes { stock { level } } } } } } } } }";
    // The orders, their parcels, the products, the category tree and the stock.
    assert_eq!(calls(&shop, query, 1, "orders").await, 5);
    assert_eq!(calls(&shop, query, 100, "orders").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_read_with_a_call_for_each_kind() {
    let shop = Shop::open().await;
    shop.add_teas(100).await;
    let ids = shop.ask("{ products(first: 100) { nodes { id } } }").await;
    let ids: Vec<_> =
        data(&ids)["products"]["nodes"].as_array().unwrap().iter().map(|n| n["id"].clone()).collect();
    for count in [1, 100] {
        shop.watched.calls();
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Product { title } } }";
        let answer = shop.ask_with(query, serde_json::json!({ "ids": &ids[..count] })).await;
        assert_eq!(data(&answer)["nodes"].as_array().unwrap().len(), count);
        assert_eq!(shop.watched.calls(), 1);
    }
}
