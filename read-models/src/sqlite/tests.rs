//! Tests that need the inside of the store.

use platform::bus::Positions;

use crate::changes::Changes;
use crate::contract::BOOKS;
use crate::port::{Generations, Keyed, Queries, StoreError, Write};
use crate::sqlite::Sqlite;

#[tokio::test]
async fn a_full_disk_is_reported_and_survived() {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&directory.path().join("read.sqlite"), &[&BOOKS]).await.unwrap();
    let generation = store.live(&BOOKS).await.unwrap();
    let mut transaction = store.writer.begin(&Changes::default()).await.unwrap();
    sqlx::query("PRAGMA max_page_count = 200").execute(transaction.connection()).await.unwrap();
    transaction.commit().await.unwrap();

    let body = format!("{{\"text\": \"{}\"}}", "x".repeat(4_000));
    let writes: Vec<Write> = (0..1_000)
        .map(|number| Write { id: number.to_string(), version: 1, body: Some(body.clone()), stale: false })
        .collect();
    let positions = Positions::from([("chorale.order.v1/0".parse().unwrap(), 1)]);
    let error = store.write(&generation, &writes, &positions).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSpace), "{error:?}");
    assert_eq!(store.count(&generation, &[], 10).await.unwrap(), 0);
    assert_eq!(store.positions(&generation).await.unwrap(), Positions::new());

    // The new connection has no limit: as if space had been made.
    store.write(&generation, &writes, &positions).await.unwrap();
    assert_eq!(store.count(&generation, &[], 2_000).await.unwrap(), 1_000);
    assert_eq!(store.positions(&generation).await.unwrap(), positions);
}
