//! Versions guard documents.

use super::books::{deletion, get, live, put, put_one, stored, versioned, write};
use super::{Checked, KeyedLocation, ensure};
use crate::port::{StoreError, Write};

pub(super) async fn of_two_writers_the_older_never_wins(location: &dyn KeyedLocation) -> Checked {
    let (store, other) = (location.open_keyed().await?, location.open_keyed().await?);
    let generation = live(&store).await?;
    ensure!(put_one(&store, &generation, &versioned("a", 5)).await?, "a new document is not kept");
    ensure!(!put_one(&other, &generation, &versioned("a", 3)).await?, "an older version is kept");
    put(&other, &generation, &[versioned("a", 4)]).await?;
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 5))), "after versions 5, 3 and 4 it is {now:?}");
    ensure!(put_one(&other, &generation, &versioned("a", 6)).await?, "a newer version is not kept");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 6))), "after versions 5, 3, 4 and 6 it is {now:?}");
    Ok(())
}

pub(super) async fn of_many_writers_at_once_the_newest_wins(location: &dyn KeyedLocation) -> Checked {
    const WRITERS: u64 = 8;
    const VERSIONS: u64 = 24;
    let stores = [location.open_keyed().await?, location.open_keyed().await?];
    let generation = live(&stores[0]).await?;
    let mut tasks = Vec::new();
    for (writer, store) in (0..WRITERS).zip(stores.iter().cycle()) {
        let (store, generation) = (store.clone(), generation.clone());
        tasks.push(tokio::spawn(async move {
            let mut kept = 0;
            // Each writer has every version of its remainder, in an order of its own.
            for step in 0..VERSIONS {
                let version = 1 + (step * 7 + writer * 5) % VERSIONS;
                let own = versioned(&format!("own {writer}"), version);
                if step % 2 == 0 {
                    put(&store, &generation, &[versioned("hot", version), own]).await?;
                } else {
                    put(&store, &generation, &[versioned("hot", version)]).await?;
                    kept += u64::from(put_one(&store, &generation, &own).await?);
                }
            }
            Ok::<_, StoreError>(kept)
        }));
    }
    for task in tasks {
        let kept = task.await??;
        ensure!(kept > 0, "a writer kept nothing of its own document");
    }
    let owners = (0..WRITERS).map(|writer| format!("own {writer}"));
    for id in owners.chain(["hot".to_owned()]) {
        let now = get(&stores[1], &generation, &id).await?;
        ensure!(now == Some(stored(&versioned(&id, VERSIONS))), "the newest version is lost: {now:?}");
    }
    Ok(())
}

pub(super) async fn writing_twice_is_writing_once(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let first = Write { stale: true, ..versioned("a", 2) };
    put(&store, &generation, std::slice::from_ref(&first)).await?;
    let again = put_one(&store, &generation, &versioned("a", 2)).await?;
    ensure!(!again, "the same version is kept twice");
    put(&store, &generation, &[versioned("a", 2)]).await?;
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&first)), "the same version replaced it: {now:?}");

    let several = [versioned("b", 1), versioned("b", 3), versioned("b", 3), versioned("b", 2)];
    for (one, kept) in several.iter().zip([true, true, false, false]) {
        let answer = put_one(&store, &generation, one).await?;
        ensure!(answer == kept, "of versions 1, 3, 3, 2 version {} is answered with {answer}", one.version);
    }
    let now = get(&store, &generation, "b").await?;
    ensure!(now == Some(stored(&several[1])), "after versions 1, 3, 3, 2 it is {now:?}");
    Ok(())
}

pub(super) async fn a_deleted_document_stays_deleted_when_its_past_is_redelivered(
    location: &dyn KeyedLocation,
) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let past = [versioned("a", 1), versioned("a", 2), deletion("a", 3)];
    for one in &past {
        put(&store, &generation, std::slice::from_ref(one)).await?;
    }
    for one in &past {
        put(&store, &generation, std::slice::from_ref(one)).await?;
        let now = get(&store, &generation, "a").await?;
        ensure!(now == Some(stored(&past[2])), "a deleted document came back: {now:?}");
        ensure!(!put_one(&store, &generation, one).await?, "version {} is kept again", one.version);
    }
    put(&store, &generation, &[versioned("a", 4)]).await?;
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 4))), "the re-created document is {now:?}");

    put(&store, &generation, &[deletion("never there", 2)]).await?;
    let kept = put_one(&store, &generation, &versioned("never there", 1)).await?;
    ensure!(!kept, "the past of a document that was deleted unseen is kept");
    Ok(())
}

pub(super) async fn a_large_write_keeps_the_newer_of_each_document(location: &dyn KeyedLocation) -> Checked {
    const DOCUMENTS: usize = 1_237;
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let ids: Vec<String> = (0..DOCUMENTS).map(|number| format!("{number:04}")).collect();
    let thirds: Vec<Write> = ids.iter().step_by(3).map(|id| versioned(id, 5)).collect();
    put(&store, &generation, &thirds).await?;
    let all: Vec<Write> = ids.iter().map(|id| versioned(id, 4)).collect();
    put(&store, &generation, &all).await?;
    let documents = store.keyed.load(&generation, &ids).await?;
    for (number, (document, id)) in documents.into_iter().zip(&ids).enumerate() {
        let version = if number % 3 == 0 { 5 } else { 4 };
        ensure!(document == Some(stored(&versioned(id, version))), "{id} is {document:?}");
    }
    Ok(())
}

pub(super) async fn a_body_that_is_not_json_is_refused_with_its_whole_batch(
    location: &dyn KeyedLocation,
) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let broken = Write { body: Some("{\"title\":".to_owned()), ..versioned("b", 1) };
    let refused = put(&store, &generation, &[versioned("a", 1), broken]).await;
    ensure!(
        matches!(&refused, Err(StoreError::Malformed { id, .. }) if id == "b"),
        "a body that is not JSON: {refused:?}"
    );
    let now = get(&store, &generation, "a").await?;
    ensure!(now.is_none(), "half of a refused batch was written: {now:?}");
    put(&store, &generation, &[write("a", 1, &serde_json::json!({}))]).await?;
    Ok(())
}

pub(super) async fn a_batch_that_names_an_id_twice_is_refused(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let refused = put(&store, &generation, &[versioned("a", 1), versioned("b", 1), versioned("b", 2)]).await;
    ensure!(
        matches!(&refused, Err(StoreError::DuplicateId { id, .. }) if id == "b"),
        "a batch with an id twice: {refused:?}"
    );
    let now = get(&store, &generation, "a").await?;
    ensure!(now.is_none(), "half of a refused batch was written: {now:?}");
    Ok(())
}

pub(super) async fn of_many_that_put_the_same_version_one_succeeds(location: &dyn KeyedLocation) -> Checked {
    let stores = [location.open_keyed().await?, location.open_keyed().await?];
    let generation = live(&stores[0]).await?;
    for version in 1..=5 {
        let mut tasks = Vec::new();
        for (caller, store) in stores.iter().cycle().take(6).enumerate() {
            let (store, generation) = (store.clone(), generation.clone());
            let body = serde_json::json!({ "title": format!("caller {caller}") });
            tasks.push(tokio::spawn(async move {
                let won = put_one(&store, &generation, &write("lease", version, &body)).await?;
                Ok::<_, StoreError>(won.then_some(body))
            }));
        }
        let mut winners = Vec::new();
        for task in tasks {
            winners.extend(task.await??);
        }
        ensure!(winners.len() == 1, "version {version} was put by {} callers", winners.len());
        let now = get(&stores[1], &generation, "lease").await?;
        let expected = stored(&write("lease", version, &winners[0]));
        ensure!(now == Some(expected), "another caller's document is stored: {now:?}");
    }
    Ok(())
}
