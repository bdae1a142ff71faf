//! Items that were not used for a while.

use schemas::Timestamp;

use super::*;
use crate::hot::MOST_IDLE;

async fn idle(store: &dyn HotStore, before: Timestamp, limit: usize) -> Result<Vec<String>, Broken> {
    let found = store.idle(CART, before, limit).await?;
    ensure(found.iter().all(|key| key.kind() == CART), "a key of another kind")?;
    Ok(found.iter().map(|key| key.id().to_owned()).collect())
}

pub(super) async fn idle_items_come_in_the_order_of_their_last_use(at: &dyn HotStoreUnderTest) -> Checked {
    let store = at.open().await?;
    ensure(idle(&*store, at.clock().now(), 10).await?.is_empty(), "an empty store has idle items")?;
    for id in ["d", "b", "a", "c"] {
        put(&*store, &cart(id)?, b"x", Life::sliding(60 * MINUTE)).await?;
        at.clock().advance_by(SECOND);
    }
    let all = at.clock().now();
    let found = idle(&*store, all, 10).await?;
    ensure(found == ["d", "b", "a", "c"], format!("it answers {found:?}"))?;

    // `d` is touched, `b` is written, `a` is only read.
    at.clock().advance_by(SECOND);
    store.touch(&cart("d")?, 60 * MINUTE).await?;
    at.clock().advance_by(SECOND);
    put(&*store, &cart("b")?, b"y", Life::sliding(60 * MINUTE)).await?;
    store.get(&cart("a")?).await?;
    let found = idle(&*store, all, 10).await?;
    ensure(found == ["a", "c"], format!("after a touch and a put it answers {found:?}"))?;
    let last = at.clock().now();
    let found = idle(&*store, last, 10).await?;
    ensure(found == ["a", "c", "d"], format!("before the last put it answers {found:?}"))?;
    let found = idle(&*store, last.plus(SECOND), 10).await?;
    ensure(found == ["a", "c", "d", "b"], format!("in the end it answers {found:?}"))
}

pub(super) async fn idle_items_live_and_are_of_the_kind(at: &dyn HotStoreUnderTest) -> Checked {
    let store = at.open().await?;
    put(&*store, &cart("ends")?, b"x", LIFE).await?;
    put(&*store, &cart("removed")?, b"x", Life::sliding(60 * MINUTE)).await?;
    put(&*store, &cart("lives")?, b"x", Life::sliding(60 * MINUTE)).await?;
    put(&*store, &HotKey::new(Kind::new("session"), "s")?, b"x", Life::sliding(60 * MINUTE)).await?;
    store.remove(&cart("removed")?, None).await?;
    at.clock().advance_by(MINUTE);
    let found = idle(&*store, at.clock().now(), 10).await?;
    ensure(found == ["lives"], format!("it answers {found:?}"))
}

pub(super) async fn idle_items_are_limited(at: &dyn HotStoreUnderTest) -> Checked {
    let store = at.open().await?;
    for number in 0..MOST_IDLE + 5 {
        put(&*store, &cart(&format!("{number:04}"))?, b"x", Life::sliding(60 * MINUTE)).await?;
    }
    at.clock().advance_by(SECOND);
    for limit in [0, 1, 7, MOST_IDLE, MOST_IDLE + 1, usize::MAX] {
        let found = idle(&*store, at.clock().now(), limit).await?;
        let expected: Vec<String> = (0..limit.min(MOST_IDLE)).map(|number| format!("{number:04}")).collect();
        ensure(found == expected, format!("of {limit} it answers {}", found.len()))?;
    }
    Ok(())
}
