//! The file: how it is opened, and its tables. A **stored format**: a change of the tables needs a new
//! [`FORMAT`] and a step that migrates older files to it.

use std::path::Path;
use std::time::Duration;

use schemas::Context;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uuid::Uuid;

use super::fault::LogIdentity;
use super::rows;
use crate::port::{Head, LogError, Migrated};

/// The steps from nothing to format 1, from there to format 2, and so on.
const STEPS: [&str; 2] = [include_str!("tables.sql"), include_str!("leases.sql")];

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = STEPS.len() as u32;

/// How long to wait for a lock of another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages in the write-ahead log before a checkpoint: enough that a page that is written often is checkpointed
/// once.
const WAL_PAGES: &str = "4000";

/// Page cache of the writing connection, in KiB as a negative number. Indexes over random ids touch many
/// pages, and pages that do not fit are written twice.
const CACHE: &str = "-16000";

/// Options for the connection that writes.
pub(super) fn writing(path: &Path) -> SqliteConnectOptions {
    platform::sqlite::durable(path, PATIENCE)
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .pragma("cache_size", CACHE)
        .disable_statement_logging()
}

/// Options for connections that read.
pub(super) fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

/// Creates the file, or migrates it to this program's format, in one transaction. Returns its head.
pub(super) async fn prepare(path: &Path, context: Context) -> Result<(Head, Migrated), LogError> {
    let mut connection =
        platform::sqlite::create(&writing(path)).await.map_err(|error| cannot_open(path, error))?;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut connection)
        .await
        .map_err(|error| cannot_open(path, error))?;
    let found = format(path, &mut connection, context).await?;
    let from = found.unwrap_or(0);
    for (step, to) in STEPS.iter().zip(1..).filter(|(_, to)| *to > from) {
        migrate_to(&mut connection, context, step, to)
            .await
            .map_err(|error| LogIdentity { context }.cannot("be created", error))?;
    }
    let head = rows::head(&mut connection).await.map_err(|error| cannot_open(path, error))?;
    sqlx::query("COMMIT")
        .execute(&mut connection)
        .await
        .map_err(|error| LogIdentity { context }.cannot("be created", error))?;
    connection.close().await.map_err(|error| cannot_open(path, error))?;
    Ok((head, Migrated { from: found, to: FORMAT }))
}

/// Checks that this program can read the file, and returns its head.
pub(super) async fn examine(path: &Path, context: Context) -> Result<Head, LogError> {
    if !path.exists() {
        let problem = format!("there is none of {context} at {}", path.display());
        return Err(LogError::Unavailable(problem, None));
    }
    let mut connection =
        platform::sqlite::open(&reading(path)).await.map_err(|error| cannot_open(path, error))?;
    match format(path, &mut connection, context).await? {
        Some(FORMAT) => rows::head(&mut connection).await.map_err(|error| cannot_open(path, error)),
        None => {
            let problem = format!("{} is not an event log", path.display());
            Err(LogError::Unavailable(problem, None))
        }
        found => Err(LogError::Unmigrated { context, found, known: FORMAT }),
    }
}

/// Executes the step that leads to format `to`.
async fn migrate_to(
    connection: &mut SqliteConnection,
    context: Context,
    step: &'static str,
    to: u32,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(step).execute(&mut *connection).await?;
    if to > 1 {
        return sqlx::query("UPDATE meta SET format = ?").bind(to).execute(connection).await.map(drop);
    }
    sqlx::query("INSERT INTO meta (format, context) VALUES (?, ?)")
        .bind(to)
        .bind(context.name())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO head (position, hash, epoch, revision) VALUES (0, zeroblob(32), ?, 0)")
        .bind(Uuid::new_v4().into_bytes().to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// The format of the file; `None` if it has no tables. Fails if the format is newer, or the log is not that
/// of `context`.
async fn format(
    path: &Path,
    connection: &mut SqliteConnection,
    context: Context,
) -> Result<Option<u32>, LogError> {
    let has_tables: bool = sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'meta'")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| cannot_open(path, error))?;
    if !has_tables {
        return Ok(None);
    }
    let (format, owner): (u32, String) = sqlx::query_as("SELECT format, context FROM meta")
        .fetch_one(connection)
        .await
        .map_err(|error| cannot_open(path, error))?;
    if format > FORMAT {
        return Err(LogError::Newer { found: format, known: FORMAT });
    }
    if owner != context.name() {
        let problem = format!("{} is that of {owner}, not of {context}", path.display());
        return Err(LogError::Unavailable(problem, None));
    }
    Ok(Some(format))
}

fn cannot_open(path: &Path, error: sqlx::Error) -> LogError {
    LogError::Unavailable(format!("{} cannot be opened", path.display()), Some(Box::new(error)))
}
