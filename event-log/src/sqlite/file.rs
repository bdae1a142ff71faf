//! The file: how it is opened, and its tables. A **stored format**: a change of the tables is a new [`FORMAT`] and a step
//! that brings older files to it.

use std::path::Path;
use std::time::Duration;

use schemas::Context;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uuid::Uuid;

use super::fault::Log;
use super::rows;
use crate::port::{Head, LogError};

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// How long a lock of another process is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages that the write-ahead log may have before they are brought to their places: enough for pages that are written again
/// and again to be brought there once.
const LOG_PAGES: &str = "4000";

/// What the writing connection may keep in memory, in KiB with a minus: indexes of random ids touch many pages, and what
/// has no room is written twice.
const CACHE: &str = "-16000";

const TABLES: &str = include_str!("tables.sql");

/// Options for the connection that writes.
pub(super) fn writing(path: &Path) -> SqliteConnectOptions {
    platform::sqlite::durable(path, PATIENCE)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        .pragma("cache_size", CACHE)
        .disable_statement_logging()
}

/// Options for connections that look.
pub(super) fn reading(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

/// Makes the file or brings it to this program's format, and answers where it ends.
pub(super) async fn prepare(path: &Path, context: Context) -> Result<Head, LogError> {
    let mut connection =
        platform::sqlite::create(&writing(path)).await.map_err(|error| cannot_open(path, error))?;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut connection)
        .await
        .map_err(|error| cannot_open(path, error))?;
    if !has_tables(&mut connection).await.map_err(|error| cannot_open(path, error))? {
        create(&mut connection, context).await.map_err(|error| Log { context }.cannot("be made", error))?;
    }
    check(path, &mut connection, context).await?;
    let head = rows::head(&mut connection).await.map_err(|error| cannot_open(path, error))?;
    sqlx::query("COMMIT")
        .execute(&mut connection)
        .await
        .map_err(|error| Log { context }.cannot("be made", error))?;
    connection.close().await.map_err(|error| cannot_open(path, error))?;
    Ok(head)
}

/// Checks that the file is there and can be read by this program, and answers where it ends.
pub(super) async fn examine(path: &Path, context: Context) -> Result<Head, LogError> {
    if !path.exists() {
        let problem = format!("there is none of {context} at {}", path.display());
        return Err(LogError::Unavailable(problem, None));
    }
    let mut connection =
        platform::sqlite::open(&reading(path)).await.map_err(|error| cannot_open(path, error))?;
    if !has_tables(&mut connection).await.map_err(|error| cannot_open(path, error))? {
        let problem = format!("{} is not an event log", path.display());
        return Err(LogError::Unavailable(problem, None));
    }
    check(path, &mut connection, context).await?;
    rows::head(&mut connection).await.map_err(|error| cannot_open(path, error))
}

async fn has_tables(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'meta'")
        .fetch_one(connection)
        .await
}

async fn create(connection: &mut SqliteConnection, context: Context) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(TABLES).execute(&mut *connection).await?;
    sqlx::query("INSERT INTO meta (format, context) VALUES (?, ?)")
        .bind(FORMAT)
        .bind(context.name())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO head (position, hash, epoch, revision) VALUES (0, zeroblob(32), ?, 0)")
        .bind(Uuid::new_v4().into_bytes().to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

async fn check(path: &Path, connection: &mut SqliteConnection, context: Context) -> Result<(), LogError> {
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
    Ok(())
}

fn cannot_open(path: &Path, error: sqlx::Error) -> LogError {
    LogError::Unavailable(format!("{} cannot be opened", path.display()), Some(Box::new(error)))
}
