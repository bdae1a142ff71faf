use std::time::{Duration, Instant};

use event_log::contract::Draft;
use event_log::port::{Committed, Read};
use event_log::{connect, migrate};
use platform::postgres::scratch::Scratch;
use schemas::Context;
use sqlx::{Connection, PgConnection};

/// The server ends an idle transaction after half a second; a busy machine may take longer.
const AT_MOST: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_client_that_stops_with_the_head_lock_delays_the_others_only_briefly() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let stopped = connect(database.url(), Context::Ordering).await.unwrap();
    let other = connect(database.url(), Context::Ordering).await.unwrap();

    let lock = stopped.lock_head().await.unwrap().unwrap();
    let mine = Draft::on(Context::Ordering, lock.head()).event("order-1", 1);
    let start = Instant::now();
    let draft = Draft::now(&*other).await.unwrap().event("order-1", 1);
    assert!(matches!(draft.commit(&*other).await.unwrap(), Committed::Done(_)));
    let waited = start.elapsed();
    assert!(waited > Duration::from_millis(400), "the head was not locked: {waited:?}");
    assert!(waited < AT_MOST, "{waited:?}");

    // The stopped client finds that its lock was broken.
    let answer = lock.commit(&mine.batch).await.unwrap();
    assert_eq!(answer, Committed::Moved(other.head().await.unwrap()));
    let next = Draft::now(&*stopped).await.unwrap().event("order-1", 2);
    assert!(matches!(next.commit(&*stopped).await.unwrap(), Committed::Done(_)));
    event_log::verify::verify(&*other, None, |_| {}).await.unwrap();
}

#[tokio::test]
async fn the_holder_of_the_head_lock_is_not_overtaken() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let one = connect(database.url(), Context::Ordering).await.unwrap();
    let other = connect(database.url(), Context::Ordering).await.unwrap();
    let lock = one.lock_head().await.unwrap().unwrap();
    let (mine, others) = (lock.head(), Draft::now(&*other).await.unwrap().event("order-2", 1));
    let late = others.commit(&*other);
    let mine = Draft::on(Context::Ordering, mine).event("order-1", 1);
    let (done, moved) = tokio::join!(lock.commit(&mine.batch), late);
    let done = done.unwrap();
    let Committed::Done(done) = done else { panic!("{done:?}") };
    assert_eq!(moved.unwrap(), Committed::Moved(done));

    // A released lock blocks no other writer.
    one.lock_head().await.unwrap().unwrap().release().await.unwrap();
    let next = Draft::now(&*other).await.unwrap().event("order-2", 1);
    assert!(matches!(next.commit(&*other).await.unwrap(), Committed::Done(_)));
}

#[tokio::test]
async fn a_transaction_that_is_left_open_blocks_neither_appends_nor_readers() {
    const EVENTS: u64 = 100;
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let mut idle = PgConnection::connect(database.url()).await.unwrap();
    let count = "SELECT (SELECT count(*) FROM ordering.events) + (SELECT position FROM ordering.head)";
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ").execute(&mut idle).await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut idle).await.unwrap(), 0);

    let log = connect(database.url(), Context::Ordering).await.unwrap();
    for version in 1..=EVENTS {
        let draft = Draft::now(&*log).await.unwrap().event("order-1", version);
        assert!(matches!(draft.commit(&*log).await.unwrap(), Committed::Done(_)));
        let read = log.read(Read::After(version - 1), 10).await.unwrap();
        assert!(read.iter().map(|event| event.envelope.position).eq([version]));
    }
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut idle).await.unwrap(), 0);
}

#[tokio::test]
async fn releasing_a_lock_that_the_server_has_broken_does_no_harm() {
    let database = Scratch::new().await.unwrap();
    migrate(database.url(), Context::Ordering).await.unwrap();
    let log = connect(database.url(), Context::Ordering).await.unwrap();
    let lock = log.lock_head().await.unwrap().unwrap();
    let cut = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.run_in("ordering", cut).await.unwrap();
    lock.release().await.unwrap();
    let draft = Draft::now(&*log).await.unwrap().event("order-1", 1);
    assert!(matches!(draft.commit(&*log).await.unwrap(), Committed::Done(_)));
}
