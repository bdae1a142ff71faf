//! Opens a context's log by its address.

use std::sync::Arc;

use schemas::Context;

use crate::port::{Log, LogError};
use crate::sqlite::SqliteLog;

/// Opens the log of `context` at `url` (`sqlite://PATH`), made if it is missing and brought to this program's format.
pub async fn connect(url: &str, context: Context) -> Result<Arc<dyn Log>, LogError> {
    match platform::sqlite::path(url) {
        Some(path) => Ok(Arc::new(SqliteLog::open(&path, context).await?)),
        None => Err(LogError::Address(url.to_owned())),
    }
}

/// Opens the log of `context` at `url` to look at it while others may be writing: nothing is made, migrated or written,
/// and commits are refused.
pub async fn connect_read_only(url: &str, context: Context) -> Result<Arc<dyn Log>, LogError> {
    match platform::sqlite::path(url) {
        Some(path) => Ok(Arc::new(SqliteLog::open_read_only(&path, context).await?)),
        None => Err(LogError::Address(url.to_owned())),
    }
}
