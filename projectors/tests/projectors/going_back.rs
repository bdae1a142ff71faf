//! Going back to the generation that was live before, and dropping it.

use projectors::projections::orders::{self, ORDERS};
use projectors::{RebuildError, drop_old, rebuild, rollback};
use read_models::GenerationState;
use schemas::Topic;

use crate::fold;
use crate::history::history;
use crate::shop::Shop;

async fn generations(shop: &Shop) -> Vec<(u32, GenerationState)> {
    let all = shop.store().generations.list().await.unwrap();
    let of = all.into_iter().filter(|(one, _)| one.collection == ORDERS.name());
    of.map(|(one, state)| (one.number, state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_generation_before_catches_up_and_is_live_again() {
    let records = history(51);
    let (first, second) = records.split_at(records.len() / 2);
    let shop = Shop::open(&ORDERS, Some(51)).await;
    shop.bus.put(first);
    shop.settled().await;
    let nothing = rollback(&ORDERS, &shop.backends, |_| {}).await.unwrap_err();
    assert!(matches!(nothing, RebuildError::NothingRetired("orders")), "{nothing}");
    rebuild(&ORDERS, &shop.backends, |_| {}).await.unwrap();
    shop.bus.put(second);
    shop.settled().await;
    let reached = shop.store().keyed.positions(&shop.live().await).await.unwrap();

    let mut seen = Vec::new();
    let number = rollback(&ORDERS, &shop.backends, |progress| seen.push(progress)).await.unwrap();
    assert_eq!(number, 1);
    assert_eq!(generations(&shop).await, [(1, GenerationState::Live), (2, GenerationState::Retired)]);
    // What readers find at once.
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, fold::entity(&records, &[Topic::ORDER], orders::evolve));
    let now = shop.store().keyed.positions(&shop.live().await).await.unwrap();
    assert!(reached.iter().all(|(partition, position)| now[partition] >= *position), "{now:?}");
    let last = seen.last().unwrap();
    let applied_before = first.iter().filter(|record| record.topic == Topic::ORDER).count() as u64;
    let all = records.iter().filter(|record| record.topic == Topic::ORDER).count() as u64;
    assert!(last.total < all && last.total >= all - applied_before, "{last:?} of {all}");

    assert_eq!(rollback(&ORDERS, &shop.backends, |_| {}).await.unwrap(), 2);
    assert_eq!(drop_old(&ORDERS, &shop.backends).await.unwrap(), [1]);
    assert_eq!(generations(&shop).await, [(2, GenerationState::Live)]);
    assert_eq!(drop_old(&ORDERS, &shop.backends).await.unwrap(), [] as [u32; 0]);
    rollback(&ORDERS, &shop.backends, |_| {}).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runner_follows_the_generation_that_is_live_again() {
    let records = history(52);
    let mut pieces = records.chunks(records.len() / 4 + 1);
    let mut piece = || pieces.next().unwrap();
    let shop = Shop::open(&ORDERS, Some(52)).await;
    shop.bus.put(piece());
    shop.settled().await;
    rebuild(&ORDERS, &shop.backends, |_| {}).await.unwrap();
    shop.bus.put(piece());
    shop.settled().await;
    shop.bus.put(piece());
    let number = rollback(&ORDERS, &shop.backends, |_| {}).await.unwrap();
    shop.bus.put(piece());
    shop.settled().await;
    assert_eq!((number, shop.live().await.number), (1, 1));
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, fold::entity(&records, &[Topic::ORDER], orders::evolve));
}
