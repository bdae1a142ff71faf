//! Versions guard documents.

use std::sync::Arc;

use super::books::{deletion, get, live, lost, put, stored, versioned, write};
use super::{Place, Verdict, ensure};
use crate::port::{StoreError, Write};

pub(super) async fn of_two_writers_the_older_never_wins(place: Arc<dyn Place>) -> Verdict {
    let (store, other) = (place.open().await?, place.open().await?);
    let generation = live(&store).await?;
    ensure!(put(&store, &generation, &[versioned("a", 5)]).await? == [true], "a new document is not kept");
    ensure!(put(&other, &generation, &[versioned("a", 3)]).await? == [false], "an older version is kept");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 5))), "after versions 5 and 3 it is {now:?}");
    ensure!(put(&other, &generation, &[versioned("a", 6)]).await? == [true], "a newer version is not kept");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 6))), "after versions 5, 3 and 6 it is {now:?}");
    Ok(())
}

pub(super) async fn of_many_writers_at_once_the_newest_wins(place: Arc<dyn Place>) -> Verdict {
    const WRITERS: u64 = 8;
    const VERSIONS: u64 = 24;
    let stores = [place.open().await?, place.open().await?];
    let generation = live(&stores[0]).await?;
    let mut tasks = Vec::new();
    for (writer, store) in (0..WRITERS).zip(stores.iter().cycle()) {
        let (store, generation) = (store.clone(), generation.clone());
        tasks.push(tokio::spawn(async move {
            let mut kept = 0;
            // Each writer has every version of its remainder, in an order of its own.
            for step in 0..VERSIONS {
                let version = 1 + (step * 7 + writer * 5) % VERSIONS;
                let writes = [versioned("hot", version), versioned(&format!("own {writer}"), version)];
                kept += put(&store, &generation, &writes).await?.iter().filter(|kept| **kept).count();
            }
            Ok::<_, StoreError>(kept)
        }));
    }
    for task in tasks {
        let kept = task.await.map_err(lost)??;
        ensure!(kept > 0, "a writer kept nothing of its own document");
    }
    let owners = (0..WRITERS).map(|writer| format!("own {writer}"));
    for id in owners.chain(["hot".to_owned()]) {
        let now = get(&stores[1], &generation, &id).await?;
        ensure!(now == Some(stored(&versioned(&id, VERSIONS))), "the newest version is lost: {now:?}");
    }
    Ok(())
}

pub(super) async fn writing_twice_is_writing_once(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let generation = live(&store).await?;
    let first = Write { stale: true, ..versioned("a", 2) };
    put(&store, &generation, std::slice::from_ref(&first)).await?;
    let again = put(&store, &generation, &[versioned("a", 2)]).await?;
    ensure!(again == [false], "the same version is kept twice");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&first)), "the same version replaced it: {now:?}");

    let several = [versioned("b", 1), versioned("b", 3), versioned("b", 3), versioned("b", 2)];
    let kept = put(&store, &generation, &several).await?;
    ensure!(kept == [true, true, false, false], "versions 1, 3, 3, 2 in one write: kept {kept:?}");
    let now = get(&store, &generation, "b").await?;
    ensure!(now == Some(stored(&several[1])), "after versions 1, 3, 3, 2 in one write it is {now:?}");
    Ok(())
}

pub(super) async fn a_deleted_document_stays_deleted_when_its_past_comes_again(
    place: Arc<dyn Place>,
) -> Verdict {
    let store = place.open().await?;
    let generation = live(&store).await?;
    let past = [versioned("a", 1), versioned("a", 2), deletion("a", 3)];
    put(&store, &generation, &past).await?;
    for round in ["together", "one by one"] {
        let parts = if round == "together" { past.len() } else { 1 };
        for part in past.chunks(parts) {
            let kept = put(&store, &generation, part).await?;
            ensure!(!kept.contains(&true), "its past is kept when it comes again {round}");
        }
        let now = get(&store, &generation, "a").await?;
        ensure!(now == Some(stored(&past[2])), "a deleted document came back {round}: {now:?}");
    }
    put(&store, &generation, &[versioned("a", 4)]).await?;
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&versioned("a", 4))), "what was made anew is {now:?}");

    put(&store, &generation, &[deletion("never there", 2)]).await?;
    let kept = put(&store, &generation, &[versioned("never there", 1)]).await?;
    ensure!(kept == [false], "the past of a document that was deleted unseen is kept");
    Ok(())
}

pub(super) async fn a_large_write_answers_for_each_document(place: Arc<dyn Place>) -> Verdict {
    const DOCUMENTS: usize = 1_237;
    let store = place.open().await?;
    let generation = live(&store).await?;
    let ids: Vec<String> = (0..DOCUMENTS).map(|number| format!("{number:04}")).collect();
    let thirds: Vec<Write> = ids.iter().step_by(3).map(|id| versioned(id, 5)).collect();
    put(&store, &generation, &thirds).await?;
    let all: Vec<Write> = ids.iter().map(|id| versioned(id, 4)).collect();
    let kept = put(&store, &generation, &all).await?;
    let expected: Vec<bool> = (0..DOCUMENTS).map(|number| number % 3 != 0).collect();
    ensure!(kept == expected, "a write of {DOCUMENTS} documents does not answer for each");
    let documents = store.documents().load(&generation, &ids).await?;
    for (number, (document, id)) in documents.into_iter().zip(&ids).enumerate() {
        let version = if number % 3 == 0 { 5 } else { 4 };
        ensure!(document == Some(stored(&versioned(id, version))), "{id} is {document:?}");
    }
    Ok(())
}

pub(super) async fn a_body_that_is_no_json_is_refused_with_its_whole_write(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let generation = live(&store).await?;
    let broken = Write { body: Some("{\"title\":".to_owned()), ..versioned("b", 1) };
    let refused = put(&store, &generation, &[versioned("a", 1), broken]).await;
    ensure!(
        matches!(&refused, Err(StoreError::Malformed { id, .. }) if id == "b"),
        "a body that is no JSON: {refused:?}"
    );
    let now = get(&store, &generation, "a").await?;
    ensure!(now.is_none(), "half of a refused write is there: {now:?}");
    put(&store, &generation, &[write("a", 1, &serde_json::json!({}))]).await?;
    Ok(())
}
