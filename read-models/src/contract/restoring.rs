//! Restarts and restores.

use super::books::{deletion, get, live, positions, put, stored, versioned};
use super::{BOOKS, Broken, Checked, KeyedLocation, KeyedStore, ensure};
use crate::port::{Generation, GenerationState, StoreError, Write};

/// A stream of changes: position n is the n-th write.
fn history() -> Vec<Write> {
    (1..=30u64)
        .map(|position| {
            let (id, version) = (format!("{}", position % 5), position.div_ceil(5));
            if version == 4 && position % 2 == 0 { deletion(&id, version) } else { versioned(&id, version) }
        })
        .collect()
}

/// Delivers from `from` (0 for the beginning) to the end, as a projector would.
async fn deliver(
    store: &KeyedStore,
    generation: &Generation,
    from: usize,
    to: usize,
) -> Result<(), StoreError> {
    for (index, write) in history().iter().enumerate().take(to).skip(from) {
        let at = positions(&[(0, index as u64 + 1)]);
        store.keyed.write(generation, std::slice::from_ref(write), &at).await?;
    }
    Ok(())
}

async fn position(store: &KeyedStore, generation: &Generation) -> Result<usize, StoreError> {
    let at = store.keyed.positions(generation).await?;
    Ok(at.values().next().map_or(0, |position| *position as usize))
}

pub(super) async fn a_store_restored_to_an_earlier_copy_catches_up_by_redelivery(
    location: &dyn KeyedLocation,
) -> Checked {
    let ids: Vec<String> = (0..5).map(|id| id.to_string()).collect();
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    deliver(&store, &generation, 0, 13).await?;
    location.copy().await?;
    deliver(&store, &generation, 13, 30).await?;
    let expected = store.keyed.load(&generation, &ids).await?;
    drop(store);

    location.restore().await?;
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let reached = position(&store, &generation).await?;
    ensure!(reached == 13, "the copy was made at position 13, but is at {reached}");
    let earlier = get(&store, &generation, "1").await?;
    ensure!(earlier == Some(stored(&versioned("1", 3))), "the copy has another document: {earlier:?}");
    // Redelivery may begin before the position, never after it.
    deliver(&store, &generation, reached - 6, 30).await?;
    let caught_up = store.keyed.load(&generation, &ids).await?;
    ensure!(caught_up == expected, "caught up to {caught_up:?} instead of {expected:?}");
    ensure!(position(&store, &generation).await? == 30, "the position did not catch up");
    Ok(())
}

pub(super) async fn reopening_keeps_everything(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let writes = [versioned("a", 3), deletion("b", 2), Write { stale: true, ..versioned("c", 1) }];
    let at = positions(&[(0, 12)]);
    store.keyed.write(&generation, &writes, &at).await?;
    let building = store.generations.create(&BOOKS).await?;
    put(&store, &building, &[versioned("a", 9)]).await?;
    drop(store);

    let store = location.open_keyed().await?;
    ensure!(live(&store).await? == generation, "another generation is live after reopening");
    for write in &writes {
        let now = get(&store, &generation, &write.id).await?;
        ensure!(now == Some(stored(write)), "after reopening {} is {now:?}", write.id);
    }
    let now = store.keyed.positions(&generation).await?;
    ensure!(now == at, "after reopening the positions are {now:?}");
    let listed = store.generations.list().await?;
    let expected = [(generation, GenerationState::Live), (building.clone(), GenerationState::Building)];
    ensure!(listed == expected, "after reopening there are {listed:?}");
    let now = get(&store, &building, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 9))), "the building generation holds {now:?}");
    Ok(())
}

pub(super) async fn many_may_open_a_new_store_at_once(location: &dyn KeyedLocation) -> Checked {
    let open = async |id: &str| {
        let store = location.open_keyed().await?;
        let generation = live(&store).await?;
        put(&store, &generation, &[versioned(id, 1)]).await?;
        Ok::<_, Broken>(generation)
    };
    let opened = tokio::try_join!(open("0"), open("1"), open("2"), open("3"), open("4"), open("5"))?;
    for generation in <[Generation; 6]>::from(opened) {
        ensure!(generation.number == 1, "a caller got {generation:?}");
    }
    Ok(())
}
