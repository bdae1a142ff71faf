//! The status of projectors.

use projectors::projections::orders::ORDERS;
use projectors::{Options, ProjectorError, caught_up, status};
use read_models::ProjectorState;
use schemas::Topic;

use crate::history::history;
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_counted_until_everything_is_applied() {
    let mut shop = Shop::closed(&ORDERS, Some(41)).await;
    let records = history(41);
    shop.bus.put(&records);
    let orders = records.iter().filter(|record| record.topic == Topic::ORDER).count() as u64;
    let before = &status(&shop.backends, &[&ORDERS]).await.unwrap()[0];
    assert_eq!((before.lag_events, before.generation, before.state), (Some(orders), 1, ProjectorState::Live));
    assert!(before.lag_seconds.unwrap() > 0.0);
    assert_eq!((before.store, before.shape), ("sqlite", ORDERS.collection().shape));
    let behind =
        caught_up(shop.store(), shop.backends.bus.as_ref(), &[&ORDERS], std::time::Duration::ZERO).await;
    assert!(matches!(behind, Err(ProjectorError::Behind { projection: "orders", .. })));

    shop.start(10);
    shop.settled().await;
    let after = &status(&shop.backends, &[&ORDERS]).await.unwrap()[0];
    assert_eq!((after.lag_events, after.lag_seconds, after.quarantined_events), (Some(0), Some(0.0), 0));
    assert_eq!(after.last_error, None);
}

#[test]
fn a_name_without_a_projection_is_refused() {
    assert!(matches!(Options::only(&["ordres".to_owned()]), Err(ProjectorError::Unknown(_))));
    assert_eq!(Options::only(&["orders".to_owned()]).unwrap().projections.len(), 1);
}
