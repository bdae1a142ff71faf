//! Maps errors of the database to those of the port.

use platform::postgres::Address;
use schemas::Context;

use crate::port::LogError;

/// The log that errors are about.
#[derive(Clone, Debug)]
pub(super) struct LogIdentity {
    pub(super) context: Context,
    pub(super) address: Address,
}

impl LogIdentity {
    /// An error while reading or while preparing to write.
    pub(super) fn cannot(&self, what: &str, error: sqlx::Error) -> LogError {
        const DISK_FULL: &str = "53100";
        if code(&error).as_deref() == Some(DISK_FULL) {
            return LogError::NoSpace;
        }
        let cause = self.address.explain(error);
        LogError::Unavailable(format!("that of {} cannot {what}", self.context), Some(Box::new(cause)))
    }

    /// An error while executing a plan whose first event comes after `base`.
    pub(super) fn refused(&self, base: u64, error: sqlx::Error) -> LogError {
        match problem(&error) {
            Some(problem) => self.broken(base + 1, problem),
            None => self.cannot("be written", error),
        }
    }

    pub(super) fn broken(&self, position: u64, problem: impl Into<String>) -> LogError {
        LogError::Broken { context: self.context, position, problem: problem.into() }
    }
}

/// What is wrong with the batch, if the server refuses it.
fn problem(error: &sqlx::Error) -> Option<String> {
    const NOT_NULL: &str = "23502";
    let (code, database) = (code(error)?, error.as_database_error()?);
    let known = match database.constraint() {
        Some("events_pkey") => "the position is taken",
        Some("events_version_once") => "a stream already has this version",
        Some("events_id_once") => "the id of an event is taken",
        Some("ledger_answered_once") => "the command already has an answer",
        _ if code == NOT_NULL => "another stream holds the claim",
        // Other constraints, and values that PostgreSQL cannot store, such as a text with a zero byte.
        _ if code.starts_with("23") || code.starts_with("22") => return Some(database.message().to_owned()),
        _ => return None,
    };
    Some(known.to_owned())
}

/// Whether the connection is unusable, so that the statement may be repeated on another one.
pub(super) fn is_disconnect(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // The server has ended the connection: an administrator, a crash, a shutdown, a limit.
        error => code(error)
            .is_some_and(|code| code.starts_with("57P") || code == "25P03" || code.starts_with("08")),
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(|code| code.into_owned())
}
