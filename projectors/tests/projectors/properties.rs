//! Duplicates, batch splits, restarts, deletions and redeliveries change nothing: the documents are the fold of the log.

use platform::bus::Record;
use projectors::projections::{
    REGISTRY, categories, events, order_timeline, order_versions, orders, parked_reactions, payments,
    product_cards, products, reservations, sales_by_week, shipments, stock, stock_levels, stock_movements,
    stock_versions,
};
use projectors::{Entity, Projection};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use read_models::documents::product_cards::ProductCard;
use read_models::documents::products::Product;
use read_models::documents::stock::StockItem;
use read_models::documents::stock_levels::StockLevel;
use read_models::{Collection, Streams};
use schemas::stock::StockEvent;
use schemas::{Recorded, Topic};

use crate::fold::{self, Documents};
use crate::history::history;
use crate::shop::Shop;

/// Cases per property in a short run, which draws the same ones every time. `CHORALE_PROPTEST_CASES` sets another number, of
/// new random cases, for long runs. Both shrink a failure to a short history with few steps.
const CASES: u32 = 16;
const SHRINKS: u32 = 64;

/// A history and how it is delivered.
#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    /// The first records of the history, in per mille.
    share: u32,
    steps: Vec<Step>,
}

/// A part of the history, then an incident, then perhaps a restart.
#[derive(Clone, Debug)]
struct Step {
    /// How many of the remaining records are published, in per mille.
    piece: u32,
    incident: Incident,
    /// The batch size after a restart; `None` for no restart.
    restart: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Incident {
    Stop,
    StopAndForgetPositions,
    Settle,
    ForgetPositionsWhileRunning,
}

fn cases() -> impl Strategy<Value = Case> {
    let incident = prop::sample::select(vec![
        Incident::Stop,
        Incident::StopAndForgetPositions,
        Incident::Settle,
        Incident::ForgetPositionsWhileRunning,
    ]);
    let restart = prop::option::weighted(0.8, 1..200_usize);
    let step = (1..=1_000_u32, incident, restart).prop_map(|(piece, incident, restart)| Step {
        piece,
        incident,
        restart,
    });
    // Shrinks towards a short one.
    let share = prop_oneof![1 => 1..=1_000_u32, 3 => Just(1_000)];
    (any::<u64>().no_shrink(), share, prop::collection::vec(step, 0..8))
        .prop_map(|(seed, share, steps)| Case { seed, share, steps })
}

/// Runs a property over its cases.
fn for_all(property: impl Fn(Case)) {
    let asked_for = std::env::var("CHORALE_PROPTEST_CASES").ok();
    let asked_for = asked_for.map(|number| number.parse().expect("CHORALE_PROPTEST_CASES is a number"));
    let config = ProptestConfig {
        cases: asked_for.unwrap_or(CASES),
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = match asked_for {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let verdict = runner.run(&cases(), |case| {
        property(case);
        Ok(())
    });
    if let Err(failure) = verdict {
        panic!("{failure}");
    }
}

/// How many of `all` a share in per mille is, at least one.
fn part(all: usize, share: u32) -> usize {
    (all * share as usize).div_ceil(1_000).clamp(1, all.max(1))
}

/// Delivers the history piece by piece, with restarts, lost positions and batches of all sizes.
async fn deliver(projection: &'static Projection, case: &Case) -> (Vec<Record>, Shop) {
    let mut records = history(case.seed);
    records.truncate(part(records.len(), case.share));
    let mut shop = Shop::open(projection, Some(case.seed)).await;
    let mut rest = records.as_slice();
    for step in &case.steps {
        if rest.is_empty() {
            break;
        }
        let (piece, others) = rest.split_at(part(rest.len(), step.piece));
        shop.bus.put(piece);
        rest = others;
        match step.incident {
            Incident::Stop => shop.stop().await,
            Incident::StopAndForgetPositions => {
                shop.stop().await;
                shop.forget_positions().await;
            }
            Incident::Settle if shop.is_open() => shop.settled().await,
            Incident::Settle | Incident::ForgetPositionsWhileRunning => shop.forget_positions().await,
        }
        if let Some(batch) = step.restart {
            shop.stop().await;
            shop.start(batch);
        }
    }
    shop.bus.put(rest);
    shop.stop().await;
    shop.start(100);
    shop.settled().await;
    (records, shop)
}

async fn is_the_fold(projection: &'static Projection, case: Case, fold: impl Fn(&[Record]) -> Documents) {
    let (records, shop) = deliver(projection, &case).await;
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
    shop.bus.put(records);
    shop.settled().await;
    shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_disturbance_changes_the_documents_of_any_projection() {
    let mut runner = TestRunner::deterministic();
    for projection in REGISTRY {
        let case = Case { share: 1_000, ..cases().new_tree(&mut runner).unwrap().current() };
        let (records, shop) = deliver(projection, &case).await;
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
            for_all(|case| block_on(is_the_fold(&$projection, case, |$records| $fold)));
        }
    };
}

property!(products_are_the_fold_of_the_log, products::PRODUCTS, |log| fold::entity(
    log,
    &[Topic::PRODUCT],
    products::evolve
));
property!(product_cards_are_the_fold_of_the_log, product_cards::PRODUCT_CARDS, |log| fold::entity(
    log,
    &[Topic::PRODUCT],
    product_cards::evolve
));
property!(product_cards_say_what_the_products_say, product_cards::PRODUCT_CARDS, |log| {
    let products = fold::entity(log, &[Topic::PRODUCT], products::evolve);
    fold::reduced(products, |product: Product| ProductCard::from(product))
});
property!(stock_levels_are_the_fold_of_the_log, stock_levels::STOCK_LEVELS, |log| fold::entity(
    log,
    &[Topic::STOCK],
    stock_levels::evolve
));
property!(stock_levels_say_what_the_stock_items_say, stock_levels::STOCK_LEVELS, |log| {
    let items = fold::entity(log, &[Topic::STOCK], stock::evolve);
    fold::reduced(items, |item: StockItem| StockLevel::from(item))
});
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
property!(versions_of_orders_are_the_fold_of_the_log, order_versions::ORDER_VERSIONS, |log| fold::versions(
    log,
    &[Topic::ORDER],
    orders::evolve
));
property!(versions_of_stock_items_are_the_fold_of_the_log, stock_versions::STOCK_VERSIONS, |log| {
    fold::versions(log, &[Topic::STOCK], stock::evolve)
});
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
    for_all(|case| {
        block_on(async {
            let (records, shop) = deliver(&sales_by_week::SALES_BY_WEEK, &case).await;
            let weeks = shop.documents().await.into_iter();
            let weeks = weeks.map(|one| serde_json::from_str(&one.body.unwrap()).unwrap()).collect();
            assert_eq!(fold::added_up(weeks), fold::sales(&records));
        });
    });
}

/// No projection of the shop deletes, but one may: this one does.
static GONE: Collection =
    Collection { name: "gone", shape: 1, streams: Streams::Entity("stock"), hot: false, indexes: &[] };
static SOLD_OUT_IS_GONE: Projection = Projection::entity(&GONE, &[Topic::STOCK], &Entity(sold_out_is_gone));

fn sold_out_is_gone(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
    match event.event {
        StockEvent::StockDepleted(_) | StockEvent::StockCommitted(_) => None,
        _ => stock::evolve(item, event),
    }
}
