//! The embedded backend: JSON documents with real indexes in one SQLite file.
//!
//! WAL with `synchronous=NORMAL`: no fsync per commit, so what was written last may be gone after a power loss (a crash of
//! the process loses nothing). That is right here: documents can be rebuilt, and their positions live in the same file
//! and the same transaction, so the file then holds an earlier consistent moment, from which its projections catch up
//! by themselves.
//!
//! There is one writing connection and a small pool of reading ones. Other processes may write to the same file too.

mod breadth;
mod changes;
mod conditions;
mod connection;
mod error;
mod find;
mod generations;
mod keyset;
mod schema;
#[cfg(all(test, feature = "contract"))]
mod tests;
mod upsert;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use self::breadth::Broad;
use self::changes::Changes;
use self::connection::Writer;
use self::error::{failed, failed_at, number};
use crate::port::{
    Checkpoint, Collection, Documents, Filter, Found, Generation, GenerationState, Generations, Query,
    StoreError, Stored, Write,
};

/// Documents in a SQLite file.
pub(crate) struct Sqlite {
    collections: Vec<&'static Collection>,
    writer: Writer,
    readers: SqlitePool,
    changes: Changes,
}

impl Sqlite {
    /// Opens or creates the file and builds what indexes are missing.
    pub(crate) async fn open(path: &Path, collections: &[&'static Collection]) -> Result<Self, StoreError> {
        let writer = Writer::open(path).await?;
        schema::prepare(&writer, collections).await?;
        let readers = connection::readers(path).await?;
        Ok(Self { collections: collections.to_vec(), writer, readers, changes: Changes::default() })
    }

    /// Opens the file to look at it: nothing is made, prepared or written.
    pub(crate) async fn open_read_only(
        path: &Path,
        collections: &[&'static Collection],
    ) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Unavailable(format!("there is none at {}", path.display()), None));
        }
        let writer = Writer::idle(path).await?;
        let readers = connection::readers(path).await?;
        schema::examine(&readers).await?;
        Ok(Self { collections: collections.to_vec(), writer, readers, changes: Changes::default() })
    }

    /// What [`Generations::live`] answers to those who only look, where nobody has made a generation yet.
    fn is_unmade(&self, generation: &Generation) -> bool {
        self.writer.idle && generation.number == 0
    }

    fn known(&self, generation: &Generation) -> Option<&'static Collection> {
        let known = |one: &&&Collection| one.name == generation.collection && one.shape == generation.shape;
        self.collections.iter().find(known).copied()
    }

    /// Of a collection that this program does not know no index is known either.
    fn indexed(
        &self,
        generation: &Generation,
        filters: &[Filter],
    ) -> Result<&'static Collection, StoreError> {
        let no_index = || StoreError::NoIndex {
            collection: generation.collection.clone(),
            field: format!("shape {}", generation.shape),
        };
        let collection = self.known(generation).ok_or_else(no_index)?;
        collection.check_filters(filters)?;
        Ok(collection)
    }

    /// A failed read of a generation: was it dropped?
    async fn failed(&self, doing: &str, generation: &Generation, error: sqlx::Error) -> StoreError {
        if error::is_about_sql(&error) {
            match generations::exists(&self.readers, generation).await {
                Ok(true) => {}
                Ok(false) => return StoreError::NoGeneration(generation.clone()),
                Err(error) => return error,
            }
        }
        failed(doing, error)
    }
}

#[async_trait]
impl Documents for Sqlite {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        if self.is_unmade(generation) {
            return Ok(vec![None; ids.len()]);
        }
        let table = schema::table(generation);
        let sql = format!(
            "SELECT id, version, body, stale FROM {table} WHERE id IN (SELECT value FROM json_each(?))"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(error::json(ids)?).fetch_all(&self.readers).await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => return Err(self.failed("loading documents", generation, error).await),
        };
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let document = stored(row).map_err(failed_at("reading a document"))?;
            found.insert(document.id.clone(), document);
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Checkpoint,
    ) -> Result<Vec<bool>, StoreError> {
        upsert::check(generation, writes)?;
        let mut transaction = self.writer.begin(&self.changes).await?;
        generations::expect(transaction.connection(), generation).await?;
        let kept = upsert::documents(transaction.connection(), generation, writes).await?;
        upsert::positions(transaction.connection(), generation, positions).await?;
        transaction.commit().await?;
        self.changes.tell(&generation.collection);
        Ok(kept)
    }

    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        let collection = self.indexed(generation, &query.filters)?;
        collection.check(query)?;
        if self.is_unmade(generation) {
            return Ok(Vec::new());
        }
        let found = async {
            let broad = Broad::measure(&self.readers, collection, generation, query).await?;
            find::page(generation, query, &broad).build().fetch_all(&self.readers).await
        };
        match found.await {
            Ok(rows) => find::read(generation, query, &rows),
            Err(error) => Err(self.failed("finding documents", generation, error).await),
        }
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.indexed(generation, filters)?;
        if self.is_unmade(generation) {
            return Ok(0);
        }
        let counted =
            find::count(generation, filters, limit)?.build_query_scalar().fetch_one(&self.readers).await;
        match counted {
            Ok(counted) => number(counted),
            Err(error) => Err(self.failed("counting documents", generation, error).await),
        }
    }

    async fn positions(&self, generation: &Generation) -> Result<Checkpoint, StoreError> {
        if self.is_unmade(generation) {
            return Ok(Checkpoint::new());
        }
        let rows = sqlx::query(
            "SELECT partition, position FROM generations LEFT JOIN positions USING (collection, shape, number) \
             WHERE collection = ? AND shape = ? AND number = ? AND state <> 'dropped'",
        )
        .bind(&generation.collection)
        .bind(generation.shape)
        .bind(generation.number)
        .fetch_all(&self.readers)
        .await
        .map_err(failed_at("reading positions"))?;
        if rows.is_empty() {
            return Err(StoreError::NoGeneration(generation.clone()));
        }
        let mut positions = Checkpoint::new();
        for row in rows {
            let read: Result<(Option<String>, Option<i64>), sqlx::Error> =
                row.try_get(0).and_then(|partition| Ok((partition, row.try_get(1)?)));
            if let (Some(partition), Some(position)) = read.map_err(failed_at("reading positions"))? {
                positions.insert(partition, number(position)?);
            }
        }
        Ok(positions)
    }

    async fn changed(&self, collection: &str, since: u64, patience: Duration) -> u64 {
        self.changes.wait(&self.writer, collection, since, patience).await
    }
}

#[async_trait]
impl Generations for Sqlite {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        generations::list(&self.readers).await
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        if let Some(live) = generations::live(&self.readers, collection).await? {
            return Ok(live);
        }
        if self.writer.idle {
            return Ok(generations::generation(collection, 0));
        }
        let mut transaction = self.writer.begin(&self.changes).await?;
        // Another first caller may have been quicker.
        if let Some(live) = generations::live(transaction.connection(), collection).await? {
            transaction.commit().await?;
            return Ok(live);
        }
        let live = generations::create(transaction.connection(), collection, GenerationState::Live).await?;
        transaction.commit().await?;
        Ok(live)
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        let building =
            generations::create(transaction.connection(), collection, GenerationState::Building).await?;
        transaction.commit().await?;
        Ok(building)
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        generations::switch(transaction.connection(), to).await?;
        transaction.commit().await?;
        self.changes.tell(&to.collection);
        Ok(())
    }

    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        generations::drop(transaction.connection(), generation).await?;
        transaction.commit().await
    }
}

/// The first four columns of every query for documents.
fn stored(row: &SqliteRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        id: row.try_get(0)?,
        version: row.try_get::<i64, _>(1)?.cast_unsigned(),
        body: row.try_get(2)?,
        stale: row.try_get::<i64, _>(3)? != 0,
    })
}
