//! The event log in a SQLite file: one file per context.
//!
//! One connection writes, one looks up facts for decisions, and a few read events. Any number of processes
//! may open the same file: a commit takes the file's write lock before it reads the head.

mod append;
mod facts;
mod fault;
mod file;
mod insert;
mod operational;
mod rows;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use platform::connection::DedicatedConnection;
use schemas::Context;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use uuid::Uuid;

use self::fault::LogIdentity;
use crate::plan::Plan;
use crate::port::{
    Batch, Committed, EventAppender, EventReader, Facts, Head, LogError, Migrated, Read, StoredEvent, Wanted,
};
use crate::tail_watcher::{PollInterval, TailWatcher};

/// Number of connections that read events.
const READERS: u32 = 4;

/// How often commits of other processes are polled for.
const POLLING: PollInterval =
    PollInterval { shortest: Duration::from_millis(500), longest: Duration::from_millis(500) };

/// A context's log in a SQLite file. Belongs to the Tokio runtime that it was opened in.
pub(crate) struct SqliteLog {
    log: LogIdentity,
    epoch: Uuid,
    /// `None`: the log was opened read-only.
    writer: Option<DedicatedConnection<SqliteConnection>>,
    facts: DedicatedConnection<SqliteConnection>,
    readers: SqlitePool,
    tail: TailWatcher,
}

impl SqliteLog {
    /// Opens the file at `path`. The file and its folder are created if they are missing.
    pub(crate) async fn open(path: &Path, context: Context) -> Result<Self, LogError> {
        let (head, _) = file::prepare(path, context).await?;
        Ok(Self::on(path, context, &head, Some(DedicatedConnection::new(file::writing(path)))))
    }

    /// Creates the file at `path`, or migrates it to this program's format.
    pub(crate) async fn migrate(path: &Path, context: Context) -> Result<Migrated, LogError> {
        file::prepare(path, context).await.map(|(_, migrated)| migrated)
    }

    /// Opens the file at `path` read-only: nothing is created, migrated or written.
    pub(crate) async fn open_read_only(path: &Path, context: Context) -> Result<Self, LogError> {
        let head = file::examine(path, context).await?;
        Ok(Self::on(path, context, &head, None))
    }

    fn on(
        path: &Path,
        context: Context,
        head: &Head,
        writer: Option<DedicatedConnection<SqliteConnection>>,
    ) -> Self {
        let reading = file::reading(path);
        Self {
            log: LogIdentity { context },
            epoch: head.epoch,
            writer,
            facts: DedicatedConnection::new(reading.clone()),
            readers: SqlitePoolOptions::new()
                .max_connections(READERS)
                .test_before_acquire(false)
                .connect_lazy_with(reading),
            tail: TailWatcher::new(head.position, POLLING),
        }
    }

    fn writer(&self) -> Result<&DedicatedConnection<SqliteConnection>, LogError> {
        let refusal = || LogError::Unavailable("it was opened read-only".to_owned(), None);
        self.writer.as_ref().ok_or_else(refusal)
    }
}

#[async_trait]
impl EventReader for SqliteLog {
    fn context(&self) -> Context {
        self.log.context
    }

    async fn head(&self) -> Result<Head, LogError> {
        let mut reader = self.readers.acquire().await.map_err(|error| self.log.cannot("be read", error))?;
        rows::head(&mut reader).await.map_err(|error| self.log.cannot("be read", error))
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        let mut reader = self.readers.acquire().await.map_err(|error| self.log.cannot("be read", error))?;
        let found = rows::events(&mut reader, what, limit).await;
        let found = found.map_err(|error| self.log.cannot("be read", error))?;
        found.iter().map(|row| rows::event(row, self.log, self.epoch)).collect()
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.tail.past(position, patience, || self.head()).await;
    }
}

#[async_trait]
impl EventAppender for SqliteLog {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        let mut borrowed = self.facts.borrow().await.map_err(|error| self.log.cannot("be read", error))?;
        let answer = facts::find(borrowed.connection(), wanted).await;
        let answer = answer.map_err(|error| self.log.cannot("be read", error))?;
        borrowed.give_back();
        Ok(answer)
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let plan = Plan::of(self.log.context, base, batch)?;
        let mut borrowed =
            self.writer()?.borrow().await.map_err(|error| self.log.cannot("be written", error))?;
        let committed = match append::commit(borrowed.connection(), self.log, base, &plan).await {
            Ok(committed) => {
                borrowed.give_back();
                committed
            }
            // Closing the connection rolls the transaction back, even if the database cannot confirm it.
            Err(error) => {
                borrowed.close().await;
                return Err(error);
            }
        };
        let (Committed::Done(head) | Committed::Moved(head)) = committed;
        self.tail.reached(head.position);
        Ok(committed)
    }
}

#[cfg(test)]
mod tests;
