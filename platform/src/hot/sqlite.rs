//! The hot store in a SQLite file of its own. Commits are not synced one by one: a crash of the machine can lose the last
//! ones, and leaves the file consistent.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use schemas::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Connection, Row, SqliteConnection};

use super::{
    Held, HotError, HotKey, HotStore, Kind, Life, MOST_IDLE, Only, Put, Rate, Taken, next_version,
    require_life, require_small,
};
use crate::clock::Clock;
use crate::connection::DedicatedConnection;
use crate::sqlite;

/// How long to wait for a lock of another process.
const PATIENCE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// How many items and buckets that have ended a put or a take removes, at most.
const SWEEP: i64 = 8;

/// Times are milliseconds since 1970, except `full`: microseconds.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS items (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        value BLOB NOT NULL,
        version INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        until INTEGER,
        touched INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS items_by_touch ON items (kind, touched, id);
    CREATE INDEX IF NOT EXISTS items_by_end ON items (expires);
    CREATE TABLE IF NOT EXISTS buckets (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        full INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS buckets_by_end ON buckets (full);
    CREATE TABLE IF NOT EXISTS versions (last INTEGER NOT NULL);
    INSERT INTO versions SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM versions);";

const FIND: &str =
    "SELECT value, version, expires, until FROM items WHERE kind = ? AND id = ? AND expires > ?";

/// A hot store in a SQLite file.
#[derive(Debug)]
pub(super) struct SqliteHotStore {
    clock: Clock,
    writer: DedicatedConnection<SqliteConnection>,
    readers: SqlitePool,
}

impl SqliteHotStore {
    /// Opens the file at `path`. If it is missing, it is created with its folder, accessible by its owner only.
    pub(super) async fn open(path: &Path, clock: Clock) -> Result<Self, HotError> {
        let options = sqlite::durable(path, PATIENCE).synchronous(SqliteSynchronous::Normal);
        prepare(&options).await.map_err(failed)?;
        let writer = DedicatedConnection::new(options.clone());
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_lazy_with(options.read_only(true));
        Ok(Self { clock, writer, readers })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

async fn prepare(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = sqlite::create(options).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
    transaction.commit().await?;
    connection.close().await
}

fn failed(error: sqlx::Error) -> HotError {
    const FULL: u32 = 13;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    if code.is_some_and(|code| code & 0xff == FULL) {
        return HotError::Full(std::sync::Arc::new(error));
    }
    HotError::unavailable(error)
}

#[async_trait]
impl HotStore for SqliteHotStore {
    async fn get(&self, key: &HotKey) -> Result<Option<Held>, HotError> {
        let mut reader = self.readers.acquire().await.map_err(failed)?;
        find(&mut reader, key, self.now()).await.map_err(failed)
    }

    async fn put(&self, key: &HotKey, value: &[u8], only: Only, life: Life) -> Result<Put, HotError> {
        require_small(value, life.ttl)?;
        let mut writer = self.writer.borrow().await.map_err(failed)?;
        let outcome = put(writer.connection(), key, value, only, life, &self.clock).await.map_err(failed)?;
        writer.give_back();
        Ok(outcome)
    }

    async fn touch(&self, key: &HotKey, ttl: Duration) -> Result<bool, HotError> {
        require_life(ttl)?;
        let mut writer = self.writer.borrow().await.map_err(failed)?;
        let now = self.now();
        let touched = sqlx::query(
            "UPDATE items SET touched = max(touched, ?3), expires = max(expires, min(?4, ifnull(until, ?4)))
             WHERE kind = ?1 AND id = ?2 AND expires > ?3",
        )
        .bind(key.kind().name())
        .bind(key.id())
        .bind(now.as_millis())
        .bind(now.plus(ttl).as_millis())
        .execute(writer.connection())
        .await
        .map_err(failed)?;
        writer.give_back();
        Ok(touched.rows_affected() > 0)
    }

    async fn remove(&self, key: &HotKey, version: Option<u64>) -> Result<bool, HotError> {
        let mut writer = self.writer.borrow().await.map_err(failed)?;
        let removed = sqlx::query(
            "DELETE FROM items WHERE kind = ?1 AND id = ?2 AND expires > ?3 AND version = ifnull(?4, version)",
        )
        .bind(key.kind().name())
        .bind(key.id())
        .bind(self.now().as_millis())
        .bind(version.map(stored_version))
        .execute(writer.connection())
        .await
        .map_err(failed)?;
        writer.give_back();
        Ok(removed.rows_affected() > 0)
    }

    async fn take(&self, bucket: &HotKey, rate: Rate, n: u32) -> Result<Taken, HotError> {
        rate.require(n)?;
        let mut writer = self.writer.borrow().await.map_err(failed)?;
        let taken = take(writer.connection(), bucket, rate, n, &self.clock).await.map_err(failed)?;
        writer.give_back();
        Ok(taken)
    }

    async fn idle(&self, kind: Kind, before: Timestamp, limit: usize) -> Result<Vec<HotKey>, HotError> {
        let mut reader = self.readers.acquire().await.map_err(failed)?;
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM items WHERE kind = ? AND touched < ? AND expires > ? ORDER BY touched, id LIMIT ?",
        )
        .bind(kind.name())
        .bind(before.as_millis())
        .bind(self.now().as_millis())
        .bind(i64::try_from(limit.min(MOST_IDLE)).unwrap_or(i64::MAX))
        .fetch_all(&mut *reader)
        .await
        .map_err(failed)?;
        ids.into_iter().map(|id| HotKey::new(kind, id).map_err(HotError::unavailable)).collect()
    }
}

async fn find(
    connection: &mut SqliteConnection,
    key: &HotKey,
    now: Timestamp,
) -> Result<Option<Held>, sqlx::Error> {
    let found = sqlx::query(FIND)
        .bind(key.kind().name())
        .bind(key.id())
        .bind(now.as_millis())
        .fetch_optional(connection)
        .await?;
    found.as_ref().map(held).transpose()
}

fn held(row: &SqliteRow) -> Result<Held, sqlx::Error> {
    Ok(Held {
        value: row.try_get(0)?,
        version: row.try_get::<i64, _>(1)?.cast_unsigned(),
        expires: Timestamp::from_millis(row.try_get(2)?),
        until: row.try_get::<Option<i64>, _>(3)?.map(Timestamp::from_millis),
    })
}

fn stored_version(version: u64) -> i64 {
    version.cast_signed()
}

async fn put(
    connection: &mut SqliteConnection,
    key: &HotKey,
    value: &[u8],
    only: Only,
    life: Life,
    clock: &Clock,
) -> Result<Put, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // Read under the lock, so that of two puts the later one has the later time.
    let now = clock.now();
    sqlx::query(
        "DELETE FROM items WHERE (kind, id) IN (SELECT kind, id FROM items WHERE expires <= ? LIMIT ?)",
    )
    .bind(now.as_millis())
    .bind(SWEEP)
    .execute(&mut *transaction)
    .await?;
    let held = find(&mut transaction, key, now).await?;
    let holds = match only {
        Only::Any => true,
        Only::Absent => held.is_none(),
        Only::Version(version) => held.as_ref().is_some_and(|held| held.version == version),
    };
    if !holds {
        transaction.commit().await?;
        return Ok(Put::Other(held));
    }
    let last: i64 = sqlx::query_scalar("SELECT last FROM versions").fetch_one(&mut *transaction).await?;
    let version = next_version(last.cast_unsigned(), now);
    sqlx::query("UPDATE versions SET last = ?")
        .bind(stored_version(version))
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT OR REPLACE INTO items (kind, id, value, version, expires, until, touched) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(key.kind().name())
        .bind(key.id())
        .bind(value)
        .bind(stored_version(version))
        .bind(life.expires(now).as_millis())
        .bind(life.until.map(Timestamp::as_millis))
        .bind(now.as_millis())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Put::Kept(version))
}

async fn take(
    connection: &mut SqliteConnection,
    bucket: &HotKey,
    rate: Rate,
    n: u32,
    clock: &Clock,
) -> Result<Taken, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let now = clock.now();
    // A bucket that is full is as one that was never used.
    sqlx::query(
        "DELETE FROM buckets WHERE (kind, id) IN (SELECT kind, id FROM buckets WHERE full <= ? LIMIT ?)",
    )
    .bind(super::bucket::micros(now))
    .bind(SWEEP)
    .execute(&mut *transaction)
    .await?;
    let full: Option<i64> = sqlx::query_scalar("SELECT full FROM buckets WHERE kind = ? AND id = ?")
        .bind(bucket.kind().name())
        .bind(bucket.id())
        .fetch_optional(&mut *transaction)
        .await?;
    let (taken, after) = rate.take(full.unwrap_or_default(), now, n);
    if taken == Taken::Yes {
        sqlx::query("INSERT OR REPLACE INTO buckets (kind, id, full) VALUES (?, ?, ?)")
            .bind(bucket.kind().name())
            .bind(bucket.id())
            .bind(after)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(taken)
}
