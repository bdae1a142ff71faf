//! MongoDB's errors as errors of the store.

use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::port::StoreError;

/// Another document has the same unique value: for a guarded upsert, the stored document is as new.
pub(super) const DUPLICATE_KEY: i32 = 11_000;
const OUT_OF_DISK_SPACE: i32 = 14_031;

/// The store's error for one of the driver's that ended an operation.
pub(super) fn failed(operation: &str, error: Error) -> StoreError {
    if code(&error) == Some(OUT_OF_DISK_SPACE) {
        return StoreError::NoSpace;
    }
    StoreError::Unavailable(operation.to_owned(), Some(Box::new(error)))
}

/// Whether this is the error of a call for which the driver found no server.
pub(super) fn found_no_server(error: &StoreError) -> bool {
    let StoreError::Unavailable(_, Some(cause)) = error else { return false };
    let cause = cause.downcast_ref::<Error>();
    cause.is_some_and(|error| matches!(*error.kind, ErrorKind::ServerSelection { .. }))
}

/// Whether a write met a document with the same id.
pub(super) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => Some(write.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(concern)) => Some(concern.code),
        _ => None,
    }
}

/// The store's error for a reply that says why something was not written.
pub(super) fn refused(operation: &str, reply: &Document) -> StoreError {
    if reply.get_i32("code").is_ok_and(|code| code == OUT_OF_DISK_SPACE) {
        return StoreError::NoSpace;
    }
    let message = reply.get_str("errmsg").unwrap_or("the server gives no reason");
    StoreError::Unavailable(format!("{operation}: {message}"), None)
}

/// For `map_err`: an entry of the store's own is not as this program writes it.
pub(super) fn unreadable(what: &'static str) -> impl Fn(mongodb::bson::error::Error) -> StoreError {
    move |error| StoreError::Unavailable(format!("reading {what}"), Some(Box::new(error)))
}
