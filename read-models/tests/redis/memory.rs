//! How much memory hot views take. The numbers for 100 000 products are in `docs/operating.md`; this prints those of a tenth:
//! `cargo test -p read-models --test redis memory -- --nocapture`.

use std::collections::BTreeMap;

use platform::bus::Positions;
use read_models::documents::Money;
use read_models::documents::product_cards::{PRODUCT_CARDS, ProductCard};
use read_models::documents::products::{Medium, Variant, VariantPrice};
use read_models::documents::stock_levels::{STOCK_LEVELS, StockLevel};
use read_models::{Collection, KeyedStore, Write, connect_hot};
use serde::Serialize;

use crate::scratch::{Scratch, connection, url};

const DOCUMENTS: usize = 10_000;
const BATCH: usize = 1_000;
const KILOBYTE: u64 = 1_000;

/// A product with two pictures and three variants.
fn card(number: usize) -> ProductCard {
    let price = |minor: i64| Money { minor, currency: "EUR".to_owned() };
    let variant = |size: &str, minor| Variant {
        sku: format!("TEA-{number:06}-{size}"),
        title: format!("{size} g"),
        options: BTreeMap::from([("size".to_owned(), format!("{size} g"))]),
        prices: BTreeMap::from([(
            "EUR".to_owned(),
            VariantPrice {
                price: price(minor),
                compare_at: None,
                effective_from: "2026-05-28T20:26:40.000Z".to_owned(),
            },
        )]),
        barcode: Some(format!("40123{number:08}")),
        weight_grams: Some(120),
        max_per_order: None,
        track_stock: true,
        discontinued: false,
    };
    let medium = |side: &str| Medium {
        url: format!("https://images.example.com/products/{number:06}/{side}-1200.webp"),
        alt: format!("The tin of black tea number {number}, seen from the {side}"),
    };
    ProductCard {
        product_id: format!("0198c6f2-5b1e-7c3a-9d42-{number:012}"),
        slug: format!("black-tea-from-assam-{number}"),
        title: format!("Black tea from Assam, second flush, no. {number}"),
        brand: Some("Hill & Sons".to_owned()),
        status: "PUBLISHED".to_owned(),
        category_ids: vec!["099633dd-2a3e-5b51-930e-39a56b5fd940".to_owned()],
        media: vec![medium("front"), medium("back")],
        variants: vec![variant("100", 927), variant("250", 1_990), variant("500", 3_490)],
        min_price: Some(price(927)),
        max_price: Some(price(3_490)),
        available_for_sale: true,
        created_at: "2026-04-14T20:53:20.000Z".to_owned(),
        updated_at: "2026-05-28T20:26:40.000Z".to_owned(),
    }
}

fn level(number: usize) -> StockLevel {
    StockLevel {
        sku: format!("TEA-{number:06}-100"),
        level: "IN_STOCK".to_owned(),
        on_hand: 140,
        reserved: 12,
        available: 128,
        low_stock: 10,
        updated_at: "2026-05-28T20:26:40.000Z".to_owned(),
    }
}

/// Writes the documents, and answers the bytes that Redis keeps them in, and those of one body.
async fn measured<T: Serialize>(
    store: &KeyedStore,
    location: &Scratch,
    collection: &Collection,
    document: impl Fn(usize) -> (String, T),
) -> (u64, usize) {
    let generation = store.generations.live(collection).await.unwrap();
    let mut body_bytes = 0;
    for first in (0..DOCUMENTS).step_by(BATCH) {
        let write = |number| {
            let (id, document) = document(number);
            let body = serde_json::to_string(&document).unwrap();
            Write { id, version: 12, body: Some(body), stale: false }
        };
        let writes: Vec<Write> = (first..first + BATCH).map(write).collect();
        body_bytes = writes.last().unwrap().body.as_ref().unwrap().len();
        store.keyed.write(&generation, &writes, &Positions::new()).await.unwrap();
    }
    let key = location.key(&format!("{}_v1_g1:documents", collection.name));
    let usage = redis::cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0).to_owned();
    (usage.query_async(&mut connection().await).await.unwrap(), body_bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_takes_little_memory_beside_its_body() {
    let location = Scratch::new();
    let store = connect_hot(&url(), &location.shop(), &[&PRODUCT_CARDS, &STOCK_LEVELS]).await.unwrap();
    let (cards, card_bytes) = measured(&store, &location, &PRODUCT_CARDS, |number| {
        let card = card(number);
        (format!("product-{}", card.product_id), card)
    })
    .await;
    let (levels, level_bytes) = measured(&store, &location, &STOCK_LEVELS, |number| {
        let level = level(number);
        (format!("stock-{}", level.sku), level)
    })
    .await;
    location.empty().await;
    println!("{DOCUMENTS} cards of {card_bytes} bytes: {} kB", cards / KILOBYTE);
    println!("{DOCUMENTS} stock levels of {level_bytes} bytes: {} kB", levels / KILOBYTE);
    // Beside the bodies: ids, versions and the hash itself.
    let overhead = |bytes: u64, body: usize| bytes / DOCUMENTS as u64 - body as u64;
    assert!(overhead(cards, card_bytes) < 400, "{cards} bytes");
    assert!(overhead(levels, level_bytes) < 200, "{levels} bytes");
}
