//! Operational state.

use std::collections::HashSet;

use super::books::live;
use super::{BOOKS, Checked, KeyedStore, Location, ensure};
use crate::port::{
    EventKey, Generation, QuarantineCount, QuarantinedEvent, Rebuild, RebuildState, StoreError,
};
use crate::store::Store;

fn key(stream: &str, version: u64) -> EventKey {
    EventKey { stream: stream.to_owned(), version }
}

fn event(stream: &str, version: u64, error: Option<&str>) -> QuarantinedEvent {
    QuarantinedEvent {
        key: key(stream, version),
        topic: "chorale.order.v1".to_owned(),
        partition: 3,
        offset: u64::from(u32::MAX) + version,
        at: "2026-03-01T12:00:00.000Z".to_owned(),
        error: error.map(str::to_owned),
        envelope: "{\"é\":1}".to_owned(),
        payload: "not { json".to_owned(),
    }
}

async fn waiting(
    store: &Store,
    generation: &Generation,
    stream: Option<&str>,
) -> Result<Vec<QuarantinedEvent>, StoreError> {
    store.quarantine.waiting(generation, stream, None, 100).await
}

pub(super) async fn quarantined_events_wait_until_they_are_released(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = live(&KeyedStore::from(store.clone())).await?;
    let quarantine = &store.quarantine;
    let events =
        [event("b-1", 9, Some("broken")), event("b-1", 10, None), event("a-2", 1, Some("broken, too"))];
    quarantine.add(&generation, &events).await?;
    // One that waits stays as it is.
    quarantine.add(&generation, &[event("b-1", 9, Some("something else"))]).await?;
    let [b9, b10, a1] = events;
    let all = waiting(&store, &generation, None).await?;
    ensure!(all == [a1.clone(), b9.clone(), b10.clone()], "all that wait are {all:?}");
    let of_stream = waiting(&store, &generation, Some("b-1")).await?;
    ensure!(of_stream == [b9.clone(), b10.clone()], "of one stream there wait {of_stream:?}");
    let page = quarantine.waiting(&generation, None, Some(&a1.key), 1).await?;
    ensure!(page == [b9.clone()], "the second page of one is {page:?}");
    let page = quarantine.waiting(&generation, None, Some(&b9.key), 9).await?;
    ensure!(page == [b10.clone()], "after version 9 comes {page:?}");

    quarantine.release(&generation, &[b9.key.clone(), key("unknown-1", 1)]).await?;
    let all = waiting(&store, &generation, None).await?;
    ensure!(all == [a1, b10], "after a release there wait {all:?}");
    let count = quarantine.count(&generation).await?;
    ensure!(count == QuarantineCount { waiting: 2, streams: 2, ever: 3 }, "the counts are {count:?}");
    let known = quarantine.known(&generation, &[b9.key.clone(), key("b-1", 11), key("c-1", 9)]).await?;
    ensure!(known == HashSet::from([b9.key]), "known are {known:?}");
    Ok(())
}

pub(super) async fn a_released_event_can_wait_again(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = live(&KeyedStore::from(store.clone())).await?;
    store.quarantine.add(&generation, &[event("a-1", 1, Some("first"))]).await?;
    store.quarantine.release(&generation, &[key("a-1", 1)]).await?;
    let again = event("a-1", 1, Some("second"));
    store.quarantine.add(&generation, std::slice::from_ref(&again)).await?;
    let all = waiting(&store, &generation, None).await?;
    ensure!(all == [again], "what waits again is {all:?}");
    let count = store.quarantine.count(&generation).await?;
    ensure!(count == QuarantineCount { waiting: 1, streams: 1, ever: 1 }, "the counts are {count:?}");
    Ok(())
}

pub(super) async fn quarantines_of_generations_do_not_mix(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let old = live(&KeyedStore::from(store.clone())).await?;
    let new = store.generations.create(&BOOKS).await?;
    for generation in [&old, &new] {
        store.quarantine.add(generation, &[event("a-1", 1, None)]).await?;
    }
    store.quarantine.release(&old, &[key("a-1", 1)]).await?;
    ensure!(waiting(&store, &new, None).await?.len() == 1, "a release reached another generation");
    store.quarantine.forget(&old).await?;
    ensure!(store.quarantine.count(&old).await?.ever == 0, "a forgotten event is known");
    ensure!(store.quarantine.count(&new).await?.waiting == 1, "another generation's events were forgotten");
    Ok(())
}

fn rebuild(owner: &str) -> Rebuild {
    Rebuild {
        collection: "books".to_owned(),
        generation: 2,
        owner: owner.to_owned(),
        state: RebuildState::Running,
        done: 1,
        total: 2,
        events_per_second: Some(0.5),
        differences: vec!["a".to_owned()],
        started_at: "2026-03-01T12:00:00.000Z".to_owned(),
        alive_at: "2026-03-01T12:00:01.000Z".to_owned(),
    }
}

pub(super) async fn of_many_that_take_a_rebuild_one_succeeds(location: &dyn Location) -> Checked {
    let stores = [location.open().await?, location.open().await?];
    ensure!(stores[0].rebuilds.rebuild("books").await?.is_none(), "there is a rebuild before the first");
    for revision in 0..5 {
        let mut tasks = Vec::new();
        for (caller, store) in stores.iter().cycle().take(6).enumerate() {
            let (store, own) = (store.clone(), rebuild(&format!("caller {caller}")));
            tasks.push(tokio::spawn(async move {
                let won = store.rebuilds.put_rebuild(&own, revision).await?;
                Ok::<_, StoreError>(won.then_some(own))
            }));
        }
        let mut winners = Vec::new();
        for task in tasks {
            winners.extend(task.await??);
        }
        ensure!(winners.len() == 1, "revision {revision} was followed by {} callers", winners.len());
        let now = stores[1].rebuilds.rebuild("books").await?;
        ensure!(now == Some((winners[0].clone(), revision + 1)), "after revision {revision} it is {now:?}");
    }
    let late = stores[0].rebuilds.put_rebuild(&rebuild("late"), 3).await?;
    ensure!(!late, "an old revision was followed");
    let early = stores[0].rebuilds.put_rebuild(&rebuild("early"), 9).await?;
    ensure!(!early, "a revision that never was is followed");
    Ok(())
}

pub(super) async fn the_first_source_is_kept(location: &dyn Location) -> Checked {
    let (store, other) = (location.open().await?, location.open().await?);
    for (store, context, epoch, recorded) in [
        (&store, "ordering", "one", "one"),
        (&other, "ordering", "two", "one"),
        (&store, "catalog", "two", "two"),
    ] {
        let answer = store.sources.claim_source(context, epoch).await?;
        ensure!(answer == recorded, "{context} with {epoch} is answered with {answer}");
    }
    Ok(())
}

pub(super) async fn operational_state_survives_reopening(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let generation = live(&KeyedStore::from(store.clone())).await?;
    let held = event("a-1", 1, Some("broken"));
    store.quarantine.add(&generation, std::slice::from_ref(&held)).await?;
    store.rebuilds.put_rebuild(&rebuild("one"), 0).await?;
    store.sources.claim_source("ordering", "one").await?;
    drop(store);
    let store = location.open().await?;
    let all = waiting(&store, &generation, None).await?;
    ensure!(all == [held], "after reopening there wait {all:?}");
    let now = store.rebuilds.rebuild("books").await?;
    ensure!(now == Some((rebuild("one"), 1)), "after reopening the rebuild is {now:?}");
    ensure!(store.sources.claim_source("ordering", "two").await? == "one", "the source was lost");
    Ok(())
}
