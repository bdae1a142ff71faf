//! The event log in a SQLite file: one file per context.
//!
//! One connection writes, another one answers what decisions ask, and a few read events. Any number of processes may open
//! the same file: a commit takes the file's write lock before it looks at the head.

mod append;
mod desk;
mod facts;
mod fault;
mod file;
mod insert;
mod rows;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use schemas::Context;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use uuid::Uuid;

use self::fault::Log;
use crate::growth::{Growth, Looks};
use crate::lane::Lane;
use crate::plan::Plan;
use crate::port::{Batch, Committed, EventLog, Facts, Head, LogError, Migrated, Read, StoredEvent, Wanted};

/// Connections that read events.
const READERS: u32 = 4;

/// How often it is looked whether another process has committed.
const LOOKS: Looks = Looks { soonest: Duration::from_millis(500), rarest: Duration::from_millis(500) };

type Connecting = Lane<SqliteConnection>;

/// A context's log in a SQLite file. Belongs to the Tokio runtime that it was opened in.
pub struct SqliteLog {
    log: Log,
    epoch: Uuid,
    /// None: opened to look only.
    writer: Option<Connecting>,
    facts: Connecting,
    readers: SqlitePool,
    growth: Growth,
}

impl SqliteLog {
    /// Opens the file at `path`, made with its folder if it is missing.
    pub async fn open(path: &Path, context: Context) -> Result<Self, LogError> {
        let (head, _) = file::prepare(path, context).await?;
        Ok(Self::on(path, context, &head, Some(Lane::new(file::writing(path)))))
    }

    /// Makes the file at `path`, or brings it to this program's format.
    pub async fn migrate(path: &Path, context: Context) -> Result<Migrated, LogError> {
        file::prepare(path, context).await.map(|(_, migrated)| migrated)
    }

    /// Opens the file at `path` to look at it: nothing is made, migrated or written.
    pub async fn open_read_only(path: &Path, context: Context) -> Result<Self, LogError> {
        let head = file::examine(path, context).await?;
        Ok(Self::on(path, context, &head, None))
    }

    fn on(path: &Path, context: Context, head: &Head, writer: Option<Connecting>) -> Self {
        let reading = file::reading(path);
        Self {
            log: Log { context },
            epoch: head.epoch,
            writer,
            facts: Lane::new(reading.clone()),
            readers: SqlitePoolOptions::new()
                .max_connections(READERS)
                .test_before_acquire(false)
                .connect_lazy_with(reading),
            growth: Growth::from(head.position, LOOKS),
        }
    }

    fn writer(&self) -> Result<&Connecting, LogError> {
        let refusal = || LogError::Unavailable("it was opened for reading only".to_owned(), None);
        self.writer.as_ref().ok_or_else(refusal)
    }
}

#[async_trait]
impl EventLog for SqliteLog {
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

    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        let mut lane = self.facts.borrow().await.map_err(|error| self.log.cannot("be read", error))?;
        let answer = facts::look(lane.connection(), wanted).await;
        let answer = answer.map_err(|error| self.log.cannot("be read", error))?;
        lane.give_back();
        Ok(answer)
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let plan = Plan::of(self.log.context, base, batch)?;
        let mut lane = self.writer()?.borrow().await.map_err(|error| self.log.cannot("be written", error))?;
        let committed = match append::commit(lane.connection(), self.log, base, &plan).await {
            Ok(committed) => {
                lane.give_back();
                committed
            }
            // Without its connection the transaction is undone, also where the database cannot say so.
            Err(error) => {
                lane.close().await;
                return Err(error);
            }
        };
        let (Committed::Done(head) | Committed::Moved(head)) = committed;
        self.growth.reached(head.position);
        Ok(committed)
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.growth.past(position, patience, || self.head()).await;
    }
}

#[cfg(test)]
mod tests;
