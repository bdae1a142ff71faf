//! Operational state, in tables of its own.

use std::collections::HashSet;

use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::Sqlite;
use super::error::failed_at;
use crate::backend::{encoding, number, whole};
use crate::port::{
    EventKey, Generation, Quarantine, QuarantineCount, QuarantinedEvent, Rebuild, Rebuilds, Sources,
    StoreError,
};

#[async_trait]
impl Quarantine for Sqlite {
    async fn add(&self, generation: &Generation, events: &[QuarantinedEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut transaction = self.writer.begin(&self.changes).await?;
        for event in events {
            add_event(transaction.connection(), generation, event).await?;
        }
        transaction.commit().await
    }

    async fn release(&self, generation: &Generation, keys: &[EventKey]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut transaction = self.writer.begin(&self.changes).await?;
        release_events(transaction.connection(), generation, keys).await?;
        transaction.commit().await
    }

    async fn waiting(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<QuarantinedEvent>, StoreError> {
        let mut query = QueryBuilder::<sqlx::Sqlite>::new(
            "SELECT stream, version, topic, partition, record_offset, at, error, envelope, payload FROM quarantine \
             WHERE released = 0 AND collection = ",
        );
        query.push_bind(&generation.collection).push(" AND shape = ").push_bind(generation.shape);
        query.push(" AND number = ").push_bind(generation.number);
        if let Some(stream) = stream {
            query.push(" AND stream = ").push_bind(stream);
        }
        if let Some(after) = after {
            query.push(" AND (stream, version) > (").push_bind(&after.stream);
            query.push(", ").push_bind(whole(after.version)?).push(")");
        }
        query.push(" ORDER BY stream, version LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.build().fetch_all(&self.readers).await;
        rows.map_err(failed_at("reading quarantined events"))?.iter().map(event).collect()
    }

    async fn known(
        &self,
        generation: &Generation,
        keys: &[EventKey],
    ) -> Result<HashSet<EventKey>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT stream, version FROM quarantine WHERE collection = ? AND shape = ? AND number = ? \
             AND (stream, version) IN (SELECT value->>0, value->>1 FROM json_each(?))",
        )
        .bind(&generation.collection)
        .bind(generation.shape)
        .bind(generation.number)
        .bind(pairs(keys)?)
        .fetch_all(&self.readers)
        .await
        .map_err(failed_at("looking for quarantined events"))?;
        rows.into_iter().map(|(stream, version)| Ok(EventKey { stream, version: number(version)? })).collect()
    }

    async fn count(&self, generation: &Generation) -> Result<QuarantineCount, StoreError> {
        let (ever, waiting, streams): (i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE released = 0), \
             count(DISTINCT stream) FILTER (WHERE released = 0) FROM quarantine \
             WHERE collection = ? AND shape = ? AND number = ?",
        )
        .bind(&generation.collection)
        .bind(generation.shape)
        .bind(generation.number)
        .fetch_one(&self.readers)
        .await
        .map_err(failed_at("counting quarantined events"))?;
        Ok(QuarantineCount { waiting: number(waiting)?, streams: number(streams)?, ever: number(ever)? })
    }

    async fn forget(&self, generation: &Generation) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        sqlx::query("DELETE FROM quarantine WHERE collection = ? AND shape = ? AND number = ?")
            .bind(&generation.collection)
            .bind(generation.shape)
            .bind(generation.number)
            .execute(transaction.connection())
            .await
            .map_err(failed_at("deleting quarantined events"))?;
        transaction.commit().await
    }
}

#[async_trait]
impl Rebuilds for Sqlite {
    async fn rebuild(&self, collection: &str) -> Result<Option<(Rebuild, u64)>, StoreError> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT body, revision FROM rebuilds WHERE collection = ?")
                .bind(collection)
                .fetch_optional(&self.readers)
                .await
                .map_err(failed_at("reading a rebuild"))?;
        let Some((body, revision)) = row else { return Ok(None) };
        let rebuild = serde_json::from_str(&body).map_err(encoding("a rebuild"))?;
        Ok(Some((rebuild, number(revision)?)))
    }

    async fn put_rebuild(&self, rebuild: &Rebuild, expected: u64) -> Result<bool, StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        let put = put_rebuild(transaction.connection(), rebuild, whole(expected)?).await?;
        transaction.commit().await?;
        Ok(put)
    }
}

#[async_trait]
impl Sources for Sqlite {
    async fn claim_source(&self, context: &str, epoch: &str) -> Result<String, StoreError> {
        let mut transaction = self.writer.begin(&self.changes).await?;
        let recorded = claim_source(transaction.connection(), context, epoch).await?;
        transaction.commit().await?;
        Ok(recorded)
    }
}

/// See [`Quarantine::add`].
pub(super) async fn add_event(
    connection: &mut SqliteConnection,
    generation: &Generation,
    event: &QuarantinedEvent,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO quarantine (collection, shape, number, stream, version, released, topic, partition, record_offset, \
         at, error, envelope, payload) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET released = 0, topic = excluded.topic, partition = excluded.partition, \
         record_offset = excluded.record_offset, at = excluded.at, error = excluded.error, envelope = excluded.envelope, \
         payload = excluded.payload WHERE released = 1",
    )
    .bind(&generation.collection)
    .bind(generation.shape)
    .bind(generation.number)
    .bind(&event.key.stream)
    .bind(whole(event.key.version)?)
    .bind(&event.topic)
    .bind(event.partition)
    .bind(whole(event.offset)?)
    .bind(&event.at)
    .bind(&event.error)
    .bind(&event.envelope)
    .bind(&event.payload)
    .execute(connection)
    .await
    .map_err(failed_at("quarantining an event"))?;
    Ok(())
}

/// See [`Quarantine::release`].
pub(super) async fn release_events(
    connection: &mut SqliteConnection,
    generation: &Generation,
    keys: &[EventKey],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE quarantine SET released = 1 WHERE collection = ? AND shape = ? AND number = ? \
         AND (stream, version) IN (SELECT value->>0, value->>1 FROM json_each(?))",
    )
    .bind(&generation.collection)
    .bind(generation.shape)
    .bind(generation.number)
    .bind(pairs(keys)?)
    .execute(connection)
    .await
    .map_err(failed_at("releasing quarantined events"))?;
    Ok(())
}

/// See [`Rebuilds::put_rebuild`].
pub(super) async fn put_rebuild(
    connection: &mut SqliteConnection,
    rebuild: &Rebuild,
    expected: i64,
) -> Result<bool, StoreError> {
    let body = serde_json::to_string(rebuild).map_err(encoding("a rebuild"))?;
    let put = sqlx::query(
        "INSERT INTO rebuilds (collection, revision, body) \
         SELECT ?1, ?2 + 1, ?3 WHERE ?2 = coalesce((SELECT revision FROM rebuilds WHERE collection = ?1), 0) \
         ON CONFLICT DO UPDATE SET revision = excluded.revision, body = excluded.body",
    )
    .bind(&rebuild.collection)
    .bind(expected)
    .bind(body)
    .execute(connection)
    .await
    .map_err(failed_at("writing a rebuild"))?;
    Ok(put.rows_affected() == 1)
}

/// See [`Sources::claim_source`].
pub(super) async fn claim_source(
    connection: &mut SqliteConnection,
    context: &str,
    epoch: &str,
) -> Result<String, StoreError> {
    sqlx::query("INSERT INTO sources (context, epoch) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(context)
        .bind(epoch)
        .execute(&mut *connection)
        .await
        .map_err(failed_at("recording a source"))?;
    sqlx::query_scalar("SELECT epoch FROM sources WHERE context = ?")
        .bind(context)
        .fetch_one(connection)
        .await
        .map_err(failed_at("reading a source"))
}

fn event(row: &SqliteRow) -> Result<QuarantinedEvent, StoreError> {
    let reading = || failed_at("reading a quarantined event");
    Ok(QuarantinedEvent {
        key: EventKey {
            stream: row.try_get(0).map_err(reading())?,
            version: number(row.try_get(1).map_err(reading())?)?,
        },
        topic: row.try_get(2).map_err(reading())?,
        partition: row.try_get(3).map_err(reading())?,
        offset: number(row.try_get(4).map_err(reading())?)?,
        at: row.try_get(5).map_err(reading())?,
        error: row.try_get(6).map_err(reading())?,
        envelope: row.try_get(7).map_err(reading())?,
        payload: row.try_get(8).map_err(reading())?,
    })
}

/// Keys as one parameter.
fn pairs(keys: &[EventKey]) -> Result<String, StoreError> {
    let pairs: Vec<_> = keys.iter().map(|key| json!([key.stream, key.version])).collect();
    serde_json::to_string(&pairs).map_err(encoding("a parameter"))
}
