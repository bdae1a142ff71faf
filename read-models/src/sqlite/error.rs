//! SQLite's errors as errors of the store.

use serde::ser::Error as _;

use crate::backend::encoding;
use crate::port::StoreError;

const SQLITE_ERROR: i32 = 1;
const SQLITE_FULL: i32 = 13;

/// The store's error for one of SQLite that ended an operation.
pub(super) fn failed(operation: &str, error: sqlx::Error) -> StoreError {
    if code(&error) == Some(SQLITE_FULL) {
        return StoreError::NoSpace;
    }
    StoreError::Unavailable(operation.to_owned(), Some(Box::new(error)))
}

/// [`failed`] for `map_err`.
pub(super) fn failed_at(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| failed(operation, error)
}

/// Whether a statement names something that does not exist, such as a dropped table.
pub(super) fn is_about_sql(error: &sqlx::Error) -> bool {
    code(error) == Some(SQLITE_ERROR)
}

/// The primary result code: the low byte of the extended one.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// A list of texts as one parameter.
pub(super) fn json(texts: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(texts).map_err(encoding("a parameter"))
}

/// A key column that holds neither a text nor a whole number.
pub(super) fn not_a_value(collection: &str, id: &str, field: &str) -> StoreError {
    StoreError::Malformed {
        collection: collection.to_owned(),
        id: id.to_owned(),
        source: serde_json::Error::custom(format!("{field} is neither a text nor a whole number")),
    }
}
