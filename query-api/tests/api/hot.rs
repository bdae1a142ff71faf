//! Hot views: what they lack is answered from the documents, and the answer is the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use platform::bus::Positions;
use read_models::documents::product_cards::{PRODUCT_CARDS, ProductCard};
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::{STOCK, StockItem};
use read_models::documents::stock_levels::{STOCK_LEVELS, StockLevel};
use read_models::{ChangeToken, Generation, Keyed, KeyedStore, Store, StoreError, Stored, Write};
use serde_json::{Value, json};

use super::documents::product;
use super::shop::{Shop, data, json_of};

const QUERY: &str = "{ products(first: 3) { nodes { id title description version media { url } attributes { name } \
    priceRange { min { amount } } priceHistory { sku } categories { name } \
    variants { nodes { sku price { amount } stock { level version } product { description } } } } \
    edges { cursor } pageInfo { hasNextPage endCursor } totalCount } \
    stock(sku: \"SKU-2\") { level version asOf } unknown: stock(sku: \"NO-SUCH\") { level } }";

fn is_degraded(answer: &Value) -> bool {
    let degraded = &answer["extensions"]["degraded"];
    assert!(degraded.is_null() || *degraded == json!(["hotViews"]), "{answer:#}");
    !degraded.is_null()
}

#[tokio::test]
async fn whatever_is_wrong_with_hot_views_the_answer_is_that_of_the_documents_and_marked() {
    let shop = Shop::open().await;
    shop.add_teas(5).await;
    let right = shop.ask(QUERY).await;
    assert!(!is_degraded(&right), "{right:#}");
    assert_eq!(data(&right)["products"]["nodes"][1]["variants"]["nodes"][0]["stock"]["level"], "LOW_STOCK");

    // Other versions, ahead of the documents: another title, no stock.
    let card = ProductCard::from(product(2, "Another title", "Leafy", 1));
    shop.write_only(&PRODUCT_CARDS, vec![("product-p2".to_owned(), 9, card)]).await;
    let ahead = shop.ask(QUERY).await;
    assert_eq!((data(&ahead), is_degraded(&ahead)), (data(&right), true));

    for broken in [&PRODUCT_CARDS, &STOCK_LEVELS] {
        shop.watched.break_down(broken);
        let answer = shop.ask(QUERY).await;
        assert_eq!((data(&answer), is_degraded(&answer)), (data(&right), true), "without {}", broken.name);
    }
}

#[tokio::test]
async fn hot_views_that_are_empty_are_answered_from_the_documents() {
    let (shop, full) = (Shop::open().await, Shop::open().await);
    full.add_teas(3).await;
    shop.add_categories().await;
    for collection in [&PRODUCTS, &STOCK] {
        let generation = full.store.generations.live(collection).await.unwrap();
        let query = read_models::Query { limit: 100, ..Default::default() };
        for found in full.store.queries.find(&generation, &query).await.unwrap() {
            let Stored { id, version, body, .. } = found.document;
            let body: Value = serde_json::from_str(&body.unwrap()).unwrap();
            shop.write_only(collection, vec![(id, version, body)]).await;
        }
    }
    let (answer, right) = (shop.ask(QUERY).await, full.ask(QUERY).await);
    assert_eq!((data(&answer), is_degraded(&answer)), (data(&right), true));
    assert!(!is_degraded(&right));
}

fn at(position: u64) -> Positions {
    platform::bus::decode_positions([("chorale.stock.v1/0".to_owned(), position)])
}

/// Stock in version 5, and the level of version 4, of a hot view at this position; the documents are at 20.
async fn stock_of_two_versions(shop: &Shop, position: u64) {
    let item = |available| StockItem {
        sku: "A".to_owned(),
        level: "IN_STOCK".to_owned(),
        available,
        updated_at: super::documents::at(1),
        ..StockItem::default()
    };
    shop.write_only(&STOCK, vec![("stock-A".to_owned(), 5, item(5))]).await;
    shop.write_only(&STOCK_LEVELS, vec![("stock-A".to_owned(), 4, StockLevel::from(item(4)))]).await;
    for (collection, position) in [(&STOCK, 20), (&STOCK_LEVELS, position)] {
        let generation = shop.store.generations.live(collection).await.unwrap();
        shop.store.keyed.write(&generation, &[], &at(position)).await.unwrap();
    }
}

#[tokio::test]
async fn a_hot_view_that_is_being_filled_does_not_answer_the_past() {
    for own_store in [false, true] {
        let shop = match own_store {
            false => Shop::open().await,
            true => Shop::with_hot(|store: &Store| store.clone().into()).await,
        };
        stock_of_two_versions(&shop, 19).await;
        let ask = async || {
            let answer = shop.ask_admin("{ stock(sku: \"A\") { version } }").await;
            (data(&answer)["stock"]["version"].clone(), is_degraded(&answer))
        };
        assert_eq!(ask().await, (json!(5), true), "own store: {own_store}");
        stock_of_two_versions(&shop, 20).await;
        assert_eq!(ask().await, (json!(4), false), "own store: {own_store}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_view_that_has_read_its_topics_to_the_end_answers_although_the_positions_of_another_bus_are_higher()
 {
    for own_store in [false, true] {
        let shop = match own_store {
            false => Shop::open().await,
            true => Shop::with_hot(|store: &Store| store.clone().into()).await,
        };
        stock_of_two_versions(&shop, 19).await;
        let degraded = async || is_degraded(&shop.ask_admin("{ stock(sku: \"A\") { version } }").await);
        *shop.statuses.0.lock() = Some(19);
        let answered = async { while degraded().await {} };
        tokio::time::timeout(Duration::from_secs(60), answered).await.expect("it stays degraded");
        // The next record, which the documents have already.
        *shop.statuses.0.lock() = Some(21);
        let documents = shop.store.generations.live(&STOCK).await.unwrap();
        shop.store.keyed.write(&documents, &[], &at(21)).await.unwrap();
        // What is in the store of the documents stays level with them.
        let noticed = async { while !degraded().await {} };
        if own_store {
            tokio::time::timeout(Duration::from_secs(60), noticed).await.expect("it answers the past");
        }
    }
}

#[tokio::test]
async fn a_token_is_kept_also_where_the_hot_view_is_behind() {
    let shop = Shop::open().await;
    stock_of_two_versions(&shop, 20).await;
    let ask = async |token: &str| {
        let query = format!("{{ stock(sku: \"A\", consistency: \"{token}\") {{ version }} }}");
        let answer = shop.ask_admin(&query).await;
        let consistency = &answer["extensions"]["consistency"];
        assert_eq!(consistency["stale"], false, "{answer:#}");
        (data(&answer)["stock"]["version"].clone(), consistency["observed"].clone(), is_degraded(&answer))
    };
    let observed = |version: u64| json!([{ "stream": "stock-A", "version": version }]);
    assert_eq!(ask("stock-A@4").await, (json!(4), observed(4), false));
    assert_eq!(ask("stock-A@5").await, (json!(5), observed(5), true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_card_lacks_takes_one_more_call_for_1_and_for_100() {
    let shop = Shop::open().await;
    shop.add_teas(100).await;
    for (first, fields, expected) in [
        (1, "title", 2),
        (100, "title", 2),
        (1, "description attributes { name } priceHistory { sku }", 3),
        (100, "description attributes { name } priceHistory { sku }", 3),
    ] {
        let query = format!("{{ products(first: {first}) {{ nodes {{ {fields} }} }} }}");
        shop.watched.calls();
        let body = json!({ "query": query }).to_string();
        let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let request = request.body(axum::body::Body::from(body)).unwrap();
        let storefront = shop.storefront.clone();
        let response =
            tokio::spawn(async move { tower::ServiceExt::oneshot(storefront, request).await.unwrap() });
        let answer = json_of(response.await.unwrap()).await;
        assert_eq!(data(&answer)["products"]["nodes"].as_array().unwrap().len(), first, "{answer:#}");
        assert_eq!(shop.watched.calls(), expected, "{query}");
    }
}

/// Hot views that answer nothing while they hang.
struct Hanging {
    inner: Arc<dyn Keyed>,
    hangs: AtomicBool,
    loads: AtomicUsize,
}

#[async_trait]
impl Keyed for Hanging {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.inner.load(generation, ids).await
    }

    async fn write(&self, _: &Generation, _: &[Write], _: &Positions) -> Result<(), StoreError> {
        panic!("the query side writes");
    }

    async fn put_if_newer(&self, _: &Generation, _: &Write) -> Result<bool, StoreError> {
        panic!("the query side writes");
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        self.inner.positions(generation).await
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        self.inner.resume(generation).await
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        self.inner.changed(collection, since, timeout).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_views_that_hang_are_tried_once_in_half_a_second_and_used_again_when_they_answer() {
    let mut hanging = None;
    let shop = Shop::with_hot(|store: &Store| {
        let (hangs, loads) = (AtomicBool::new(true), AtomicUsize::new(0));
        let keyed = Arc::new(Hanging { inner: store.keyed.clone(), hangs, loads });
        hanging = Some(keyed.clone());
        KeyedStore { keyed, ..store.clone().into() }
    })
    .await;
    let hanging = hanging.unwrap();
    shop.add_teas(3).await;
    let began = Instant::now();
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(shop.ask(QUERY).await);
    }
    let periods = began.elapsed().as_millis() / 500;
    let loads = hanging.loads.load(Ordering::SeqCst);
    // Of 30 queries, each of which would ask for cards and for stock, one per period does: the others know that nothing comes. The
    // pointers and positions are answered here, so the query that tries again may ask for both.
    assert!(loads >= 1 && loads as u128 <= 2 * (periods + 1), "{loads} calls in {:?}", began.elapsed());
    assert!(answers.iter().all(|answer| is_degraded(answer) && data(answer) == data(&answers[0])));

    hanging.hangs.store(false, Ordering::SeqCst);
    let deadline = Instant::now() + Duration::from_secs(300);
    let recovered = loop {
        let answer = shop.ask(QUERY).await;
        if !is_degraded(&answer) {
            break answer;
        }
        assert!(Instant::now() < deadline, "the hot views are not used again");
        tokio::task::yield_now().await;
    };
    assert_eq!(data(&recovered), data(&answers[0]));
}
