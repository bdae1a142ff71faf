//! Rebuilds: beside the live documents, compared, switched.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use platform::bus::Positions;
use platform::clock::DrivenClock;
use projectors::projections::orders::{self, ORDERS};
use projectors::projections::stock;
use projectors::{Backends, Entity, Projection, REGISTRY, RebuildError, rebuild};
use read_models::documents::stock::StockItem;
use read_models::{Collection, GenerationState, Streams};
use schemas::stock::StockEvent;
use schemas::{Recorded, Timestamp, Topic};
use tokio::sync::Notify;

use crate::fold;
use crate::history::history;
use crate::shop::{LONG, Shop};

async fn generations(shop: &Shop) -> Vec<(u32, GenerationState)> {
    let name = shop.live().await.collection;
    let all = shop.store().generations.list().await.unwrap();
    all.into_iter()
        .filter(|(one, _)| one.collection == name)
        .map(|(one, state)| (one.number, state))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_projection_rebuilt_equals_the_live_one_and_takes_its_place() {
    let records = history(31);
    for projection in REGISTRY {
        let shop = Shop::open(projection, Some(31)).await;
        shop.bus.put(&records);
        shop.settled().await;
        let before = shop.documents().await;
        let rebuilt = rebuild(projection, &shop.backends, |_| {}).await.unwrap();
        assert_eq!((rebuilt.generation, rebuilt.uncompared), (2, 0), "{projection:?}");
        assert_eq!(rebuilt.compared, before.len() as u64, "{projection:?}");
        assert_eq!(shop.documents().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runner_follows_the_switch_and_the_last_generation_is_kept() {
    let records = history(32);
    let (first, second) = records.split_at(records.len() / 2);
    let shop = Shop::open(&ORDERS, Some(32)).await;
    shop.bus.put(first);
    shop.settled().await;
    let mut seen = Vec::new();
    rebuild(&ORDERS, &shop.backends, |progress| seen.push(progress)).await.unwrap();
    let last = seen.last().unwrap();
    assert_eq!((last.done >= last.total, last.rate > 0.0, last.eta), (true, true, Some(Duration::ZERO)));

    shop.bus.put(second);
    shop.settled().await;
    assert_eq!(generations(&shop).await, [(1, GenerationState::Retired), (2, GenerationState::Live)]);
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, fold::entity(&records, &[Topic::ORDER], orders::evolve));

    rebuild(&ORDERS, &shop.backends, |_| {}).await.unwrap();
    assert_eq!(generations(&shop).await, [(2, GenerationState::Retired), (3, GenerationState::Live)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_catches_up_with_a_shop_that_stays_open() {
    let records = history(33);
    let shop = Shop::open(&ORDERS, Some(33)).await;
    let (first, rest) = records.split_at(records.len() / 3);
    shop.bus.put(first);
    let mut pieces = rest.chunks(7);
    let bus = shop.bus.clone();
    rebuild(&ORDERS, &shop.backends, |_| bus.put(pieces.next().unwrap_or_default())).await.unwrap();
    pieces.for_each(|piece| shop.bus.put(piece));
    shop.settled().await;
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, fold::entity(&records, &[Topic::ORDER], orders::evolve));
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_of_another_bus_are_reached_at_the_ends_of_the_topics() {
    let mut shop = Shop::open(&ORDERS, None).await;
    shop.bus.put(&history(36));
    shop.settled().await;
    shop.stop().await;
    // As on the logs themselves, where positions move with the records of all topics.
    let (live, context) = (shop.live().await, Topic::ORDER.context());
    let end = shop.backends.bus.reach(&[context]).await.unwrap()[&context].position;
    let before = shop.store().keyed.positions(&live).await.unwrap();
    let moved: Positions = before.into_keys().map(|partition| (partition, end)).collect();
    shop.store().keyed.write(&live, &[], &moved).await.unwrap();
    let rebuilding = rebuild(&ORDERS, &shop.backends, |_| {});
    let rebuilt = tokio::time::timeout(LONG, rebuilding).await.expect("it waits for ever").unwrap();
    assert!(rebuilt.switched && rebuilt.uncompared == 0, "{rebuilt:?}");
    assert_eq!(shop.store().keyed.positions(&shop.live().await).await.unwrap(), moved);
}

static CHANGED: AtomicBool = AtomicBool::new(false);
static CHANGEABLE_DOCUMENTS: Collection =
    Collection { name: "changeable", shape: 1, streams: Streams::Entity("stock"), hot: false, indexes: &[] };
static CHANGEABLE: Projection =
    Projection::entity(&CHANGEABLE_DOCUMENTS, &[Topic::STOCK], &Entity(changeable));

fn changeable(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
    let item = stock::evolve(item, event)?;
    let policy = if CHANGED.load(Ordering::SeqCst) { "OTHER".to_owned() } else { item.policy.clone() };
    Some(StockItem { policy, ..item })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_stops_the_switch_and_both_generations_stay() {
    let mut shop = Shop::open(&CHANGEABLE, Some(34)).await;
    shop.bus.put(&history(34));
    shop.settled().await;
    shop.stop().await;
    CHANGED.store(true, Ordering::SeqCst);
    let before = shop.documents().await;
    let RebuildError::Different { generation, count, ids, .. } =
        rebuild(&CHANGEABLE, &shop.backends, |_| {}).await.unwrap_err()
    else {
        panic!("not a difference")
    };
    assert_eq!((generation, count, ids.len()), (2, 4, 4));
    assert_eq!(shop.documents().await, before);
    assert_eq!(generations(&shop).await, [(1, GenerationState::Live), (2, GenerationState::Building)]);

    CHANGED.store(false, Ordering::SeqCst);
    assert_eq!(rebuild(&CHANGEABLE, &shop.backends, |_| {}).await.unwrap().generation, 3);
    assert_eq!(generations(&shop).await, [(1, GenerationState::Retired), (3, GenerationState::Live)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_killed_leaves_nothing_behind_and_a_second_at_once_is_refused() {
    let shop = Shop::open(&ORDERS, Some(35)).await;
    shop.bus.put(&history(35));
    shop.settled().await;
    let clock = DrivenClock::new(Timestamp::from_millis(1_800_000_000_000));
    let backends = Backends { clock: clock.clock(), ..shop.backends.clone() };
    let (halfway, (kill, killed)) = (Arc::new(Notify::new()), mpsc::channel::<()>());
    let first = {
        let (backends, halfway) = (backends.clone(), halfway.clone());
        let halfway = move |_| {
            halfway.notify_one();
            // It goes no further.
            tokio::task::block_in_place(|| killed.recv()).expect("a kill");
        };
        tokio::spawn(async move { rebuild(&ORDERS, &backends, halfway).await.map(drop) })
    };
    halfway.notified().await;
    let refused = rebuild(&ORDERS, &backends, |_| {}).await.unwrap_err();
    assert!(matches!(refused, RebuildError::Running { .. }), "{refused}");
    drop(kill);
    assert!(first.await.unwrap_err().is_panic());
    assert_eq!(generations(&shop).await, [(1, GenerationState::Live), (2, GenerationState::Building)]);
    let status = projectors::status(&backends, &[&ORDERS]).await.unwrap();
    assert_eq!(states(&status), ["LIVE", "BUILDING"]);
    assert!(status[0].rebuild_progress.is_none() && status[1].rebuild_progress.is_some());

    clock.advance_by(Duration::from_secs(30));
    let left = &projectors::status(&backends, &[&ORDERS]).await.unwrap()[1];
    assert_eq!((left.lag_events, left.rebuild_progress, left.events_per_second), (None, None, None));
    assert!(left.last_error.as_ref().unwrap().contains("last heartbeat"), "{left:?}");
    let rebuilt = rebuild(&ORDERS, &backends, |_| {}).await.unwrap();
    assert_eq!(rebuilt.generation, 3);
    assert_eq!(generations(&shop).await, [(1, GenerationState::Retired), (3, GenerationState::Live)]);
    let status = projectors::status(&backends, &[&ORDERS]).await.unwrap();
    assert_eq!(states(&status), ["RETIRED", "LIVE"]);
    assert_eq!(
        (status[0].lag_events, status[1].lag_events, status[1].rebuild_progress),
        (None, Some(0), None)
    );
}

fn states(status: &[read_models::ProjectorStatus]) -> Vec<&'static str> {
    status.iter().map(|one| one.state.name()).collect()
}
