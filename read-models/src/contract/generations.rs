//! Generations.

use std::sync::Arc;

use super::books::{BOOKS_TO_COME, get, live, lost, put, stored, versioned};
use super::{BOOKS, Place, Verdict, ensure};
use crate::port::{Checkpoint, Generation, GenerationState, Query, StoreError};
use crate::store::Store;

fn number(number: u32) -> Generation {
    Generation { collection: BOOKS.name.to_owned(), shape: BOOKS.shape, number }
}

pub(super) async fn the_first_callers_make_one_generation(place: Arc<dyn Place>) -> Verdict {
    let stores = [place.open().await?, place.open().await?];
    let mut tasks = Vec::new();
    for store in stores.iter().cycle().take(12) {
        let store = store.clone();
        tasks.push(tokio::spawn(async move { live(&store).await }));
    }
    for task in tasks {
        let got = task.await.map_err(lost)??;
        ensure!(got == number(1), "a first caller got {got:?}");
    }
    let all = stores[0].generations().list().await?;
    ensure!(all == [(number(1), GenerationState::Live)], "the first callers made {all:?}");
    Ok(())
}

pub(super) async fn a_generation_is_built_beside_the_live_one(place: Arc<dyn Place>) -> Verdict {
    use GenerationState::{Building, Live, Retired};
    let store = place.open().await?;
    let old = live(&store).await?;
    put(&store, &old, &[versioned("a", 1)]).await?;
    let new = store.generations().create(&BOOKS).await?;
    ensure!(new == number(2), "the second generation is {new:?}");
    ensure!(live(&store).await? == old, "a building generation is live");
    ensure!(get(&store, &new, "a").await?.is_none(), "a new generation is not empty");
    put(&store, &new, &[versioned("a", 2)]).await?;
    let in_old = get(&store, &old, "a").await?;
    ensure!(in_old == Some(stored(&versioned("a", 1))), "the live one holds {in_old:?}");

    store.generations().switch(&new).await?;
    ensure!(live(&store).await? == new, "the switch did not make it live");
    let all = store.generations().list().await?;
    ensure!(all == [(old.clone(), Retired), (new.clone(), Live)], "after the switch: {all:?}");
    store.generations().switch(&new).await?;
    let all = store.generations().list().await?;
    ensure!(all == [(old.clone(), Retired), (new.clone(), Live)], "after the same switch again: {all:?}");

    let third = store.generations().create(&BOOKS).await?;
    store.generations().switch(&old).await?;
    let all = store.generations().list().await?;
    let back = [(old.clone(), Live), (new, Retired), (third, Building)];
    ensure!(all == back, "after switching back: {all:?}");
    let in_old = get(&store, &old, "a").await?;
    ensure!(in_old == Some(stored(&versioned("a", 1))), "the retired one lost its document: {in_old:?}");
    Ok(())
}

pub(super) async fn readers_see_the_old_or_the_new_generation(place: Arc<dyn Place>) -> Verdict {
    let (writer, reader) = (place.open().await?, place.open().await?);
    let generations = [live(&writer).await?, writer.generations().create(&BOOKS).await?];
    for generation in &generations {
        put(&writer, generation, &[versioned("a", u64::from(generation.number))]).await?;
    }
    let switching = tokio::spawn({
        let generations = generations.clone();
        async move {
            for generation in generations.iter().rev().cycle().take(40) {
                writer.generations().switch(generation).await?;
            }
            // Forty switches end where they began; one more is seen below.
            writer.generations().switch(&generations[1]).await
        }
    });
    while !switching.is_finished() {
        let now = live(&reader).await?;
        ensure!(generations.contains(&now), "a reader saw {now:?}");
        let document = get(&reader, &now, "a").await?;
        let expected = stored(&versioned("a", u64::from(now.number)));
        ensure!(document == Some(expected), "a reader of {now:?} saw {document:?}");
        let all = reader.generations().list().await?;
        let live = all.iter().filter(|(_, state)| *state == GenerationState::Live).count();
        ensure!(live == 1, "{live} generations are live: {all:?}");
    }
    switching.await.map_err(lost)??;
    ensure!(live(&reader).await? == generations[1], "the next request after a switch sees the old one");
    Ok(())
}

async fn is_gone(store: &Store, generation: &Generation) -> Verdict {
    let documents = store.documents();
    let at = Checkpoint::from([("books/0".to_owned(), 3)]);
    let answers = [
        ("write", documents.write(generation, &[versioned("a", 9)], &at).await.err()),
        ("write of positions", documents.write(generation, &[], &at).await.err()),
        ("load", documents.load(generation, &["a".to_owned()]).await.err()),
        ("find", documents.find(generation, &Query { limit: 9, ..Query::default() }).await.err()),
        ("count", documents.count(generation, &[], 9).await.err()),
        ("positions", documents.positions(generation).await.err()),
        ("switch", store.generations().switch(generation).await.err()),
        ("drop", store.generations().drop_generation(generation).await.err()),
    ];
    for (what, error) in answers {
        let gone = matches!(&error, Some(StoreError::NoGeneration(which)) if which == generation);
        ensure!(gone, "{what} on a generation that is not there: {error:?}");
    }
    Ok(())
}

pub(super) async fn a_dropped_generation_is_gone_for_good(place: Arc<dyn Place>) -> Verdict {
    let (store, other) = (place.open().await?, place.open().await?);
    live(&store).await?;
    is_gone(&store, &number(7)).await?;
    let dropped = store.generations().create(&BOOKS).await?;
    let at = Checkpoint::from([("books/0".to_owned(), 3)]);
    for handle in [&store, &other] {
        handle.documents().write(&dropped, &[versioned("a", 5)], &at).await?;
        get(handle, &dropped, "a").await?;
    }
    store.generations().drop_generation(&dropped).await?;
    is_gone(&store, &dropped).await?;
    is_gone(&other, &dropped).await?;
    let all = store.generations().list().await?;
    ensure!(all == [(number(1), GenerationState::Live)], "after dropping: {all:?}");

    let next = store.generations().create(&BOOKS).await?;
    ensure!(next == number(3), "after 1 and a dropped 2 comes {next:?}");
    is_gone(&other, &dropped).await?;
    ensure!(
        get(&store, &next, "a").await?.is_none(),
        "the next generation holds the dropped one's documents"
    );
    let positions = store.documents().positions(&next).await?;
    ensure!(positions.is_empty(), "the next generation holds the dropped one's positions: {positions:?}");
    Ok(())
}

pub(super) async fn the_live_generation_is_not_dropped(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let generation = live(&store).await?;
    put(&store, &generation, &[versioned("a", 1)]).await?;
    let refused = store.generations().drop_generation(&generation).await;
    ensure!(matches!(refused, Err(StoreError::Live(_))), "dropping the live generation: {refused:?}");
    ensure!(get(&store, &generation, "a").await?.is_some(), "the live generation lost a document");
    Ok(())
}

pub(super) async fn shapes_do_not_mix(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let old = live(&store).await?;
    put(&store, &old, &[versioned("a", 1)]).await?;
    let new = store.generations().live(&BOOKS_TO_COME).await?;
    ensure!((new.shape, new.number) == (2, 1), "the first generation of another shape is {new:?}");
    ensure!(get(&store, &new, "a").await?.is_none(), "a new shape begins with old documents");
    let second = store.generations().create(&BOOKS_TO_COME).await?;
    store.generations().switch(&second).await?;
    ensure!(live(&store).await? == old, "a switch in one shape moved another");
    Ok(())
}
