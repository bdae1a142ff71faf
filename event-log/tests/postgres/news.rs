use std::time::Duration;

use event_log::contract::Draft;
use event_log::port::Committed;
use event_log::{connect, migrate};
use platform::postgres::scratch::Scratch;
use schemas::Context;
use sqlx::postgres::PgListener;
use sqlx::{Connection, PgConnection};

/// It only ends a hang.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_is_committed_is_told_to_whoever_listens_on_either_road() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    let mut listener = PgListener::connect(database.url()).await.unwrap();
    listener.listen("chorale.ordering").await.unwrap();

    let draft = Draft::now(&*log).await.unwrap().event("order-1", 1);
    assert!(matches!(draft.commit(&*log).await.unwrap(), Committed::Done(_)));
    let told = tokio::time::timeout(SOON, listener.recv()).await.unwrap().unwrap();
    assert_eq!(told.payload(), "1");

    let held = log.hold().await.unwrap().unwrap();
    let draft = Draft::on(Context::Ordering, held.head()).event("order-1", 2);
    assert!(matches!(held.commit(&draft.batch).await.unwrap(), Committed::Done(_)));
    let told = tokio::time::timeout(SOON, listener.recv()).await.unwrap().unwrap();
    assert_eq!(told.payload(), "2");
}

#[tokio::test]
async fn who_waits_for_growth_listens_and_goes_on_listening_when_the_connection_was_cut() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    // One listens, and two follow each other: what was ended is not there any more.
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
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        before = tokio::time::timeout(SOON, found).await.unwrap();
        let cut = format!("SELECT pg_terminate_backend({before})");
        database.run(&cut).await.unwrap();
    }
}
