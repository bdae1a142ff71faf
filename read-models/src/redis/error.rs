//! Redis's errors as errors of the store.

use platform::redis::RedisError;

use crate::port::StoreError;

/// The store's error for one of the client's that ended an operation.
pub(super) fn failed(operation: &str, error: RedisError) -> StoreError {
    match error {
        RedisError::Full { .. } => StoreError::NoSpace,
        _ => StoreError::Unavailable(operation.to_owned(), Some(Box::new(error))),
    }
}

/// [`failed`] for `map_err`.
pub(super) fn failed_at(operation: &'static str) -> impl Fn(RedisError) -> StoreError {
    move |error| failed(operation, error)
}

/// A value is not as this program writes it.
pub(super) fn unreadable(what: &str, value: &str) -> StoreError {
    StoreError::Unavailable(format!("reading {what}: it is {value:?}"), None)
}
