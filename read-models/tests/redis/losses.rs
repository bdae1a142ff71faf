//! A server that has lost what it held while stores were open.

use platform::bus::{Positions, decode_positions};
use read_models::contract::{BOOKS, KeyedStore};
use read_models::{Generation, StoreError, Write};
use redis::AsyncCommands;

use crate::scratch::{Scratch, connection};

fn at(position: u64) -> Positions {
    decode_positions([("chorale.order.v1/0".to_owned(), position)])
}

fn book(version: u64) -> Write {
    let body = Some(format!(r#"{{"title":"version {version}"}}"#));
    Write { id: "a".to_owned(), version, body, stale: false }
}

/// A writer at position 8.
async fn writer(location: &Scratch) -> (KeyedStore, Generation) {
    let store = location.open().await;
    let generation = store.generations.live(&BOOKS).await.unwrap();
    assert_eq!(store.keyed.resume(&generation).await.unwrap(), Positions::new());
    store.keyed.write(&generation, &[book(1)], &at(5)).await.unwrap();
    store.keyed.write(&generation, &[book(2)], &at(8)).await.unwrap();
    (store, generation)
}

async fn is_refused(store: &KeyedStore, generation: &Generation) {
    let refused = store.keyed.write(generation, &[book(3)], &at(9)).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(problem, None)) if problem.contains("earlier moment")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_has_written_more_than_is_stored_cannot_pass_what_was_lost() {
    let location = Scratch::new();
    let (store, generation) = writer(&location).await;
    // What a replica that was behind holds after it became the primary.
    let positions = location.key("books_v1_g1:positions");
    connection().await.hset::<_, _, _, ()>(positions, "chorale.order.v1/0", 5).await.unwrap();

    is_refused(&store, &generation).await;
    // Reading alone is no reason to go on.
    assert_eq!(store.keyed.positions(&generation).await.unwrap(), at(5));
    is_refused(&store, &generation).await;
    // From there everything is delivered again.
    assert_eq!(store.keyed.resume(&generation).await.unwrap(), at(5));
    store.keyed.write(&generation, &[book(3)], &at(6)).await.unwrap();
    assert_eq!(store.keyed.positions(&generation).await.unwrap(), at(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_notices_that_the_store_was_emptied_even_when_another_has_begun_to_fill_it() {
    let location = Scratch::new();
    let (store, generation) = writer(&location).await;
    location.empty().await;
    let gone = store.keyed.write(&generation, &[book(3)], &at(9)).await;
    assert!(matches!(&gone, Err(StoreError::NoGeneration(which)) if *which == generation), "{gone:?}");

    // Another process is quicker, and has already passed the position of this one.
    let other = location.open().await;
    assert_eq!(other.generations.live(&BOOKS).await.unwrap(), generation);
    other.keyed.write(&generation, &[], &at(100)).await.unwrap();
    is_refused(&store, &generation).await;
    assert_eq!(store.keyed.resume(&generation).await.unwrap(), at(100));
    store.keyed.write(&generation, &[book(3)], &at(101)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_waits_sees_that_the_store_was_emptied() {
    let location = Scratch::new();
    let (store, _) = writer(&location).await;
    let reader = location.open().await;
    let soon = std::time::Duration::from_secs(60);
    let mut since = reader.keyed.changed(BOOKS.name, None, soon).await.unwrap();
    since = reader.keyed.changed(BOOKS.name, Some(&since), soon).await.unwrap();
    location.empty().await;
    store.generations.live(&BOOKS).await.unwrap();
    let now = reader.keyed.changed(BOOKS.name, Some(&since), soon).await.unwrap();
    assert_ne!(now, since);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_forgotten_the_scripts_gets_them_again() {
    let location = Scratch::new();
    let (store, generation) = writer(&location).await;
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection().await).await.unwrap();
    store.keyed.write(&generation, &[book(3)], &at(9)).await.unwrap();
    assert_eq!(store.keyed.positions(&generation).await.unwrap(), at(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_beyond_the_exact_range_of_a_double_are_compared_exactly() {
    let location = Scratch::new();
    let (store, generation) = writer(&location).await;
    let largest = (1_u64 << 63) - 1;
    assert!(store.keyed.put_if_newer(&generation, &book(largest - 1)).await.unwrap());
    assert!(store.keyed.put_if_newer(&generation, &book(largest)).await.unwrap());
    assert!(!store.keyed.put_if_newer(&generation, &book(largest - 1)).await.unwrap());
    store.keyed.write(&generation, &[], &at(largest)).await.unwrap();
    store.keyed.write(&generation, &[], &at(largest - 1)).await.unwrap();
    assert_eq!(store.keyed.positions(&generation).await.unwrap(), at(largest));
}
