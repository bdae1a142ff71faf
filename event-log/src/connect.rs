//! Opens a context's log by its address.

use std::sync::Arc;

use platform::servers::{NoClient, is_postgres};
use schemas::Context;

use crate::port::{Log, LogError, Migrated};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresLog;
use crate::sqlite::SqliteLog;
use crate::timed::timed;

/// Opens the log of `context` at `url`.
///
/// `sqlite://PATH` is created if it is missing, and migrated to this program's format.
///
/// `postgres://user:password@host:port/database` needs tables, which [`migrate`] creates. It takes the
/// parameters of [`platform::postgres::Address`] and these: `readers` (number of reading connections, default
/// 4), `statement_timeout` and `lock_timeout` (seconds, default 30 and 5).
pub async fn connect(url: &str, context: Context) -> Result<Arc<dyn Log>, LogError> {
    #[cfg(feature = "postgres")]
    if is_postgres(url) {
        return Ok(timed(Arc::new(PostgresLog::open(url, context).await?)));
    }
    match platform::sqlite::path(url) {
        Some(path) => Ok(timed(Arc::new(SqliteLog::open(&path, context).await?))),
        None => Err(unknown(url)),
    }
}

/// Opens the log of `context` at `url` read-only, safe while others write it. Nothing is created, migrated or
/// written, and commits are refused.
pub async fn connect_read_only(url: &str, context: Context) -> Result<Arc<dyn Log>, LogError> {
    #[cfg(feature = "postgres")]
    if is_postgres(url) {
        return Ok(Arc::new(PostgresLog::open_read_only(url, context).await?));
    }
    match platform::sqlite::path(url) {
        Some(path) => Ok(Arc::new(SqliteLog::open_read_only(&path, context).await?)),
        None => Err(unknown(url)),
    }
}

/// Creates the log of `context` at `url`, or migrates it to this program's format.
pub async fn migrate(url: &str, context: Context) -> Result<Migrated, LogError> {
    #[cfg(feature = "postgres")]
    if is_postgres(url) {
        return PostgresLog::migrate(url, context).await;
    }
    match platform::sqlite::path(url) {
        Some(path) => SqliteLog::migrate(&path, context).await,
        None => Err(unknown(url)),
    }
}

fn unknown(url: &str) -> LogError {
    if is_postgres(url) {
        return NoClient::POSTGRESQL.into();
    }
    match url.split_once("://") {
        Some((scheme, rest)) if !rest.is_empty() => LogError::Address(format!("{scheme}://…")),
        None if url.contains('@') => LogError::Address("this".to_owned()),
        _ => LogError::Address(url.to_owned()),
    }
}
