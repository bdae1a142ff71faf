//! What an error of the database means to the port.

use schemas::Context;

use crate::port::LogError;

/// Whose log it is, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    pub(super) context: Context,
}

impl Log {
    /// An error while reading or while preparing to write.
    pub(super) fn cannot(self, what: &str, error: sqlx::Error) -> LogError {
        const FULL: u32 = 13;
        if primary(&error) == Some(FULL) {
            return LogError::NoSpace;
        }
        LogError::Unavailable(format!("that of {} cannot {what}", self.context), Some(Box::new(error)))
    }

    /// An error while carrying out a plan whose first event comes after `base`.
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

/// The low byte of an extended code is the code.
fn primary(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
