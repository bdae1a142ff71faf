//! Errors of a log.

use schemas::Context;

/// Why a log cannot be used, or refuses a commit.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database does not answer, or answers with an error.
    #[error("the event log cannot be used: {0}")]
    Unavailable(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The disk is full. Everything that was acknowledged is stored.
    #[error("the event log has no space left")]
    NoSpace,
    /// The log was written by a newer program.
    #[error(
        "the event log has format {found}, but this program reads formats up to {known}: use a newer chorale"
    )]
    Newer {
        found: u32,
        /// The newest format that this program reads.
        known: u32,
    },
    /// The database has no tables for the log, or older ones.
    #[error("the event log of {context} {}: run `chorale migrate`", unmigrated(*.found, *.known))]
    Unmigrated {
        context: Context,
        /// The format of the tables; `None` if there are none.
        found: Option<u32>,
        /// The format that this program needs.
        known: u32,
    },
    /// The stored bytes or the batch are invalid.
    #[error("the event log of {context} is broken at position {position}: {problem}")]
    Broken {
        context: Context,
        /// The first position that is affected.
        position: u64,
        problem: String,
    },
    /// The address is not that of a log. If it may contain a password, only its beginning is shown.
    #[error(
        "{0} is not an address of an event log; use sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Address(String),
    /// The log is on a server for which this build has no client.
    #[error("the event log cannot be used")]
    NoClient(#[from] platform::servers::NoClient),
}

fn unmigrated(found: Option<u32>, known: u32) -> String {
    match found {
        Some(found) => format!("has format {found}, but this program needs format {known}"),
        None => "has no tables in this database".to_owned(),
    }
}

/// The outcome of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The format before; `None` if there was no log.
    pub from: Option<u32>,
    pub to: u32,
}
