//! Duplicates, batch splits, restarts, deletions and redeliveries change nothing: the documents are the fold of the log.

use platform::bus::Record;
use projectors::projections::{
    REGISTRY, categories, events, order_timeline, orders, parked_reactions, payments, products, reservations,
    sales_by_week, shipments, stock, stock_movements,
};
use projectors::{Entity, Projection};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use read_models::Collection;
use read_models::documents::stock::StockItem;
use schemas::stock::StockEvent;
use schemas::{Recorded, Topic};

use crate::fold::{self, Documents};
use crate::history::history;
use crate::shop::Shop;

/// Lets the history happen piece by piece, with restarts, lost positions and batches of all sizes on the way.
async fn happen(projection: &'static Projection, seed: u64) -> (Vec<Record>, Shop) {
    let records = history(seed);
    let mut rng = StdRng::seed_from_u64(seed);
    let mut shop = Shop::open(projection, Some(seed)).await;
    let mut rest = records.as_slice();
    while !rest.is_empty() {
        let (piece, others) = rest.split_at(rng.random_range(1..=rest.len()));
        shop.bus.publish(piece);
        rest = others;
        match rng.random_range(0..4) {
            0 => shop.stop().await,
            1 => {
                shop.stop().await;
                shop.forget_positions().await;
            }
            2 if shop.is_open() => shop.settled().await,
            // While it runs.
            _ => shop.forget_positions().await,
        }
        if rng.random_bool(0.8) {
            shop.stop().await;
            shop.start(rng.random_range(1..200));
        }
    }
    shop.stop().await;
    shop.start(100);
    shop.settled().await;
    (records, shop)
}

async fn is_the_fold(projection: &'static Projection, seed: u64, fold: impl Fn(&[Record]) -> Documents) {
    let (records, shop) = happen(projection, seed).await;
    let expected = fold(&records);
    let found: Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    let alive: Documents =
        expected.iter().filter(|(_, one)| one.1.is_some()).map(|(i, d)| (i.clone(), d.clone())).collect();
    assert_eq!(found, alive);
    for (id, (version, _)) in expected {
        assert_eq!(shop.document(&id).await.unwrap().version, version, "{id}");
    }
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}

/// The documents of an undisturbed run: all events at once, in order.
async fn undisturbed(projection: &'static Projection, records: &[Record]) -> Documents {
    let shop = Shop::open(projection, None).await;
    shop.bus.publish(records);
    shop.settled().await;
    shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_disturbance_changes_the_documents_of_any_projection() {
    for (projection, seed) in REGISTRY.into_iter().zip(100..) {
        let (records, shop) = happen(projection, seed).await;
        let expected = undisturbed(projection, &records).await;
        assert!(!expected.is_empty(), "{projection:?} makes no document of the history");
        if projection.kind() != "summary" {
            let found: Documents =
                shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
            assert_eq!(found, expected, "{projection:?}");
        }
    }
}

macro_rules! property {
    ($name:ident, $projection:path, |$records:ident| $fold:expr) => {
        #[test]
        fn $name() {
            proptest!(ProptestConfig { cases: 5, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() }, |(seed: u64)| {
                block_on(is_the_fold(&$projection, seed, |$records| $fold));
            });
        }
    };
}

property!(products_are_the_fold_of_the_log, products::PRODUCTS, |log| fold::entity(
    log,
    &[Topic::PRODUCT],
    products::evolve
));
property!(categories_are_the_fold_of_the_log, categories::CATEGORIES, |log| fold::entity(
    log,
    &[Topic::CATEGORY],
    categories::evolve
));
property!(stock_is_the_fold_of_the_log, stock::STOCK, |log| fold::entity(
    log,
    &[Topic::STOCK],
    stock::evolve
));
property!(reservations_are_the_fold_of_the_log, reservations::RESERVATIONS, |log| fold::entity(
    log,
    &[Topic::RESERVATION],
    reservations::evolve
));
property!(orders_are_the_fold_of_the_log, orders::ORDERS, |log| fold::entity(
    log,
    &[Topic::ORDER],
    orders::evolve
));
property!(payments_are_the_fold_of_the_log, payments::PAYMENTS, |log| fold::entity(
    log,
    &[Topic::PAYMENT],
    payments::evolve
));
property!(shipments_are_the_fold_of_the_log, shipments::SHIPMENTS, |log| fold::entity(
    log,
    &[Topic::SHIPMENT],
    shipments::evolve
));
property!(parked_reactions_are_the_fold_of_the_log, parked_reactions::PARKED_REACTIONS, |log| fold::entity(
    log,
    &[Topic::PAYMENTS_REACTION],
    parked_reactions::evolve
));
property!(the_stock_ledger_is_the_fold_of_the_log, stock_movements::STOCK_MOVEMENTS, |log| fold::journal(
    log,
    &[Topic::STOCK],
    stock_movements::entries
));
property!(timelines_are_the_fold_of_the_log, order_timeline::ORDER_TIMELINE, |log| fold::journal(
    log,
    &[Topic::ORDER],
    order_timeline::entries
));
property!(the_events_are_the_log, events::EVENTS, |log| fold::journal(log, &Topic::ALL, events::entries));
property!(deleted_documents_are_the_fold_of_the_log, SOLD_OUT_IS_GONE, |log| fold::entity(
    log,
    &[Topic::STOCK],
    sold_out_is_gone
));

#[test]
fn sales_are_the_fold_of_the_log() {
    let config = ProptestConfig {
        cases: 5,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(seed: u64)| {
        block_on(async {
            let (records, shop) = happen(&sales_by_week::SALES_BY_WEEK, seed).await;
            let weeks = shop.documents().await.into_iter();
            let weeks = weeks.map(|one| serde_json::from_str(&one.body.unwrap()).unwrap()).collect();
            assert_eq!(fold::added_up(weeks), fold::sales(&records));
        });
    });
}

/// No projection of the shop deletes, but one may: this one does.
static GONE: Collection = Collection { name: "gone", shape: 1, indexes: &[] };
static SOLD_OUT_IS_GONE: Projection = Projection::entity(&GONE, &[Topic::STOCK], &Entity(sold_out_is_gone));

fn sold_out_is_gone(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
    match event.event {
        StockEvent::StockDepleted(_) | StockEvent::StockCommitted(_) => None,
        _ => stock::evolve(item, event),
    }
}
