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
use crate::port::{Head, LogError, Migrated};

/// What leads from nothing to format 1, from there to format 2, and so on.
const STEPS: [&str; 2] = [include_str!("tables.sql"), include_str!("leases.sql")];

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = STEPS.len() as u32;

/// How long a lock of another process is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages that the write-ahead log may have before they are brought to their places: enough for pages that are written again
/// and again to be brought there once.
const LOG_PAGES: &str = "4000";

/// What the writing connection may keep in memory, in KiB with a minus: indexes of random ids touch many pages, and what
/// has no room is written twice.
const CACHE: &str = "-16000";

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

/// Makes the file or brings it to this program's format, all in one transaction; answers where it ends.
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
        bring_to(&mut connection, context, step, to)
            .await
            .map_err(|error| Log { context }.cannot("be made", error))?;
    }
    let head = rows::head(&mut connection).await.map_err(|error| cannot_open(path, error))?;
    sqlx::query("COMMIT")
        .execute(&mut connection)
        .await
        .map_err(|error| Log { context }.cannot("be made", error))?;
    connection.close().await.map_err(|error| cannot_open(path, error))?;
    Ok((head, Migrated { from: found, to: FORMAT }))
}

/// Checks that the file is there and can be read by this program, and answers where it ends.
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

/// Takes the step that leads to format `to`.
async fn bring_to(
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

/// The format of the file, which must be one that this program knows, of `context`'s log; `None` while it has no tables.
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
