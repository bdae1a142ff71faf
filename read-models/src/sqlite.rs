//! The embedded backend: JSON documents with key columns and real indexes in one SQLite file.
//!
//! WAL with `synchronous=NORMAL`: no fsync per commit, so a power loss may undo the last writes (a crash of the process
//! undoes none). Documents can be rebuilt, and positions and quarantined events are in the same file: after a power loss
//! the file holds an earlier consistent moment, from which the projections catch up.
//!
//! There is one writing connection and a small pool of reading ones. Other processes may write to the same file.

mod conditions;
mod connection;
mod documents;
mod error;
mod fan_out;
mod find;
mod format_1;
mod generations;
mod keyset;
mod operations;
mod reindex;
mod repairs;
mod schema;
#[cfg(all(test, feature = "contract"))]
mod tests;
mod upsert;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use sqlx::SqlitePool;

use self::connection::Writer;
use self::error::failed;
use self::schema::Recorded;
use crate::backend::Declared;
use crate::changes::Changes;
use crate::connect::Migrated;
use crate::port::{Collection, Generation, StoreError};

/// Documents in a SQLite file.
pub(crate) struct Sqlite {
    collections: Declared,
    writer: Writer,
    readers: SqlitePool,
    changes: Changes,
    /// The key fields of generations, as last read. Every write checks that they are still those in the file.
    recorded: Mutex<HashMap<Generation, Arc<Recorded>>>,
}

impl Sqlite {
    /// Opens the file, creates or upgrades it, and builds missing indexes.
    pub(crate) async fn open(path: &Path, collections: &[&'static Collection]) -> Result<Self, StoreError> {
        let writer = Writer::open(path).await?;
        schema::prepare(&writer, collections).await?;
        Self::over(path, writer, collections).await
    }

    /// Opens the file for reading. Nothing is created, upgraded or written.
    pub(crate) async fn open_read_only(
        path: &Path,
        collections: &[&'static Collection],
    ) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Unavailable(format!("there is none at {}", path.display()), None));
        }
        let writer = Writer::read_only(path).await?;
        let store = Self::over(path, writer, collections).await?;
        schema::examine(&store.readers).await?;
        Ok(store)
    }

    /// Creates or upgrades the file.
    pub(crate) async fn migrate(
        path: &Path,
        collections: &[&'static Collection],
    ) -> Result<Migrated, StoreError> {
        let writer = Writer::open(path).await?;
        schema::prepare(&writer, collections).await
    }

    async fn over(
        path: &Path,
        writer: Writer,
        collections: &[&'static Collection],
    ) -> Result<Self, StoreError> {
        let readers = connection::readers(path).await?;
        Ok(Self {
            collections: Declared::new(collections),
            writer,
            readers,
            changes: Changes::default(),
            recorded: Mutex::default(),
        })
    }

    /// Whether this is the answer of [`Generations::live`](crate::Generations::live) in a file that is open for reading and
    /// has no live generation.
    fn is_uncreated(&self, generation: &Generation) -> bool {
        self.writer.read_only && generation.number == 0
    }

    /// The key fields of a generation, without looking into the file if they are known.
    async fn recorded(&self, generation: &Generation) -> Result<Arc<Recorded>, StoreError> {
        let known = self.recorded.lock().get(generation).map(Arc::clone);
        match known {
            Some(known) => Ok(known),
            None => Ok(self.record(generation, generations::recorded(&self.readers, generation).await?)),
        }
    }

    fn record(&self, generation: &Generation, recorded: Recorded) -> Arc<Recorded> {
        let recorded = Arc::new(recorded);
        let mut all = self.recorded.lock();
        all.insert(generation.clone(), Arc::clone(&recorded));
        recorded
    }

    /// The error of a failed read of a generation, which may have been dropped.
    async fn failed(&self, operation: &str, generation: &Generation, error: sqlx::Error) -> StoreError {
        if error::is_about_sql(&error) {
            match generations::exists(&self.readers, generation).await {
                Ok(true) => {}
                Ok(false) => return StoreError::NoGeneration(generation.clone()),
                Err(error) => return error,
            }
        }
        failed(operation, error)
    }
}
