//! A server that has lost its last writes while stores were open.

use mongodb::bson::{Document, doc};
use platform::bus::{Positions, decode_positions};
use read_models::contract::scratch::Scratch;
use read_models::contract::{BOOKS, Location};
use read_models::{StoreError, Write};

fn at(position: u64) -> Positions {
    decode_positions([("chorale.order.v1/0".to_owned(), position)])
}

fn book(version: u64) -> Write {
    let body = Some(format!(r#"{{"title":"version {version}"}}"#));
    Write { id: "a".to_owned(), version, body, stale: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_has_written_more_than_is_stored_cannot_pass_what_was_lost() {
    let location = Scratch::new();
    let store = location.open().await.unwrap();
    let generation = store.generations.live(&BOOKS).await.unwrap();
    assert_eq!(store.keyed.resume(&generation).await.unwrap(), Positions::new());
    store.keyed.write(&generation, &[book(1)], &at(5)).await.unwrap();
    store.keyed.write(&generation, &[book(2)], &at(8)).await.unwrap();

    // What a killed server that had acknowledged too early holds afterwards.
    let entries = location.database().await.unwrap().collection::<Document>("generations");
    let earlier = doc! { "$set": { "positions": { "chorale%2Eorder%2Ev1/0": 5_i64 } } };
    entries.update_one(doc! { "_id": "books_v1_g1" }, earlier).await.unwrap();

    let refused = store.keyed.write(&generation, &[book(3)], &at(9)).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(problem, None)) if problem.contains("earlier moment")),
        "{refused:?}"
    );
    // Reading alone is no reason to go on.
    assert_eq!(store.keyed.positions(&generation).await.unwrap(), at(5));
    store.keyed.write(&generation, &[book(3)], &at(9)).await.unwrap_err();
    // From there everything is delivered again.
    assert_eq!(store.keyed.resume(&generation).await.unwrap(), at(5));
    store.keyed.write(&generation, &[book(3)], &at(6)).await.unwrap();
    assert_eq!(store.keyed.positions(&generation).await.unwrap(), at(6));
}
