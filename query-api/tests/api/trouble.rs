//! When something behind it fails.

use read_models::documents::orders::ORDERS;
use read_models::documents::shipments::SHIPMENTS;
use read_models::documents::stock::STOCK;
use read_models::documents::stock_levels::STOCK_LEVELS;
use serde_json::{Value, json};

use super::documents::product;
use super::shop::{Shop, code, data};

#[tokio::test]
async fn without_stock_the_catalog_is_still_shown() {
    let shop = Shop::open().await;
    shop.add_teas(2).await;
    shop.watched.break_down(&STOCK);
    shop.watched.break_down(&STOCK_LEVELS);
    let answer =
        shop.ask("{ products { nodes { title variants { nodes { sku stock { level } } } } } }").await;
    let products = &answer["data"]["products"]["nodes"];
    assert_eq!(products[1]["title"], "Tea 002");
    assert_eq!(products[1]["variants"]["nodes"][0], json!({ "sku": "SKU-2", "stock": null }));
    assert_eq!(code(&answer), "UNAVAILABLE");
    let error = &answer["errors"][0];
    assert!(error["path"].is_array(), "{error}");
    assert_eq!(error["extensions"]["traceId"].as_str().map(str::len), Some(32), "{error}");
    assert!(!answer.to_string().contains("secret-host"), "{answer}");
}

#[tokio::test]
async fn of_several_nodes_one_that_fails_leaves_the_others() {
    let shop = Shop::open().await;
    shop.add_teas(2).await;
    shop.add_orders(1).await;
    shop.watched.break_down(&ORDERS);
    let ids = json!([
        super::shop::id("Product:p2"),
        super::shop::id("Order:o1"),
        "nonsense",
        super::shop::id("Product:p9")
    ]);
    let answer = shop.ask_admin(&format!("{{ nodes(ids: {ids}) {{ ... on Product {{ title }} }} }}")).await;
    assert_eq!(answer["data"]["nodes"], json!([{ "title": "Tea 002" }, null, null, null]));
    let codes: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|e| e["extensions"]["code"].clone()).collect();
    assert!(
        codes.len() == 2 && codes.contains(&json!("UNAVAILABLE")) && codes.contains(&json!("BAD_ID")),
        "{answer}"
    );
}

#[tokio::test]
async fn one_failing_list_leaves_the_others() {
    let shop = Shop::open().await;
    shop.add_orders(2).await;
    shop.watched.break_down(&SHIPMENTS);
    let query =
        "{ orders { nodes { number shipments { status } payments { status } } } shipments { totalCount } }";
    let answer = shop.ask_admin(query).await;
    let order = &answer["data"]["orders"]["nodes"][0];
    assert_eq!((&order["shipments"], &order["payments"][0]["status"]), (&Value::Null, &json!("AUTHORIZED")));
    assert!(answer["data"].as_object().unwrap().contains_key("shipments"));
    shop.watched.break_down(&ORDERS);
    let answer = shop.ask_admin("{ orders { totalCount nodes { number } } }").await;
    assert_eq!(answer["data"], json!({ "orders": null }));
}

#[tokio::test]
async fn a_document_that_says_something_unknown_is_an_internal_error_and_what_must_have_the_field_is_null() {
    let shop = Shop::open().await;
    let mut order = shop.order(1).await;
    order.status = "TELEPORTED".to_owned();
    shop.write(&ORDERS, "order-o1", 1, &order).await;
    let answer = shop.ask_admin("{ order(by: { number: \"10-000001\" }) { number status } }").await;
    assert_eq!(code(&answer), "INTERNAL");
    assert!(!answer.to_string().contains("TELEPORTED"), "{answer}");
    assert_eq!(
        (&answer["data"], &answer["errors"][0]["path"]),
        (&json!({ "order": null }), &json!(["order", "status"]))
    );
    let answer = shop.ask_admin("{ order(by: { number: \"10-000001\" }) { number } }").await;
    assert_eq!(data(&answer)["order"]["number"], "10-000001");
}

#[tokio::test]
async fn a_number_beyond_int_is_an_error_of_its_field_and_never_an_answer() {
    let shop = Shop::open().await;
    let mut tea = product(1, "Tea", "Leafy", 490);
    tea.variants[0].weight_grams = Some(u32::MAX);
    tea.variants[0].max_per_order = Some(1 << 31);
    shop.add_product(&tea).await;
    let query = "{ product(by: { sku: \"SKU-1\" }) { variants { nodes { sku weightGrams maxPerOrder } } } }";
    let answer = shop.ask(query).await;
    let variant = json!({ "sku": "SKU-1", "weightGrams": null, "maxPerOrder": null });
    assert_eq!(answer["data"]["product"]["variants"]["nodes"], json!([variant]));
    let codes: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
    assert_eq!(codes, ["OUT_OF_RANGE", "OUT_OF_RANGE"]);

    shop.add_orders(1).await;
    let mut order = shop.order(1).await;
    order.lines[0].qty = u32::MAX;
    shop.write(&ORDERS, "order-o1", 4, &order).await;
    let answer =
        shop.ask_admin("{ order(by: { number: \"10-000001\" }) { lines { nodes { quantity } } } }").await;
    assert_eq!(code(&answer), "OUT_OF_RANGE");
    assert!(!answer["data"].to_string().contains("4294967295"), "{answer}");
}
