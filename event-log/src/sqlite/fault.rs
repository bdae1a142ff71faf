//! Maps errors of the database to those of the port.

use schemas::Context;

use crate::port::LogError;

/// The log that errors are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogIdentity {
    pub(super) context: Context,
}

impl LogIdentity {
    /// An error while reading or while preparing to write.
    pub(super) fn cannot(self, what: &str, error: sqlx::Error) -> LogError {
        const FULL: u32 = 13;
        if primary(&error) == Some(FULL) {
            return LogError::NoSpace;
        }
        LogError::Unavailable(format!("that of {} cannot {what}", self.context), Some(Box::new(error)))
    }

    /// An error while executing a plan whose first event comes after `base`.
    pub(super) fn refused(self, base: u64, error: sqlx::Error) -> LogError {
        let constraint = error
            .as_database_error()
            .filter(|_| is_constraint(&error))
            .map(|error| error.message().to_owned());
        match constraint {
            Some(problem) => self.broken(base + 1, problem),
            None => self.cannot("be written", error),
        }
    }

    pub(super) fn broken(self, position: u64, problem: impl Into<String>) -> LogError {
        LogError::Broken { context: self.context, position, problem: problem.into() }
    }
}

fn is_constraint(error: &sqlx::Error) -> bool {
    const CONSTRAINT: u32 = 19;
    primary(error) == Some(CONSTRAINT)
}

/// The primary result code is the low byte of an extended one.
fn primary(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
