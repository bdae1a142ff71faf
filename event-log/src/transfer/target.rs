//! The tables that a log is moved into. From the first row until the whole shop has moved, a property marks
//! them, and no program can open them for writing.

use std::time::Duration;

use futures_util::TryStreamExt;
use platform::postgres::{Address, Limits, PostgresError};
use schemas::Context;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row};
use uuid::Uuid;

use super::source::{Checksum, Failure, Source};
use super::tables::{TABLES, Table};
use super::{Progress, TransferError};
use crate::port::{Head, LogError};
use crate::postgres::{MOVING, PARAMETERS};

/// Copying a table may take long. A client that has died must not lock the tables for long, even if the
/// server has not noticed.
const LIMITS: Limits = Limits {
    statement: Duration::ZERO,
    lock: Duration::from_secs(10),
    idle_in_transaction: Duration::from_secs(60),
};

/// A connection to the database that a log is moved to.
pub(super) struct Target {
    address: Address,
    context: Context,
    connection: PgConnection,
}

/// The earlier contents of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or the rest of an earlier move of the same log. The log was copied.
    Nothing,
    /// The log itself, moved before. Nothing was copied.
    Moved,
}

impl Target {
    pub(super) async fn open(url: &str, context: Context) -> Result<Self, TransferError> {
        let failed = |error: PostgresError| {
            TransferError::Log(LogError::Unavailable(error.to_string(), Some(Box::new(error))))
        };
        let address = Address::parse(url, &PARAMETERS).map_err(failed)?;
        let search_path = format!("{context},pg_temp");
        let options = address
            .options("chorale-move", &LIMITS)
            .options([("search_path", search_path.as_str())])
            .disable_statement_logging();
        let connection = address.connect(&options).await.map_err(failed)?;
        Ok(Self { address, context, connection })
    }

    pub(super) async fn close(self) {
        self.address.close(self.connection).await;
    }

    pub(super) fn place(&self) -> String {
        format!("{} ({})", self.address, self.context)
    }

    fn explain(&self, error: sqlx::Error) -> TransferError {
        TransferError::Target(self.context, self.address.explain(error))
    }

    async fn run(&mut self, sql: String) -> Result<(), TransferError> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection).await;
        done.map(drop).map_err(|error| self.explain(error))
    }

    /// Copies everything in one transaction, unless the database already has the log. Appends the checksum of each
    /// table to `checksums`.
    pub(super) async fn fill(
        &mut self,
        source: &mut Source,
        checksums: &mut Vec<Checksum>,
        progress: Progress<'_>,
    ) -> Result<Found, TransferError> {
        self.run("BEGIN; LOCK TABLE head, events IN ACCESS EXCLUSIVE MODE".to_owned()).await?;
        let moving = self.moving().await?;
        let there = self.head().await?;
        let empty = self.is_empty(&there).await?;
        match moving {
            Some(epoch) if epoch == source.head.epoch => self.empty().await?,
            Some(_) => return Err(TransferError::AnotherMove { place: self.place() }),
            None if empty => {}
            None if there.epoch == source.head.epoch => {
                self.run("ROLLBACK".to_owned()).await?;
                return Ok(Found::Moved);
            }
            None => return Err(TransferError::NotEmpty { place: self.place() }),
        }
        let mut before = 0;
        for table in &TABLES {
            let copy = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, table.quoted());
            let copying = self.connection.copy_in_raw(&copy).await;
            let copying =
                copying.map_err(|error| TransferError::Target(self.context, self.address.explain(error)))?;
            let sum = source.copy_table(table, Some(copying), &mut |rows| progress(before + rows)).await;
            let sum = sum.map_err(|failure| match failure {
                Failure::Source(error) => TransferError::Source(self.context, error),
                Failure::Target(error) => self.explain(error),
            })?;
            before += sum.rows;
            checksums.push(sum);
        }
        self.end_at(&source.head).await?;
        Ok(Found::Nothing)
    }

    /// Writes the head and commits.
    async fn end_at(&mut self, head: &Head) -> Result<(), TransferError> {
        let moved = sqlx::query("UPDATE head SET position = $1, hash = $2, epoch = $3, revision = $4")
            .bind(int(head.position))
            .bind(head.hash)
            .bind(head.epoch)
            .bind(int(head.revision))
            .execute(&mut self.connection)
            .await;
        moved.map_err(|error| self.explain(error))?;
        let marked = sqlx::query("INSERT INTO about (key, value) VALUES ($1, $2)")
            .bind(MOVING)
            .bind(head.epoch.to_string())
            .execute(&mut self.connection)
            .await;
        marked.map_err(|error| self.explain(error))?;
        self.run("COMMIT".to_owned()).await?;
        // The planner has no statistics of the new rows yet.
        self.run(TABLES.iter().map(|table| format!("ANALYZE {};", table.name)).collect()).await
    }

    /// Begins a transaction that reads as of one moment, and returns the head.
    pub(super) async fn begin_reading(&mut self) -> Result<Head, TransferError> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()).await?;
        self.head().await
    }

    /// The checksum of a table.
    pub(super) async fn checksum(&mut self, table: &Table) -> Result<Checksum, TransferError> {
        let (name, columns) = (table.name, table.quoted());
        let condition = if name == "about" { format!("WHERE key <> '{MOVING}'") } else { String::new() };
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {name} {condition}"));
        let rows: Result<i64, _> = sqlx::query_scalar(count).fetch_one(&mut self.connection).await;
        let rows = rows.map_err(|error| self.explain(error))?;
        let all = format!(
            "COPY (SELECT {columns} FROM {name} {condition} ORDER BY {}) TO STDOUT (FORMAT binary)",
            table.key
        );
        let digest = digest(&mut self.connection, &all).await.map_err(|error| self.explain(error))?;
        Ok(Checksum { rows: u64::try_from(rows).unwrap_or_default(), digest })
    }

    /// The mark of a log that is being moved: its epoch.
    async fn moving(&mut self) -> Result<Option<Uuid>, TransferError> {
        let query = sqlx::query_scalar("SELECT value FROM about WHERE key = $1").bind(MOVING);
        let value: Option<String> =
            query.fetch_optional(&mut self.connection).await.map_err(|error| self.explain(error))?;
        // A value that is not an epoch matches no log.
        Ok(value.map(|value| value.parse().unwrap_or_default()))
    }

    async fn head(&mut self) -> Result<Head, TransferError> {
        let query = sqlx::query("SELECT position, hash, epoch, revision FROM head");
        let row = query.fetch_one(&mut self.connection).await.map_err(|error| self.explain(error))?;
        let number = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
        let head = || {
            let hash = row.try_get::<&[u8], _>(1)?.try_into();
            let hash = hash.map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok(Head { position: number(0)?, hash, epoch: row.try_get(2)?, revision: number(3)? })
        };
        head().map_err(|error| self.explain(error))
    }

    async fn is_empty(&mut self, head: &Head) -> Result<bool, TransferError> {
        let any: Vec<_> = TABLES.iter().map(|table| format!("EXISTS (SELECT FROM {})", table.name)).collect();
        let any = AssertSqlSafe(format!("SELECT {}", any.join(" OR ")));
        let any: Result<bool, _> = sqlx::query_scalar(any).fetch_one(&mut self.connection).await;
        Ok(!any.map_err(|error| self.explain(error))? && head.position == 0 && head.revision == 0)
    }

    /// Deletes the rest of an earlier attempt. It was never in use, so its events may be deleted.
    async fn empty(&mut self) -> Result<(), TransferError> {
        let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        self.run(format!(
            "ALTER TABLE events DISABLE TRIGGER events_stay; TRUNCATE {};
             ALTER TABLE events ENABLE TRIGGER events_stay",
            names.join(", ")
        ))
        .await
    }
}

/// Allows programs to open these logs of one database for writing, all at once.
pub(super) async fn release(url: &str, contexts: &[Context]) -> Result<(), TransferError> {
    let Some(first) = contexts.first() else { return Ok(()) };
    let mut target = Target::open(url, *first).await?;
    let mut transaction = String::from("BEGIN;");
    for context in contexts {
        transaction.push_str(&format!("DELETE FROM {context}.about WHERE key = '{MOVING}';"));
    }
    target.run(transaction + "COMMIT").await?;
    target.close().await;
    Ok(())
}

async fn digest(connection: &mut PgConnection, copy: &str) -> Result<[u8; 32], sqlx::Error> {
    let mut sha = Sha256::new();
    let mut stream = connection.copy_out_raw(copy).await?;
    while let Some(bytes) = stream.try_next().await? {
        sha.update(&bytes);
    }
    Ok(sha.finalize().into())
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
