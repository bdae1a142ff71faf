//! Search by stock: the filter, the facet, and how they follow the documents.

use std::time::{Duration, Instant};

use platform::bus::{Positions, decode_positions};
use platform::shutdown::Shutdown;
use read_models::Write;
use read_models::documents::products::{PRODUCTS, Product, Variant};
use read_models::documents::stock::{STOCK, StockItem};
use serde_json::{Value, json};

use super::documents::{at, product};
use super::shop::{Shop, data, json_of};

const IN_STOCK: &str = "{ products(where: { inStock: true }) { totalCount nodes { title } } }";
const FACETS: &str = "query($w: ProductWhere) { products(where: $w) { totalCount facets(names: [\"brand\", \"stock\"]) \
    { id values { id count selected input } } } }";

fn item(sku: &str, available: u32, changed: u64) -> StockItem {
    let level = if available == 0 { "OUT_OF_STOCK" } else { "IN_STOCK" }.to_owned();
    let (sku, level_position) = (sku.to_owned(), Some(changed));
    StockItem { sku, available, level, level_position, updated_at: at(1), ..StockItem::default() }
}

impl Shop {
    /// Writes stock as the event at this position of a partition would.
    async fn record_stock(&self, partition: u32, position: u64, version: u64, item: &StockItem) {
        let generation = self.store.generations.live(&STOCK).await.unwrap();
        let (id, body) = (format!("stock-{}", item.sku), Some(serde_json::to_string(item).unwrap()));
        let write = Write { id, version, body, stale: false };
        let positions = decode_positions([(format!("chorale.stock.v1/{partition}"), position)]);
        self.store.keyed.write(&generation, &[write], &positions).await.unwrap();
    }

    async fn in_stock(&self) -> Vec<String> {
        let answer = self.ask(IN_STOCK).await;
        let nodes = data(&answer)["products"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["title"].as_str().unwrap().to_owned()).collect()
    }

    async fn in_stock_until(&self, expected: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let now = self.in_stock().await;
            if now == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{now:?} are in stock, not {expected:?}");
            tokio::task::yield_now().await;
        }
    }
}

/// Assam with stock, Sencha without, and a teapot that was never received.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    for (id, title, brand) in [(1, "Assam", "Leafy"), (2, "Sencha", "Hill"), (3, "Teapot", "Hill")] {
        shop.add_product(&product(id, title, brand, 900)).await;
    }
    shop.record_stock(0, 5, 3, &item("SKU-1", 4, 5)).await;
    shop.record_stock(0, 6, 3, &item("SKU-2", 0, 6)).await;
    shop.products.update().await.unwrap();
    shop
}

#[tokio::test]
async fn products_are_filtered_and_counted_by_stock_after_the_other_filters() {
    let shop = shop().await;
    assert_eq!(shop.in_stock().await, ["Assam"]);
    let counts = async |filter: Value| {
        let answer = shop.ask_with(FACETS, json!({ "w": filter })).await;
        let text = |value: &Value| {
            let text = format!("{} {}", value["id"].as_str().unwrap(), value["count"]);
            if value["selected"] == true { format!("[{text}]") } else { text }
        };
        let facets = data(&answer)["products"]["facets"].as_array().unwrap();
        let values = |id: &str| {
            let facet = facets.iter().find(|facet| facet["id"] == id).unwrap();
            facet["values"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(", ")
        };
        format!("{} | {}", values("brand"), values("stock"))
    };
    assert_eq!(counts(json!({})).await, "Hill 2, Leafy 1 | OUT_OF_STOCK 2, IN_STOCK 1");
    assert_eq!(counts(json!({ "brand": ["Hill"] })).await, "[Hill 2], Leafy 1 | OUT_OF_STOCK 2");
    assert_eq!(counts(json!({ "inStock": true })).await, "Leafy 1 | OUT_OF_STOCK 2, [IN_STOCK 1]");
    assert_eq!(counts(json!({ "inStock": false, "brand": ["Hill"] })).await, "[Hill 2] | [OUT_OF_STOCK 2]");
    let answer = shop.ask_with(FACETS, json!({})).await;
    let inputs: Vec<&Value> = data(&answer)["products"]["facets"][1]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| &value["input"])
        .collect();
    assert_eq!(inputs, [&json!({ "inStock": false }), &json!({ "inStock": true })]);
}

#[tokio::test]
async fn a_product_is_in_stock_if_a_priced_variant_on_sale_is_or_is_not_tracked() {
    let shop = shop().await;
    let priced = product(9, "Priced", "Leafy", 100).variants.remove(0);
    let variant = |sku: &str| Variant { sku: sku.to_owned(), ..priced.clone() };
    let variants: [(&str, Vec<Variant>); 4] = [
        ("In one of two", vec![variant("SKU-2"), variant("SKU-1")]),
        ("Not tracked", vec![Variant { track_stock: false, ..variant("SKU-5") }]),
        ("Discontinued", vec![Variant { discontinued: true, ..variant("SKU-1") }]),
        ("Without a price", vec![Variant { prices: Default::default(), ..variant("SKU-1") }]),
    ];
    for (id, (title, variants)) in (10..).zip(variants) {
        let skus = variants.iter().map(|variant| variant.sku.clone()).collect();
        shop.add_product(&Product { variants, skus, position: 9, ..product(id, title, "Leafy", 100) }).await;
    }
    let generation = shop.store.generations.live(&PRODUCTS).await.unwrap();
    let positions = decode_positions([("chorale.product.v1/0".to_owned(), 9)]);
    shop.store.keyed.write(&generation, &[], &positions).await.unwrap();
    shop.products.update().await.unwrap();
    assert_eq!(shop.in_stock().await, ["Assam", "In one of two", "Not tracked"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_follows_stock_even_of_a_partition_that_was_left_behind_and_of_another_generation() {
    let shop = shop().await;
    let shutdown = Shutdown::new();
    let following = tokio::spawn(shop.products.clone().follow(shutdown.clone()));
    shop.record_stock(0, 90, 4, &item("SKU-1", 0, 90)).await;
    shop.in_stock_until(&[]).await;
    // An earlier event, applied later.
    shop.record_stock(1, 50, 1, &item("SKU-3", 7, 50)).await;
    shop.in_stock_until(&["Teapot"]).await;
    shop.record_stock(1, 91, 4, &item("SKU-2", 1, 91)).await;
    shop.in_stock_until(&["Sencha", "Teapot"]).await;

    let rebuilt = shop.store.generations.create(&STOCK).await.unwrap();
    let body = Some(serde_json::to_string(&item("SKU-1", 3, 92)).unwrap());
    let write = Write { id: "stock-SKU-1".to_owned(), version: 5, body, stale: false };
    shop.store.keyed.write(&rebuilt, &[write], &Positions::new()).await.unwrap();
    shop.store.generations.switch(&rebuilt).await.unwrap();
    shop.in_stock_until(&["Assam"]).await;
    shutdown.begin();
    following.await.unwrap();
}

#[tokio::test]
async fn a_movement_that_changes_no_level_reads_no_stock_and_no_product() {
    let shop = shop().await;
    let calls = async || {
        let before = shop.index_calls.calls();
        shop.products.update().await.unwrap();
        (before, shop.index_calls.calls())
    };
    // Of products and of stock the pointer and the positions, and the pointer and the document of the categories.
    assert_eq!(calls().await.1, 6);
    shop.record_stock(0, 7, 4, &item("SKU-1", 3, 5)).await;
    // And the stock items whose level has changed since: none.
    assert_eq!(calls().await.1, 7);
    shop.record_stock(0, 8, 5, &item("SKU-1", 0, 8)).await;
    // And its product, and the stock of its variants.
    assert_eq!(calls().await.1, 9);
    assert!(shop.in_stock().await.is_empty());
}

#[tokio::test]
async fn a_token_of_a_stock_item_waits_for_the_index() {
    let shop = shop().await;
    // Nothing feeds the index in the meantime.
    shop.record_stock(0, 7, 4, &item("SKU-2", 8, 7)).await;
    assert_eq!(shop.in_stock().await, ["Assam"]);
    let token = [("x-consistency-token", "stock-SKU-2@4")];
    let answer = json_of(shop.send("/graphql", IN_STOCK, json!({}), &token).await).await;
    assert_eq!(data(&answer)["products"]["totalCount"], 2, "{answer:#}");
    assert_eq!(answer["extensions"]["consistency"]["stale"], false);
}
