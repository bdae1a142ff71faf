//! State beside the events: deadlines, progress of consumers, leases, properties, counts.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{StreamId, Timestamp};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresLog;
use super::rows::{Query, limited, number};
use crate::port::{
    ConsumerProgress, Deadlines, DueDeadline, Leases, LogError, Maintenance, ParkedRecord, Properties,
};

/// Ledger entries that one statement deletes. Commits never wait for more than one such statement.
const PRUNED_AT_ONCE: i64 = 1000;

impl PostgresLog {
    /// The decoded rows of a statement.
    async fn all<'q, T, C: FromIterator<T>>(
        &self,
        query: impl Fn() -> Query<'q> + Send + Sync,
        read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
    ) -> Result<C, LogError> {
        let rows = self.readers.rows(query).await.map_err(|error| self.unreadable(error))?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: sqlx::Error) -> LogError {
        self.log.cannot("be read", error)
    }

    fn unwritable(&self, error: sqlx::Error) -> LogError {
        self.log.cannot("be written", error)
    }
}

fn deadline(row: &PgRow) -> Result<DueDeadline, sqlx::Error> {
    Ok(DueDeadline {
        stream: StreamId::from_text(row.try_get::<String, _>(0)?),
        version: number(row, 1)?,
        kind: row.try_get(2)?,
        at: Timestamp::from_millis(row.try_get(3)?),
    })
}

fn parked(row: &PgRow) -> Result<ParkedRecord, sqlx::Error> {
    let decode = |error| sqlx::Error::Decode(error);
    Ok(ParkedRecord {
        reactor: row.try_get(0)?,
        envelope: serde_json::from_str(row.try_get(1)?).map_err(|error| decode(Box::new(error)))?,
        payload: String::from_utf8(row.try_get(2)?).map_err(|error| decode(Box::new(error)))?,
        error: row.try_get(3)?,
        redrive: row.try_get(4)?,
    })
}

fn count(row: &PgRow) -> Result<(String, (u64, u64)), sqlx::Error> {
    Ok((row.try_get(0)?, (number(row, 1)?, number(row, 2)?)))
}

fn done_or_starts(row: &PgRow) -> Result<(Option<String>, u64), sqlx::Error> {
    Ok((row.try_get(0)?, number(row, 1)?))
}

#[async_trait]
impl Deadlines for PostgresLog {
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError> {
        let query = || {
            sqlx::query(
                "SELECT stream, version, kind, at FROM deadlines WHERE at <= $1 ORDER BY at, stream LIMIT $2",
            )
            .bind(until.as_millis())
            .bind(limited(limit))
        };
        self.all(query, deadline).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, LogError> {
        let query = || sqlx::query("SELECT min(at) FROM deadlines");
        let at: Vec<Option<i64>> = self.all(query, |row| row.try_get(0)).await?;
        Ok(at.into_iter().flatten().next().map(Timestamp::from_millis))
    }
}

#[async_trait]
impl ConsumerProgress for PostgresLog {
    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError> {
        // One statement, so that both are of the same moment.
        let query = || {
            sqlx::query(
                "SELECT partition, done FROM positions WHERE reader = $1
                 UNION ALL SELECT NULL, starts FROM starts WHERE reader = $1",
            )
            .bind(group)
        };
        let (mut positions, mut starts) = (BTreeMap::new(), 0);
        for (partition, number) in self.all::<_, Vec<_>>(query, done_or_starts).await? {
            match partition {
                Some(partition) => drop(positions.insert(partition, number)),
                None => starts = u32::try_from(number).unwrap_or(u32::MAX),
            }
        }
        Ok((positions, starts))
    }

    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError> {
        let query = || {
            sqlx::query(
                "SELECT reactor, envelope, payload, error, redrive FROM parked
                 WHERE $1::text IS NULL OR reactor = $1 ORDER BY source, version, reactor LIMIT $2",
            )
            .bind(reactor)
            .bind(limited(limit))
        };
        self.all(query, parked).await
    }
}

#[async_trait]
impl Leases for PostgresLog {
    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        let query = || {
            sqlx::query(
                "INSERT INTO leases (name, holder, until)
                 VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
                 ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
                 WHERE leases.holder = excluded.holder OR leases.until <= clock_timestamp()
                 RETURNING holder",
            )
            .bind(name)
            .bind(holder)
            .bind(i32::try_from(ttl.as_millis()).unwrap_or(i32::MAX))
        };
        let rows = self.readers.rows(query).await.map_err(|error| self.unwritable(error))?;
        Ok(!rows.is_empty())
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError> {
        let query =
            || sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2").bind(name).bind(holder);
        self.readers.rows(query).await.map_err(|error| self.unwritable(error))?;
        Ok(())
    }
}

#[async_trait]
impl Properties for PostgresLog {
    async fn properties(&self) -> Result<BTreeMap<String, String>, LogError> {
        let entry = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
        self.all(|| sqlx::query("SELECT key, value FROM about"), entry).await
    }

    async fn set_property(&self, key: &str, value: &str) -> Result<bool, LogError> {
        let set = || {
            sqlx::query("INSERT INTO about (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(key)
                .bind(value)
        };
        self.readers.rows(set).await.map_err(|error| self.unwritable(error))?;
        let current = || sqlx::query("SELECT value FROM about WHERE key = $1").bind(key);
        let current: Vec<String> = self.all(current, |row| row.try_get(0)).await?;
        Ok(current == [value])
    }
}

#[async_trait]
impl Maintenance for PostgresLog {
    async fn counts(&self) -> Result<BTreeMap<String, (u64, u64)>, LogError> {
        self.all(|| sqlx::query("SELECT prefix, events, last FROM counts"), count).await
    }

    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError> {
        let query = || {
            sqlx::query(
                "WITH gone AS (
                    DELETE FROM ledger WHERE command IN (
                        SELECT command FROM ledger WHERE at < $1 ORDER BY at LIMIT $2) RETURNING 1)
                 SELECT count(*) FROM gone",
            )
            .bind(older_than.as_millis())
            .bind(PRUNED_AT_ONCE)
        };
        let mut pruned = 0;
        loop {
            let rows = self.readers.rows(query).await.map_err(|error| self.unwritable(error))?;
            let gone =
                rows.first().map_or(Ok(0), |row| number(row, 0)).map_err(|error| self.unwritable(error))?;
            if gone == 0 {
                return Ok(pruned);
            }
            pruned += gone;
        }
    }
}
