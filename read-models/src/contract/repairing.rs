//! Correcting documents.

use std::time::Duration;

use serde_json::json;

use super::books::{deletion, get, live, matching, positions, put, put_one, stored, write};
use super::{BOOKS, Broken, Checked, KeyedLocation, KeyedStore, Location, ensure};
use crate::port::{Filter, Generation, StoreError, Value, Write};

/// A store with the document `a` of version 5, and positions.
async fn open(location: &dyn KeyedLocation) -> Result<(KeyedStore, Generation), Broken> {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    store.keyed.write(&generation, &[book(5, "wrong", &["old"])], &positions(&[(0, 9)])).await?;
    Ok((store, generation))
}

fn book(version: u64, title: &str, words: &[&str]) -> Write {
    write("a", version, &json!({ "title": title, "words": words }))
}

fn titled(title: &str) -> [Filter; 1] {
    [Filter::In("title", vec![Value::Text(title.to_owned())])]
}

fn worded(word: &str) -> [Filter; 1] {
    [Filter::HasAny("words", vec![word.to_owned()])]
}

pub(super) async fn a_repair_replaces_a_document_of_the_same_version(
    location: &dyn KeyedLocation,
) -> Checked {
    let (store, generation) = open(location).await?;
    let token = store.keyed.changed(&generation.collection, None, Duration::ZERO).await?;
    let right = book(5, "right", &["new"]);
    ensure!(store.repairs.replace(&generation, &right, 5).await?, "it was not replaced");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&right)), "after the repair it is {now:?}");
    let at = store.keyed.positions(&generation).await?;
    ensure!(at == positions(&[(0, 9)]), "the repair changed the positions: {at:?}");
    let later = store.keyed.changed(&generation.collection, Some(&token), Duration::from_secs(60)).await?;
    ensure!(later != token, "callers that wait for a change do not learn of the repair");
    Ok(())
}

pub(super) async fn a_repair_may_lower_a_version(location: &dyn KeyedLocation) -> Checked {
    let (store, generation) = open(location).await?;
    let right = book(2, "right", &[]);
    ensure!(store.repairs.replace(&generation, &right, 5).await?, "it was not replaced");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&right)), "after the repair it is {now:?}");
    let next = book(3, "next", &[]);
    ensure!(put_one(&store, &generation, &next).await?, "the next version was not written");
    let stale = Write { stale: true, ..book(3, "next", &[]) };
    ensure!(store.repairs.replace(&generation, &stale, 3).await?, "it was not marked");
    ensure!(store.repairs.replace(&generation, &next, 3).await?, "the mark was not removed");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&next)), "in the end it is {now:?}");
    Ok(())
}

pub(super) async fn a_repair_does_not_replace_a_newer_document(location: &dyn KeyedLocation) -> Checked {
    let (store, generation) = open(location).await?;
    for wrong in [book(1, "older", &[]), book(4, "older", &[]), book(9, "newer", &[])] {
        ensure!(!store.repairs.replace(&generation, &wrong, 4).await?, "{wrong:?} replaced version 5");
    }
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&book(5, "wrong", &["old"]))), "it is {now:?}");
    Ok(())
}

pub(super) async fn a_repair_stores_a_document_that_is_missing(location: &dyn KeyedLocation) -> Checked {
    let (store, generation) = open(location).await?;
    for version in [1, 7] {
        let id = format!("missing {version}");
        let missing = Write { id: id.clone(), ..book(version, "missing", &["found"]) };
        ensure!(store.repairs.replace(&generation, &missing, 0).await?, "version {version} was not stored");
        let now = get(&store, &generation, &id).await?;
        ensure!(now == Some(stored(&missing)), "the missing document is {now:?}");
    }
    Ok(())
}

pub(super) async fn a_removed_document_leaves_no_tombstone(location: &dyn KeyedLocation) -> Checked {
    let (store, generation) = open(location).await?;
    put(&store, &generation, &[deletion("gone", 3)]).await?;
    for id in ["a", "gone"] {
        ensure!(store.repairs.remove(&generation, id, 5).await?, "{id} was not removed");
        let now = get(&store, &generation, id).await?;
        ensure!(now.is_none(), "after its removal {id} is {now:?}");
        ensure!(!store.repairs.remove(&generation, id, 5).await?, "{id} was removed twice");
    }
    let first = book(1, "first", &["again"]);
    ensure!(put_one(&store, &generation, &first).await?, "the first version was not written");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&first)), "it is {now:?}");
    Ok(())
}

pub(super) async fn a_newer_document_is_not_removed(location: &dyn KeyedLocation) -> Checked {
    let (store, generation) = open(location).await?;
    ensure!(!store.repairs.remove(&generation, "a", 4).await?, "version 5 was removed");
    let now = get(&store, &generation, "a").await?;
    ensure!(now == Some(stored(&book(5, "wrong", &["old"]))), "it is {now:?}");
    Ok(())
}

pub(super) async fn a_dropped_generation_is_not_repaired(location: &dyn KeyedLocation) -> Checked {
    let (store, _) = open(location).await?;
    let dropped = store.generations.create(&BOOKS).await?;
    store.generations.drop_generation(&dropped).await?;
    let answers = [
        store.repairs.replace(&dropped, &book(1, "right", &[]), 0).await.err(),
        store.repairs.remove(&dropped, "a", 9).await.err(),
    ];
    for error in answers {
        ensure!(matches!(error, Some(StoreError::NoGeneration(_))), "a dropped generation: {error:?}");
    }
    Ok(())
}

pub(super) async fn queries_follow_repairs(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    put(&keyed, &generation, &[book(5, "wrong", &["old"])]).await?;
    let right = book(5, "right", &["new"]);
    ensure!(store.repairs.replace(&generation, &right, 5).await?, "it was not replaced");
    let missing = Write { id: "missing".to_owned(), ..book(1, "missing", &["found"]) };
    ensure!(store.repairs.replace(&generation, &missing, 0).await?, "it was not stored");
    for (found, expected) in [
        (matching(&store, &generation, &titled("right")).await?, 1),
        (matching(&store, &generation, &worded("new")).await?, 1),
        (matching(&store, &generation, &worded("found")).await?, 1),
        (matching(&store, &generation, &titled("wrong")).await?, 0),
        (matching(&store, &generation, &worded("old")).await?, 0),
    ] {
        ensure!(found.len() == expected, "a query finds {found:?}");
    }
    ensure!(store.repairs.remove(&generation, "a", 5).await?, "it was not removed");
    let found = matching(&store, &generation, &worded("new")).await?;
    ensure!(found.is_empty(), "after the removal a query finds {found:?}");
    ensure!(put_one(&keyed, &generation, &book(1, "first", &["again"])).await?, "it was not written");
    let found = matching(&store, &generation, &worded("again")).await?;
    ensure!(found == ["a"], "a query finds {found:?}");
    Ok(())
}
