//! Generations.

use tokio::time::Instant;

use super::books::{BOOKS_TO_COME, get, live, positions, put, put_one, stored, versioned};
use super::{BOOKS, Checked, KeyedLocation, KeyedStore, ensure};
use crate::port::{Generation, GenerationState, SWITCH_VISIBLE_WITHIN, StoreError};

fn number(number: u32) -> Generation {
    Generation { collection: BOOKS.name.to_owned(), shape: BOOKS.shape, number }
}

pub(super) async fn the_first_callers_create_one_generation(location: &dyn KeyedLocation) -> Checked {
    let stores = [location.open_keyed().await?, location.open_keyed().await?];
    let mut tasks = Vec::new();
    for store in stores.iter().cycle().take(12) {
        let store = store.clone();
        tasks.push(tokio::spawn(async move { live(&store).await }));
    }
    for task in tasks {
        let got = task.await??;
        ensure!(got == number(1), "a first caller got {got:?}");
    }
    let all = stores[0].generations.list().await?;
    ensure!(all == [(number(1), GenerationState::Live)], "the first callers created {all:?}");
    Ok(())
}

pub(super) async fn a_generation_is_built_beside_the_live_one(location: &dyn KeyedLocation) -> Checked {
    use GenerationState::{Building, Live, Retired};
    let store = location.open_keyed().await?;
    let old = live(&store).await?;
    put(&store, &old, &[versioned("a", 1)]).await?;
    let new = store.generations.create(&BOOKS).await?;
    ensure!(new == number(2), "the second generation is {new:?}");
    ensure!(live(&store).await? == old, "a building generation is live");
    ensure!(get(&store, &new, "a").await?.is_none(), "a new generation is not empty");
    put(&store, &new, &[versioned("a", 2)]).await?;
    let in_old = get(&store, &old, "a").await?;
    ensure!(in_old == Some(stored(&versioned("a", 1))), "the live one holds {in_old:?}");

    store.generations.switch(&new).await?;
    ensure!(follows(&store, &new).await?, "the switch did not make it live");
    let all = store.generations.list().await?;
    ensure!(all == [(old.clone(), Retired), (new.clone(), Live)], "after the switch: {all:?}");
    store.generations.switch(&new).await?;
    let all = store.generations.list().await?;
    ensure!(all == [(old.clone(), Retired), (new.clone(), Live)], "after the same switch again: {all:?}");

    let third = store.generations.create(&BOOKS).await?;
    store.generations.switch(&old).await?;
    let all = store.generations.list().await?;
    let back = [(old.clone(), Live), (new, Retired), (third, Building)];
    ensure!(all == back, "after switching back: {all:?}");
    let in_old = get(&store, &old, "a").await?;
    ensure!(in_old == Some(stored(&versioned("a", 1))), "the retired one lost its document: {in_old:?}");
    Ok(())
}

pub(super) async fn readers_see_the_old_or_the_new_generation(location: &dyn KeyedLocation) -> Checked {
    let (writer, reader) = (location.open_keyed().await?, location.open_keyed().await?);
    let generations = [live(&writer).await?, writer.generations.create(&BOOKS).await?];
    for generation in &generations {
        put(&writer, generation, &[versioned("a", u64::from(generation.number))]).await?;
    }
    let switching = tokio::spawn({
        let generations = generations.clone();
        async move {
            for generation in generations.iter().rev().cycle().take(40) {
                writer.generations.switch(generation).await?;
            }
            // Forty switches end where they began; one more is seen below.
            writer.generations.switch(&generations[1]).await
        }
    });
    while !switching.is_finished() {
        let now = live(&reader).await?;
        ensure!(generations.contains(&now), "a reader saw {now:?}");
        let document = get(&reader, &now, "a").await?;
        let expected = stored(&versioned("a", u64::from(now.number)));
        ensure!(document == Some(expected), "a reader of {now:?} saw {document:?}");
        let all = reader.generations.list().await?;
        let live = all.iter().filter(|(_, state)| *state == GenerationState::Live).count();
        ensure!(live == 1, "{live} generations are live: {all:?}");
    }
    switching.await??;
    ensure!(follows(&reader, &generations[1]).await?, "a switch is not seen in time");
    Ok(())
}

pub(super) async fn a_reader_follows_switches_and_never_goes_back(location: &dyn KeyedLocation) -> Checked {
    let (writer, reader) = (location.open_keyed().await?, location.open_keyed().await?);
    live(&writer).await?;
    let switching = tokio::spawn(async move {
        let mut last = None;
        for _ in 0..12 {
            let next = writer.generations.create(&BOOKS).await?;
            writer.generations.switch(&next).await?;
            last = Some(next);
        }
        Ok::<_, StoreError>(last)
    });
    let mut seen = live(&reader).await?;
    while !switching.is_finished() {
        let now = live(&reader).await?;
        ensure!(now >= seen, "after {seen:?} a reader saw {now:?} again");
        seen = now;
    }
    let last = switching.await??;
    let last = last.ok_or("nothing was switched")?;
    ensure!(follows(&reader, &last).await?, "a switch is not seen in time");
    for _ in 0..4 {
        ensure!(live(&reader).await? == last, "after the last switch a reader went back");
    }
    Ok(())
}

/// Whether the live generation is this one, at the latest when a cached pointer must be.
async fn follows(store: &KeyedStore, generation: &Generation) -> Result<bool, StoreError> {
    let deadline = Instant::now() + SWITCH_VISIBLE_WITHIN;
    loop {
        let late = Instant::now() > deadline;
        if live(store).await? == *generation {
            return Ok(true);
        }
        if late {
            return Ok(false);
        }
        tokio::task::yield_now().await;
    }
}

async fn is_gone(store: &KeyedStore, generation: &Generation) -> Checked {
    let documents = &store.keyed;
    let at = positions(&[(0, 3)]);
    let answers = [
        ("write", documents.write(generation, &[versioned("a", 9)], &at).await.err()),
        ("write of positions", documents.write(generation, &[], &at).await.err()),
        ("load", documents.load(generation, &["a".to_owned()]).await.err()),
        ("put", put_one(store, generation, &versioned("a", 9)).await.err()),
        ("positions", documents.positions(generation).await.err()),
        ("switch", store.generations.switch(generation).await.err()),
        ("drop", store.generations.drop_generation(generation).await.err()),
    ];
    for (what, error) in answers {
        let gone = matches!(&error, Some(StoreError::NoGeneration(which)) if which == generation);
        ensure!(gone, "{what} on a generation that is not there: {error:?}");
    }
    Ok(())
}

pub(super) async fn a_dropped_generation_is_gone_for_good(location: &dyn KeyedLocation) -> Checked {
    let (store, other) = (location.open_keyed().await?, location.open_keyed().await?);
    live(&store).await?;
    is_gone(&store, &number(7)).await?;
    let dropped = store.generations.create(&BOOKS).await?;
    let at = positions(&[(0, 3)]);
    for handle in [&store, &other] {
        handle.keyed.write(&dropped, &[versioned("a", 5)], &at).await?;
        get(handle, &dropped, "a").await?;
    }
    store.generations.drop_generation(&dropped).await?;
    is_gone(&store, &dropped).await?;
    is_gone(&other, &dropped).await?;
    let all = store.generations.list().await?;
    ensure!(all == [(number(1), GenerationState::Live)], "after dropping: {all:?}");

    let next = store.generations.create(&BOOKS).await?;
    ensure!(next == number(3), "after 1 and a dropped 2 comes {next:?}");
    is_gone(&other, &dropped).await?;
    ensure!(
        get(&store, &next, "a").await?.is_none(),
        "the next generation holds the dropped one's documents"
    );
    let positions = store.keyed.positions(&next).await?;
    ensure!(positions.is_empty(), "the next generation holds the dropped one's positions: {positions:?}");
    Ok(())
}

pub(super) async fn the_live_generation_is_not_dropped(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    put(&store, &generation, &[versioned("a", 1)]).await?;
    let refused = store.generations.drop_generation(&generation).await;
    ensure!(matches!(refused, Err(StoreError::Live(_))), "dropping the live generation: {refused:?}");
    ensure!(get(&store, &generation, "a").await?.is_some(), "the live generation lost a document");
    Ok(())
}

pub(super) async fn shapes_do_not_mix(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let old = live(&store).await?;
    put(&store, &old, &[versioned("a", 1)]).await?;
    let new = store.generations.live(&BOOKS_TO_COME).await?;
    ensure!((new.shape, new.number) == (2, 1), "the first generation of another shape is {new:?}");
    ensure!(get(&store, &new, "a").await?.is_none(), "a new shape begins with old documents");
    let second = store.generations.create(&BOOKS_TO_COME).await?;
    store.generations.switch(&second).await?;
    ensure!(live(&store).await? == old, "a switch in one shape moved another");
    Ok(())
}
