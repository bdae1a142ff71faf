//! The connections to a file.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};

use super::error::{failed, failed_at};
use crate::changes::Changes;
use crate::port::StoreError;

/// How long to wait for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// Rows buffered between SQLite's thread and the caller: a page or a chunk fits.
const ROWS: usize = 1_024;

fn reading(path: &Path) -> SqliteConnectOptions {
    tuned(SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY))
}

fn tuned(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
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
        // Every commit empties the page cache of the readers, but not the mapped file.
        .connect_with(reading(path).pragma("mmap_size", "1073741824"))
        .await
        .map_err(failed_at("opening its file for reading"))
}

/// The one writing connection.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// Writes are refused; the connection only watches for writes of other processes.
    pub(super) read_only: bool,
    /// Empty after a failure: a connection whose transaction failed is closed, not reused.
    slot: Mutex<Option<Open>>,
}

struct Open {
    connection: SqliteConnection,
    /// `PRAGMA data_version`: changes when another connection has written. Only comparable on the same connection.
    others: i64,
}

impl Writer {
    /// Opens the file, creating it with its folder if it is missing.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = tuned(platform::sqlite::durable(path, BUSY))
            .synchronous(SqliteSynchronous::Normal)
            // 64 MiB between checkpoints: bulk writes are half as fast with 16. A WAL that grew during a long read is
            // truncated.
            .pragma("wal_autocheckpoint", "16384")
            .pragma("journal_size_limit", "134217728")
            .pragma("cache_size", "-32768");
        let connection = platform::sqlite::create(&options).await;
        let connection = connection.map_err(|error| cannot_open(path, error))?;
        Ok(Self { options, read_only: false, slot: Mutex::new(Some(Open::on(connection).await?)) })
    }

    /// Opens the file for reading.
    pub(super) async fn read_only(path: &Path) -> Result<Self, StoreError> {
        let options = reading(path);
        let connection = platform::sqlite::open(&options).await;
        let connection = connection.map_err(|error| cannot_open(path, error))?;
        Ok(Self { options, read_only: true, slot: Mutex::new(Some(Open::on(connection).await?)) })
    }

    /// Starts a transaction that holds the write lock. Dropping it rolls it back.
    pub(super) async fn begin(&self, changes: &Changes) -> Result<Transaction<'_>, StoreError> {
        if self.read_only {
            return Err(StoreError::Unavailable("it was opened for reading only".to_owned(), None));
        }
        let mut slot = self.slot.lock().await;
        let mut open = self.take(&mut slot, changes).await?;
        run(&mut open.connection, "BEGIN IMMEDIATE", "waiting for its write lock").await?;
        Ok(Transaction { slot, open })
    }

    /// Notifies `changes` if another connection has written since the last call.
    pub(super) async fn check_others(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut slot = self.slot.lock().await;
        let mut open = self.take(&mut slot, changes).await?;
        let others = others(&mut open.connection).await?;
        if others != open.others {
            open.others = others;
            changes.notify_all();
        }
        *slot = Some(open);
        Ok(())
    }

    /// Writes of other processes while there was no connection went unnoticed, so a new one counts as a change.
    async fn take(&self, slot: &mut Option<Open>, changes: &Changes) -> Result<Open, StoreError> {
        if let Some(open) = slot.take() {
            return Ok(open);
        }
        let connection = platform::sqlite::open(&self.options).await;
        let connection = connection.map_err(|error| cannot_open(self.options.get_filename(), error))?;
        let open = Open::on(connection).await?;
        changes.notify_all();
        Ok(open)
    }
}

impl Open {
    async fn on(mut connection: SqliteConnection) -> Result<Self, StoreError> {
        let others = others(&mut connection).await?;
        Ok(Self { connection, others })
    }
}

/// A transaction of the writer.
pub(super) struct Transaction<'a> {
    slot: MutexGuard<'a, Option<Open>>,
    open: Open,
}

impl Transaction<'_> {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.open.connection
    }

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

fn cannot_open(path: &Path, error: sqlx::Error) -> StoreError {
    failed(&format!("opening {}", path.display()), error)
}

async fn others(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("PRAGMA data_version")
        .fetch_one(connection)
        .await
        .map_err(failed_at("checking for writes of other processes"))
}
