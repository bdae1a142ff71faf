//! Documents, pages and counts.

use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{self, Positions};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::{failed_at, json};
use super::fan_out::WideFilters;
use super::find::Columns;
use super::upsert::{self, Guard};
use super::{Sqlite, find, generations, schema};
use crate::backend::{in_order, number};
use crate::changes::Watched;
use crate::port::{
    ChangeToken, Filter, Found, Generation, Keyed, Place, Queries, Query, StoreError, Stored, Write,
    refuse_duplicates,
};

impl Sqlite {
    /// Answers how many documents were kept.
    pub(super) async fn write_guarded(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
        guard: Guard,
    ) -> Result<u64, StoreError> {
        refuse_duplicates(generation, writes)?;
        let mut recorded = self.recorded(generation).await?;
        loop {
            // Before the write lock is taken.
            let prepared = upsert::prepare(generation, &recorded.fields, writes)?;
            let mut transaction = self.writer.begin(&self.changes).await?;
            let current = generations::recorded(transaction.connection(), generation).await?;
            if current.text != recorded.text {
                // Another process has built an index since.
                drop(transaction);
                recorded = self.record(generation, current);
                continue;
            }
            let connection = transaction.connection();
            let kept = upsert::documents(connection, generation, &recorded.fields, &prepared, guard).await?;
            upsert::positions(connection, generation, positions).await?;
            transaction.commit().await?;
            self.changes.notify(&generation.collection);
            return Ok(kept);
        }
    }
}

impl Sqlite {
    async fn page(
        &self,
        generation: &Generation,
        query: &Query,
        columns: Columns,
    ) -> Result<Vec<Found>, StoreError> {
        let collection = self.collections.indexed(generation, &query.filters)?;
        collection.check(query)?;
        if self.is_uncreated(generation) {
            return Ok(Vec::new());
        }
        let found = async {
            let wide = WideFilters::measure(&self.readers, collection, generation, query).await?;
            find::page(generation, query, &wide, columns).build().fetch_all(&self.readers).await
        };
        match found.await {
            Ok(rows) => find::read(generation, query, &rows),
            Err(error) => Err(self.failed("finding documents", generation, error).await),
        }
    }
}

impl Watched for Sqlite {
    async fn check_others(&self) -> Result<(), StoreError> {
        self.writer.check_others(&self.changes).await
    }
}

#[async_trait]
impl Keyed for Sqlite {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        if self.is_uncreated(generation) {
            return Ok(vec![None; ids.len()]);
        }
        let table = schema::table(generation);
        let sql = format!(
            "SELECT id, version, body, stale FROM {table} WHERE id IN (SELECT value FROM json_each(?))"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(json(ids)?).fetch_all(&self.readers).await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => return Err(self.failed("loading documents", generation, error).await),
        };
        let found: Result<Vec<Stored>, _> = rows.iter().map(stored).collect();
        Ok(in_order(ids, found.map_err(failed_at("reading a document"))?))
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError> {
        self.write_guarded(generation, writes, positions, Guard::Older).await?;
        Ok(())
    }

    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError> {
        let kept = self
            .write_guarded(generation, std::slice::from_ref(write), &Positions::new(), Guard::Older)
            .await?;
        Ok(kept == 1)
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        if self.is_uncreated(generation) {
            return Ok(Positions::new());
        }
        let rows: Vec<(Option<String>, Option<i64>)> = sqlx::query_as(
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
        let mut stored = Vec::with_capacity(rows.len());
        for (partition, position) in
            rows.into_iter().filter_map(|(partition, position)| partition.zip(position))
        {
            stored.push((partition, number(position)?));
        }
        Ok(bus::decode_positions(stored))
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        self.positions(generation).await
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        self.changes.wait(self, collection, since, timeout).await
    }
}

#[async_trait]
impl Queries for Sqlite {
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        self.page(generation, query, Columns::All).await
    }

    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError> {
        let found = self.page(generation, query, Columns::NoBody).await?;
        let place = |found: Found| Place { version: found.document.version, cursor: found.cursor };
        Ok(found.into_iter().map(place).collect())
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.collections.indexed(generation, filters)?;
        if self.is_uncreated(generation) {
            return Ok(0);
        }
        let counted =
            find::count(generation, filters, limit)?.build_query_scalar().fetch_one(&self.readers).await;
        match counted {
            Ok(counted) => number(counted),
            Err(error) => Err(self.failed("counting documents", generation, error).await),
        }
    }
}

/// The first four columns of every query for documents.
pub(super) fn stored(row: &SqliteRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        id: row.try_get(0)?,
        version: row.try_get::<i64, _>(1)?.cast_unsigned(),
        body: row.try_get(2)?,
        stale: row.try_get::<i64, _>(3)? != 0,
    })
}
