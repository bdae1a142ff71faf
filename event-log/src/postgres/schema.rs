//! The tables of a context's log, in a schema with the context's name. A **stored format**: a change of the
//! tables needs a new [`FORMAT`] and a step that migrates older ones to it.

use platform::postgres::Address;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::MOVING;
use super::fault::LogIdentity;
use super::rows::{self, HEAD};
use crate::port::{Head, LogError, Migrated};

/// The format that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// Key of the advisory lock that lets one process migrate at a time.
const MIGRATING: i32 = 0x6368_6f72;

const TABLES: &str = include_str!("tables.sql");
const GRANTS: &str = include_str!("grants.sql");

/// Creates the tables, or migrates them to this program's format, in one transaction.
pub(super) async fn migrate(log: &LogIdentity, options: &PgConnectOptions) -> Result<Migrated, LogError> {
    let mut connection = connect(log, options).await?;
    let failed = |error| log.cannot("be migrated", error);
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))")
        .bind(MIGRATING)
        .bind(log.context.name())
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let found = format(&mut transaction, log).await?;
    match found {
        None => create(&mut transaction, log).await?,
        Some(FORMAT) => {}
        Some(found) => return Err(LogError::Newer { found, known: FORMAT }),
    }
    sqlx::raw_sql(GRANTS).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    log.address.close(connection).await;
    Ok(Migrated { from: found, to: FORMAT })
}

async fn create(connection: &mut PgConnection, log: &LogIdentity) -> Result<(), LogError> {
    let failed = |error| log.cannot("be migrated", error);
    let encoding: String =
        sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *connection).await.map_err(failed)?;
    if encoding != "UTF8" {
        let problem =
            format!("{} stores text as {encoding}; create the database with ENCODING 'UTF8'", log.address);
        return Err(LogError::Unavailable(problem, None));
    }
    let schema = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {}", log.context));
    sqlx::raw_sql(schema).execute(&mut *connection).await.map_err(failed)?;
    sqlx::raw_sql(TABLES).execute(&mut *connection).await.map_err(failed)?;
    sqlx::query("INSERT INTO meta (format, context) VALUES ($1, $2)")
        .bind(i64::from(FORMAT))
        .bind(log.context.name())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("INSERT INTO head (position, hash, epoch, revision) VALUES (0, $1, $2, 0)")
        .bind(crate::chain::START)
        .bind(Uuid::new_v4())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Checks that this program can use the log, and returns its head.
pub(super) async fn examine(
    log: &LogIdentity,
    options: &PgConnectOptions,
    to_write: bool,
) -> Result<Head, LogError> {
    let mut connection = connect(log, options).await?;
    match format(&mut connection, log).await? {
        Some(FORMAT) => {}
        Some(found) if found > FORMAT => return Err(LogError::Newer { found, known: FORMAT }),
        found => return Err(LogError::Unmigrated { context: log.context, found, known: FORMAT }),
    }
    let unreadable = |error| log.cannot("be read", error);
    let (standby, synced, moving): (bool, bool, bool) = sqlx::query_as(
        "SELECT pg_is_in_recovery(), current_setting('fsync')::boolean, EXISTS (SELECT FROM about WHERE key = $1)",
    )
    .bind(MOVING)
    .fetch_one(&mut connection)
    .await
    .map_err(unreadable)?;
    if to_write && moving {
        let problem = format!(
            "{} holds the log of {} from an unfinished move: repeat `chorale move`",
            log.address, log.context
        );
        return Err(LogError::Unavailable(problem, None));
    }
    if to_write && standby {
        let problem = format!("{} is a standby, which is read-only; use the primary's address", log.address);
        return Err(LogError::Unavailable(problem, None));
    }
    if to_write && !synced {
        tracing::warn!(log = %log.address, "the server runs with fsync off: a crash of its machine loses acknowledged commits");
    }
    let head = rows::head(&mut connection, HEAD).await.map_err(unreadable)?;
    log.address.close(connection).await;
    Ok(head)
}

async fn connect(log: &LogIdentity, options: &PgConnectOptions) -> Result<PgConnection, LogError> {
    log.address.connect(options).await.map_err(|error| unusable(&log.address, error))
}

fn unusable(address: &Address, error: platform::postgres::PostgresError) -> LogError {
    LogError::Unavailable(
        format!("{address} cannot be opened: {error}"),
        std::error::Error::source(&error).map(|source| source.to_string().into()),
    )
}

/// The format of the tables in the context's schema; `None` if there are none.
async fn format(connection: &mut PgConnection, log: &LogIdentity) -> Result<Option<u32>, LogError> {
    let unreadable = |error| log.cannot("be read", error);
    let table = format!("{}.meta", log.context);
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(table)
        .fetch_one(&mut *connection)
        .await
        .map_err(unreadable)?;
    if !is_there {
        return Ok(None);
    }
    let (format, owner): (i64, String) =
        sqlx::query_as("SELECT format, context FROM meta").fetch_one(connection).await.map_err(unreadable)?;
    if owner != log.context.name() {
        let problem = format!("the tables in {} of {} are those of {owner}", log.context, log.address);
        return Err(LogError::Unavailable(problem, None));
    }
    Ok(Some(u32::try_from(format).unwrap_or(u32::MAX)))
}
