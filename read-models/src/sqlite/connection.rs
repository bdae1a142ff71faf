//! The connections to a file.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

use super::changes::Changes;
use super::error::{failed, failed_at, is_busy};
use crate::port::StoreError;

/// How long to wait for another process's write.
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// So many rows may wait between SQLite's thread and the caller; a page or a chunk fits at once.
const ROWS: usize = 1_024;
/// Earlier libraries can corrupt a file in WAL mode.
const SQLITE: (u32, u32, u32) = (3, 51, 3);

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .row_buffer_size(ROWS)
        .statement_cache_capacity(256)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// The reading connections.
pub(super) async fn readers(path: &Path) -> Result<SqlitePool, StoreError> {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(BUSY)
        // Every commit empties the page cache of the readers; the mapped file stays.
        .connect_with(options(path).read_only(true).pragma("mmap_size", "1073741824"))
        .await
        .map_err(failed_at("opening its file for reading"))
}

/// The one writing connection.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// Empty after a failure: a connection whose transaction failed half-way is closed, not trusted again.
    slot: Mutex<Option<Open>>,
}

struct Open {
    connection: SqliteConnection,
    /// `PRAGMA data_version`: moves when anybody else has written. Only comparable on the same connection.
    others: i64,
}

impl Writer {
    /// Opens the file, creating it when missing.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = options(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            // 64 MiB between checkpoints: bulk writes are half as fast with 16. A WAL that a long reader let grow is cut
            // again.
            .pragma("wal_autocheckpoint", "16384")
            .pragma("journal_size_limit", "134217728")
            .pragma("cache_size", "-32768");
        let mut open = Open::new(&options).await?;
        check_library(&mut open.connection).await?;
        Ok(Self { options, slot: Mutex::new(Some(open)) })
    }

    /// Starts a transaction that holds the write lock. Dropping it unfinished rolls it back.
    pub(super) async fn begin(&self, changes: &Changes) -> Result<Transaction<'_>, StoreError> {
        let mut slot = self.slot.lock().await;
        let mut open = self.take(&mut slot, changes).await?;
        run(&mut open.connection, "BEGIN IMMEDIATE", "waiting for its write lock").await?;
        Ok(Transaction { slot, open })
    }

    /// Tells `changes` when another connection has written since this was last asked.
    pub(super) async fn look_outside(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut slot = self.slot.lock().await;
        let mut open = self.take(&mut slot, changes).await?;
        let others = others(&mut open.connection).await?;
        if others != open.others {
            open.others = others;
            changes.tell_all();
        }
        *slot = Some(open);
        Ok(())
    }

    /// What was written while there was no connection nobody has seen.
    async fn take(&self, slot: &mut Option<Open>, changes: &Changes) -> Result<Open, StoreError> {
        if let Some(open) = slot.take() {
            return Ok(open);
        }
        let open = Open::new(&self.options).await?;
        changes.tell_all();
        Ok(open)
    }
}

impl Open {
    async fn new(options: &SqliteConnectOptions) -> Result<Self, StoreError> {
        let deadline = Instant::now() + BUSY;
        let mut connection = loop {
            match options.connect().await {
                Ok(connection) => break connection,
                // Turning a new file to WAL does not wait for its lock as everything else does.
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(error) => {
                    let file = options.get_filename().display();
                    return Err(failed(&format!("opening {file}"), error));
                }
            }
        };
        let others = others(&mut connection).await?;
        Ok(Self { connection, others })
    }
}

/// A transaction of the writer. All of it or nothing.
pub(super) struct Transaction<'a> {
    slot: MutexGuard<'a, Option<Open>>,
    open: Open,
}

impl Transaction<'_> {
    /// What to run statements on.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.open.connection
    }

    /// Makes it so.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        run(&mut self.open.connection, "COMMIT", "committing").await?;
        *self.slot = Some(self.open);
        Ok(())
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str, doing: &str) -> Result<(), StoreError> {
    sqlx::query(sql).execute(connection).await.map_err(|error| failed(doing, error))?;
    Ok(())
}

async fn others(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("PRAGMA data_version")
        .fetch_one(connection)
        .await
        .map_err(failed_at("looking for the writes of others"))
}

async fn check_library(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(failed_at("asking for SQLite's version"))?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE {
        let (major, minor, patch) = SQLITE;
        let message = format!("SQLite {version} can corrupt it; at least {major}.{minor}.{patch} is needed");
        return Err(StoreError::Unavailable(message, None));
    }
    Ok(())
}
