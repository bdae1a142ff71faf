//! What shoppers see of the catalog.

use serde_json::{Value, json};

use super::documents::product;
use super::shop::{Shop, code, data};

fn titles(answer: &Value) -> Vec<&str> {
    let nodes = data(answer)["products"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["title"].as_str().unwrap()).collect()
}

async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_categories().await;
    let products = [(1, "Assam", "Leafy", 900), (2, "Green tea", "Hill", 500), (3, "Teapot", "Kiln", 2_900)];
    for (id, title, brand, price) in products {
        shop.add_product(&product(id, title, brand, price)).await;
    }
    let mut draft = product(4, "Tea of tomorrow", "Hill", 700);
    draft.status = "DRAFT".to_owned();
    shop.add_product(&draft).await;
    shop
}

#[tokio::test]
async fn filters_and_sort_keys_combine() {
    let shop = shop().await;
    let dear = shop.ask("{ products(where: { price: { min: \"600\" } }, sort: [{ field: PRICE, direction: DESC }]) { nodes { title } } }");
    assert_eq!(titles(&dear.await), ["Teapot", "Assam"]);
    let branded = shop.ask(
        "{ products(where: { brand: [\"Hill\", \"Kiln\"], availableForSale: true }) { nodes { title } } }",
    );
    assert_eq!(titles(&branded.await), ["Green tea", "Teapot"]);
    let below = shop.ask("{ products(where: { category: { slug: \"drinks\" } }) { nodes { title } } }").await;
    assert_eq!(titles(&below), ["Assam", "Green tea", "Teapot"]);
    let green = shop
        .ask("{ category(by: { slug: \"green-teas\" }) { id name parent { name children { slug } } } }")
        .await;
    let category = &data(&green)["category"];
    assert_eq!(category["parent"]["children"], json!([{ "slug": "black-teas" }, { "slug": "green-teas" }]));
    let query = "query($c: ID!) { products(where: { category: { id: $c } }) { nodes { title } } }";
    assert_eq!(titles(&shop.ask_with(query, json!({ "c": category["id"] })).await), ["Green tea"]);
}

#[tokio::test]
async fn a_product_is_found_by_its_id_its_address_and_its_sku_and_only_when_published() {
    let shop = shop().await;
    let query = "{ product(by: { slug: \"slug-2\" }) { id title version priceRange { min { amount minor currencyCode } } \
                 variants { nodes { id sku price { amount } product { title } } } categories { name } } }";
    let answer = shop.ask(query).await;
    let product = &data(&answer)["product"];
    assert_eq!(
        product["priceRange"]["min"],
        json!({ "amount": "5.00", "minor": "500", "currencyCode": "EUR" })
    );
    assert_eq!(product["categories"], json!([{ "name": "Green tea" }]));
    let ids = json!({ "p": product["id"], "v": product["variants"]["nodes"][0]["id"] });
    let query = "query($p: ID!, $v: ID!) { product(by: { id: $p }) { title } bySku: product(by: { sku: \"SKU-2\" }) { title } \
                 node(id: $p) { __typename id } nodes(ids: [$v, $p]) { __typename ... on Variant { sku } } }";
    let answer = shop.ask_with(query, ids).await;
    let found = data(&answer);
    assert_eq!(found["product"], found["bySku"]);
    assert_eq!(found["node"]["__typename"], "Product");
    assert_eq!(found["nodes"][0], json!({ "__typename": "Variant", "sku": "SKU-2" }));
    let hidden =
        "{ product(by: { slug: \"slug-4\" }) { title } bySku: product(by: { sku: \"SKU-4\" }) { title } }";
    assert_eq!(*data(&shop.ask(hidden).await), json!({ "product": null, "bySku": null }));
    assert_eq!(data(&shop.ask_admin(hidden).await)["product"]["title"], "Tea of tomorrow");
    for keys in ["{ slug: \"a\", sku: \"b\" }", "{}", "{ slug: null }"] {
        let answer = shop.ask(&format!("{{ product(by: {keys}) {{ id }} }}")).await;
        assert_eq!(code(&answer), "GRAPHQL_VALIDATION_FAILED", "{keys}");
    }
}

#[tokio::test]
async fn shoppers_see_a_stock_level_and_operators_a_quantity() {
    let shop = Shop::open().await;
    shop.add_teas(3).await;
    let query =
        "{ stock(sku: \"SKU-2\") { sku level availableQuantity version } gone: stock(sku: \"X\") { level } }";
    let answer = shop.ask(query).await;
    assert_eq!(data(&answer)["stock"]["level"], "LOW_STOCK");
    assert_eq!(data(&answer)["stock"]["availableQuantity"], Value::Null);
    assert_eq!(data(&answer)["gone"], Value::Null);
    let answer = shop.ask_admin(query).await;
    assert_eq!(data(&answer)["stock"]["availableQuantity"], 1);
}

#[tokio::test]
async fn the_category_tree_comes_level_by_level() {
    let shop = shop().await;
    let slugs = |answer: Value| data(&answer)["categories"].as_array().unwrap().len();
    assert_eq!(slugs(shop.ask("{ categories(depth: 1) { slug } }").await), 1);
    assert_eq!(slugs(shop.ask("{ categories { slug children { slug } } }").await), 2);
    assert_eq!(slugs(shop.ask("{ categories(depth: 10) { slug } }").await), 4);
    assert_eq!(code(&shop.ask("{ categories(depth: 0) { slug } }").await), "BAD_INPUT");
    let status = shop.ask("{ systemStatus { healthy readModels lagEvents now } }").await;
    assert_eq!(data(&status)["systemStatus"]["healthy"], true);
    assert_eq!(data(&status)["systemStatus"]["lagEvents"], "3");
}
