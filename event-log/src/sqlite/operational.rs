//! The state beside the events: deadlines, progress of consumers, leases, properties, counts.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{StreamId, Timestamp};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite};

use super::SqliteLog;
use super::rows::number;
use crate::port::{
    ConsumerProgress, Deadlines, DueDeadline, Leases, LogError, Maintenance, ParkedRecord, Properties,
};

/// Ledger entries that one transaction deletes. Commits wait for no more than that.
const PRUNED_AT_ONCE: i64 = 1000;

impl SqliteLog {
    async fn reader(&self) -> Result<PoolConnection<Sqlite>, LogError> {
        self.readers.acquire().await.map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: sqlx::Error) -> LogError {
        self.log.cannot("be read", error)
    }

    /// Runs one statement that writes and returns the number of affected rows.
    async fn write(&self, query: Query<'_, Sqlite, SqliteArguments>) -> Result<u64, LogError> {
        let unwritable = |error| self.log.cannot("be written", error);
        let mut borrowed = self.writer()?.borrow().await.map_err(unwritable)?;
        let rows = query.execute(borrowed.connection()).await.map_err(unwritable)?.rows_affected();
        borrowed.give_back();
        Ok(rows)
    }

    async fn group_rows(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), sqlx::Error> {
        // One statement, so that both are of the same moment.
        let rows = sqlx::query(
            "SELECT partition, done FROM positions WHERE reader = ?1
             UNION ALL SELECT NULL, starts FROM starts WHERE reader = ?1",
        )
        .bind(group)
        .fetch_all(&self.readers)
        .await?;
        let (mut positions, mut starts) = (BTreeMap::new(), 0);
        for row in rows {
            match row.try_get::<Option<String>, _>(0)? {
                Some(partition) => drop(positions.insert(partition, number(&row, 1)?)),
                None => starts = row.try_get(1)?,
            }
        }
        Ok((positions, starts))
    }
}

fn deadline(row: &SqliteRow) -> Result<DueDeadline, sqlx::Error> {
    Ok(DueDeadline {
        stream: StreamId::from_text(row.try_get::<String, _>(0)?),
        version: number(row, 1)?,
        kind: row.try_get(2)?,
        at: Timestamp::from_millis(row.try_get(3)?),
    })
}

fn parked(row: &SqliteRow) -> Result<ParkedRecord, sqlx::Error> {
    Ok(ParkedRecord {
        reactor: row.try_get(0)?,
        envelope: serde_json::from_str(row.try_get(1)?)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        payload: row.try_get(2)?,
        error: row.try_get(3)?,
        redrive: row.try_get(4)?,
    })
}

fn count(row: &SqliteRow) -> Result<(String, (u64, u64)), sqlx::Error> {
    Ok((row.try_get(0)?, (number(row, 1)?, number(row, 2)?)))
}

fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Deadlines for SqliteLog {
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError> {
        let rows = sqlx::query(
            "SELECT stream, version, kind, at FROM deadlines WHERE at <= ? ORDER BY at, stream LIMIT ?",
        )
        .bind(until.as_millis())
        .bind(limited(limit))
        .fetch_all(&mut *self.reader().await?)
        .await
        .map_err(|error| self.unreadable(error))?;
        rows.iter().map(deadline).collect::<Result<_, _>>().map_err(|error| self.unreadable(error))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, LogError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT min(at) FROM deadlines")
            .fetch_one(&mut *self.reader().await?)
            .await
            .map_err(|error| self.unreadable(error))?;
        Ok(at.map(Timestamp::from_millis))
    }
}

#[async_trait]
impl ConsumerProgress for SqliteLog {
    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError> {
        self.group_rows(group).await.map_err(|error| self.unreadable(error))
    }

    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError> {
        let rows = sqlx::query(
            "SELECT reactor, envelope, payload, error, redrive FROM parked
             WHERE ?1 IS NULL OR reactor = ?1 ORDER BY source, version, reactor LIMIT ?2",
        )
        .bind(reactor)
        .bind(limited(limit))
        .fetch_all(&mut *self.reader().await?)
        .await
        .map_err(|error| self.unreadable(error))?;
        rows.iter().map(parked).collect::<Result<_, _>>().map_err(|error| self.unreadable(error))
    }
}

#[async_trait]
impl Leases for SqliteLog {
    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX / 2);
        let query = sqlx::query(
            "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000 AS INTEGER) + ?3)
             ON CONFLICT DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE holder = excluded.holder OR until <= unixepoch('subsec') * 1000",
        );
        Ok(self.write(query.bind(name).bind(holder).bind(millis)).await? > 0)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError> {
        let query = sqlx::query("DELETE FROM leases WHERE name = ? AND holder = ?");
        self.write(query.bind(name).bind(holder)).await.map(drop)
    }
}

#[async_trait]
impl Properties for SqliteLog {
    async fn properties(&self) -> Result<BTreeMap<String, String>, LogError> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT key, value FROM about")
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(|error| self.unreadable(error))?;
        Ok(rows.into_iter().collect())
    }

    async fn set_property(&self, key: &str, value: &str) -> Result<bool, LogError> {
        let query = sqlx::query("INSERT INTO about (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING");
        self.write(query.bind(key).bind(value)).await?;
        Ok(self.properties().await?.get(key).is_some_and(|current| current == value))
    }
}

#[async_trait]
impl Maintenance for SqliteLog {
    async fn counts(&self) -> Result<BTreeMap<String, (u64, u64)>, LogError> {
        let rows = sqlx::query("SELECT prefix, events, last FROM counts")
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(|error| self.unreadable(error))?;
        rows.iter().map(count).collect::<Result<_, _>>().map_err(|error| self.unreadable(error))
    }

    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError> {
        let mut pruned = 0;
        loop {
            let query = sqlx::query(
                "DELETE FROM ledger WHERE command IN (SELECT command FROM ledger WHERE at < ? ORDER BY at LIMIT ?)",
            );
            let gone = self.write(query.bind(older_than.as_millis()).bind(PRUNED_AT_ONCE)).await?;
            if gone == 0 {
                return Ok(pruned);
            }
            pruned += gone;
        }
    }
}
