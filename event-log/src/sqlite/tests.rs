use schemas::Timestamp;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::*;
use crate::contract::Draft;
use crate::port::{Leases, Properties};
use crate::{connect, connect_read_only};

struct TestFile {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

impl TestFile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/ordering.db");
        Self { _folder: folder, path }
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.path.display())
    }

    async fn log(&self) -> SqliteLog {
        SqliteLog::open(&self.path, Context::Ordering).await.unwrap()
    }

    async fn run(&self, sql: &str) {
        let mut connection = SqliteConnection::connect(&self.path.display().to_string()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let file = TestFile::new();
    drop(file.log().await);
    file.run("UPDATE meta SET format = 7").await;
    let newer = |result| matches!(result, Err(LogError::Newer { found: 7, known: 2 }));
    assert!(newer(connect(&file.url(), Context::Ordering).await.map(drop)));
    assert!(newer(connect_read_only(&file.url(), Context::Ordering).await.map(drop)));
}

#[tokio::test]
async fn a_file_of_format_1_is_migrated_in_place() {
    let file = TestFile::new();
    let before = {
        let log = file.log().await;
        Draft::now(&log).await.unwrap().event("order-1", 1).commit(&log).await.unwrap();
        log.head().await.unwrap()
    };
    file.run("DROP TABLE leases; DROP TABLE about; UPDATE meta SET format = 1").await;
    let refused = connect_read_only(&file.url(), Context::Ordering).await.map(drop);
    assert!(matches!(refused, Err(LogError::Unmigrated { found: Some(1), known: 2, .. })), "{refused:?}");

    let migrated = crate::migrate(&file.url(), Context::Ordering).await.unwrap();
    assert_eq!(migrated, Migrated { from: Some(1), to: 2 });
    let log = file.log().await;
    assert_eq!(log.head().await.unwrap(), before);
    assert!(log.lease("relay", "me", Duration::from_secs(9)).await.unwrap());
    assert!(log.set_property("time", "REAL").await.unwrap());
    let again = crate::migrate(&file.url(), Context::Ordering).await.unwrap();
    assert_eq!(again, Migrated { from: Some(2), to: 2 });
}

#[tokio::test]
async fn the_log_of_another_context_is_refused() {
    let file = TestFile::new();
    drop(file.log().await);
    let error = connect(&file.url(), Context::Payments).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("that of ordering, not of payments"), "{error}");
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused() {
    for url in ["mysql://localhost/log", "ordering.db", "sqlite://", ""] {
        let error = connect(url, Context::Ordering).await.map(drop).unwrap_err();
        assert!(matches!(&error, LogError::Address(_)), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_and_left_unchanged() {
    let file = TestFile::new();
    std::fs::create_dir_all(file.path.parent().unwrap()).unwrap();
    let text = "not a database at all".repeat(100);
    std::fs::write(&file.path, &text).unwrap();
    let error = connect(&file.url(), Context::Ordering).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("ordering.db"), "{error}");
    assert_eq!(std::fs::read_to_string(&file.path).unwrap(), text);
}

#[tokio::test]
async fn several_processes_can_open_a_new_log_at_once() {
    let file = TestFile::new();
    let openings = (0..8).map(|_| SqliteLog::open(&file.path, Context::Ordering));
    let logs = futures_util::future::try_join_all(openings).await.unwrap();
    assert!(logs.iter().all(|log| log.epoch == logs[0].epoch));
}

#[tokio::test]
async fn only_the_owner_can_access_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let file = TestFile::new();
    let log = file.log().await;
    Draft::now(&log).await.unwrap().event("order-1", 1).commit(&log).await.unwrap();
    for file in std::fs::read_dir(file.path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_read_only_log_follows_a_running_one_and_refuses_writes() {
    let file = TestFile::new();
    assert!(connect_read_only(&file.url(), Context::Ordering).await.is_err());
    assert!(!file.path.exists());

    let log = file.log().await;
    let read_only = connect_read_only(&file.url(), Context::Ordering).await.unwrap();
    Draft::now(&log).await.unwrap().event("order-1", 1).commit(&log).await.unwrap();
    assert_eq!(read_only.head().await.unwrap(), log.head().await.unwrap());
    assert_eq!(read_only.read(Read::After(0), 10).await.unwrap().len(), 1);
    let refused = Draft::now(&*read_only).await.unwrap().event("order-1", 2).commit(&*read_only).await;
    assert!(matches!(refused, Err(LogError::Unavailable(..))), "{refused:?}");
    assert!(read_only.prune_ledger(Timestamp::EPOCH).await.is_err());
}

#[tokio::test]
async fn a_read_only_log_opens_without_a_writer() {
    let file = TestFile::new();
    let log = file.log().await;
    let head = Draft::now(&log).await.unwrap().event("order-1", 1).commit(&log).await.unwrap();
    drop(log);
    let read_only = connect_read_only(&file.url(), Context::Ordering).await.unwrap();
    assert_eq!(Committed::Done(read_only.head().await.unwrap()), head);
}

#[tokio::test]
async fn a_full_disk_is_reported_and_the_log_continues_when_there_is_space_again() {
    let file = TestFile::new();
    let log = file.log().await;
    let head = log.head().await.unwrap();
    let mut borrowed = log.writer().unwrap().borrow().await.unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(borrowed.connection()).await.unwrap();
    let limit = format!("PRAGMA max_page_count = {pages}");
    sqlx::raw_sql(AssertSqlSafe(limit)).execute(borrowed.connection()).await.unwrap();
    borrowed.give_back();

    let large = format!("\"{}\"", "x".repeat(100_000));
    let draft = Draft::now(&log).await.unwrap().payload("order-1", 1, &large);
    let answer = draft.commit(&log).await;
    assert!(matches!(answer, Err(LogError::NoSpace)), "{answer:?}");
    assert_eq!(log.head().await.unwrap(), head);
    assert!(log.read(Read::After(0), 10).await.unwrap().is_empty());
    // The limit ended with its connection.
    assert!(matches!(draft.commit(&log).await.unwrap(), Committed::Done(_)));
}

#[tokio::test]
async fn an_abandoned_commit_leaves_the_log_usable() {
    let file = TestFile::new();
    let log = file.log().await;
    for polls in 0..30_u32 {
        let draft = Draft::now(&log).await.unwrap().event(&format!("order-{polls}"), 1);
        let mut commit = std::pin::pin!(draft.commit(&log));
        let mut left = polls;
        let abandoned = std::future::poll_fn(|context| match commit.as_mut().poll(context) {
            std::task::Poll::Ready(_) => std::task::Poll::Ready(()),
            std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(()),
            std::task::Poll::Pending => {
                left -= 1;
                std::task::Poll::Pending
            }
        });
        abandoned.await;
    }
    // Each abandoned commit is there or not, and others can follow. The last may still be ending.
    let mut last = Draft::now(&log).await.unwrap().event("order-last", 1);
    while matches!(last.commit(&log).await.unwrap(), Committed::Moved(_)) {
        last = Draft::now(&log).await.unwrap().event("order-last", 1);
    }
    crate::verify::verify(&log, None, |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_commit_waits_for_a_locked_file() {
    let file = TestFile::new();
    let log = file.log().await;
    let mut other = file::writing(&file.path).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let draft = Draft::now(&log).await.unwrap().event("order-1", 1);
    let mut commit = std::pin::pin!(draft.commit(&log));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut commit).await.is_err());
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    assert!(matches!(commit.await.unwrap(), Committed::Done(_)));
}

#[tokio::test]
async fn a_commit_for_another_file_is_refused() {
    let (one, two) = (TestFile::new(), TestFile::new());
    let (here, there) = (one.log().await, two.log().await);
    let draft = Draft::now(&here).await.unwrap().event("order-1", 1);
    assert_eq!(draft.commit(&there).await.unwrap(), Committed::Moved(there.head().await.unwrap()));
}
