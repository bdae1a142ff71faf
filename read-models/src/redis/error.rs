//! Redis's errors as errors of the store.

use redis::RedisError;

use crate::port::StoreError;

/// The store's error for one of the client's that ended an operation.
pub(super) fn failed(operation: &str, error: RedisError) -> StoreError {
    // The server is at its `maxmemory`.
    if error.code() == Some("OOM") {
        return StoreError::NoSpace;
    }
    StoreError::Unavailable(operation.to_owned(), Some(Box::new(error)))
}

/// [`failed`] for `map_err`.
pub(super) fn failed_at(operation: &'static str) -> impl Fn(RedisError) -> StoreError {
    move |error| failed(operation, error)
}

/// A value is not as this program writes it.
pub(super) fn unreadable(what: &str, value: &str) -> StoreError {
    StoreError::Unavailable(format!("reading {what}: it is {value:?}"), None)
}
