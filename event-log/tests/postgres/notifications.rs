use std::time::Duration;

use event_log::contract::Draft;
use event_log::port::Committed;
use event_log::{connect, migrate};
use platform::postgres::scratch::Scratch;
use schemas::Context;
use sqlx::postgres::PgListener;
use sqlx::{Connection, PgConnection};

/// Only ends a hang.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn commits_notify_listeners_with_and_without_a_head_lock() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    let mut listener = PgListener::connect(database.url()).await.unwrap();
    listener.listen("chorale.ordering").await.unwrap();

    let draft = Draft::now(&*log).await.unwrap().event("order-1", 1);
    assert!(matches!(draft.commit(&*log).await.unwrap(), Committed::Done(_)));
    let notification = tokio::time::timeout(SOON, listener.recv()).await.unwrap().unwrap();
    assert_eq!(notification.payload(), "1");

    let lock = log.lock_head().await.unwrap().unwrap();
    let draft = Draft::on(Context::Ordering, lock.head()).event("order-1", 2);
    assert!(matches!(lock.commit(&draft.batch).await.unwrap(), Committed::Done(_)));
    let notification = tokio::time::timeout(SOON, listener.recv()).await.unwrap().unwrap();
    assert_eq!(notification.payload(), "2");
}

#[tokio::test]
async fn a_wait_for_growth_listens_again_after_the_connection_was_cut() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    // Only one connection listens, and after it was ended, another one.
    let mut before = String::new();
    for _ in 0..2 {
        log.grown(0, Duration::from_millis(1)).await;
        let listens = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
                       AND pid::text <> $1";
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let found = async {
            loop {
                let pid: Option<String> =
                    sqlx::query_scalar(listens).bind(&before).fetch_optional(&mut connection).await.unwrap();
                match pid {
                    Some(pid) => return pid,
                    None => tokio::task::yield_now().await,
                }
            }
        };
        before = tokio::time::timeout(SOON, found).await.unwrap();
        let cut = format!("SELECT pg_terminate_backend({before})");
        database.run(&cut).await.unwrap();
    }
}
