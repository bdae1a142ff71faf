//! Takes a context's log from its file to PostgreSQL: every table, every column, exactly as it stands.
//!
//! Positions, versions, hashes, epoch and revision stay, so it is the same log: whoever knew a position of it goes on from
//! there. Each context is one transaction, and what has been copied stays closed to programs that write until
//! [`release`] opens all contexts together; so a move that ends anywhere leaves a shop on one side only, and can be repeated.
//! The file is read, and kept as it is.

use platform::postgres::PostgresError;
use schemas::Context;

use self::source::{Failure, Source, Sum};
use self::tables::TABLES;
use self::target::{Found, Target};
use crate::port::{Head, LogError};
use crate::verify::{Finding, verify};
use crate::{connect_read_only, migrate};

mod source;
mod tables;
mod target;

/// Is told how far the work is, now and then.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// Why a log was not moved. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Not opened or not prepared.
    #[error("a log cannot be moved")]
    Log(#[from] LogError),
    /// The log to be moved is no file.
    #[error("only logs in files can be moved")]
    NoFile,
    /// The file fails.
    #[error("the file of the log of {0} cannot be read, or somebody writes it")]
    Source(Context, #[source] sqlx::Error),
    /// The server fails.
    #[error("the log of {0} cannot be copied")]
    Target(Context, #[source] PostgresError),
    /// There is another log.
    #[error("{place} holds a log already: choose another database, or drop that schema")]
    NotEmpty {
        /// Database and schema.
        place: String,
    },
    /// There is a part of another log.
    #[error(
        "{place} holds a log whose move did not end: repeat that move, or choose another database, or drop that schema"
    )]
    AnotherMove {
        /// Database and schema.
        place: String,
    },
    /// The log there is this one, and somebody wrote it or this one since.
    #[error(
        "{place} has this log already, and they differ: it is at position {there} there, and at {here} in the file. Where \
         that shop has been at work, the move is done; else drop that schema and repeat the move"
    )]
    Parted {
        /// Database and schema.
        place: String,
        /// The position in the file.
        here: u64,
        /// The position there.
        there: u64,
    },
    /// What was read back is not what was copied.
    #[error(
        "the copy of {table} in {place} is not what the file has: {here} rows here, {there} there. Repeat the move"
    )]
    Differs {
        /// Database and schema.
        place: String,
        /// Which table.
        table: &'static str,
        /// Rows in the file.
        here: u64,
        /// Rows there.
        there: u64,
    },
    /// The chain is broken, and so it is in the file.
    #[error(
        "the log of {0} is not sound, neither there nor in the file: see `chorale log verify`, and restore a backup that is"
    )]
    Unsound(Context, #[source] Finding),
}

/// A log in a file on its way. While this lives nobody can write the file.
pub struct Transfer {
    context: Context,
    source: Source,
    /// What the tables come to, once they have been read.
    sums: Vec<Sum>,
}

/// What a moved log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it ends, there as here.
    pub head: Head,
    /// Every table and its number of rows, there as here.
    pub tables: Vec<(&'static str, u64)>,
}

impl Moved {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

impl Transfer {
    /// Brings the file of `context` at `from` to this program's format, and locks it.
    pub async fn lock(from: &str, context: Context) -> Result<Self, TransferError> {
        let path = platform::sqlite::path(from).ok_or(TransferError::NoFile)?;
        migrate(from, context).await?;
        let source = Source::lock(&path).await.map_err(|error| TransferError::Source(context, error))?;
        Ok(Self { context, source, sums: Vec::new() })
    }

    /// Whose log it is.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Where it ends.
    pub fn head(&self) -> Head {
        self.source.head
    }

    /// How many rows there are to copy: what [`Transfer::copy`] counts up to.
    pub async fn rows(&mut self) -> Result<u64, TransferError> {
        self.source.rows(&TABLES).await.map_err(|error| TransferError::Source(self.context, error))
    }

    /// Copies the log to the database at `to`, whose tables are made if they are missing and must be empty, all or nothing.
    /// What an earlier try has left of the same log is replaced; where the log is already, nothing is done.
    pub async fn copy(&mut self, to: &str, progress: Progress<'_>) -> Result<(), TransferError> {
        migrate(to, self.context).await?;
        let mut target = Target::open(to, self.context).await?;
        self.sums.clear();
        let found = target.fill(&mut self.source, &mut self.sums, progress).await?;
        if found == Found::Whole {
            self.sum_up(progress).await?;
        }
        target.close().await;
        Ok(())
    }

    async fn sum_up(&mut self, progress: Progress<'_>) -> Result<(), TransferError> {
        let mut before = 0;
        for table in &TABLES {
            let sum = self.source.pour(table, None, &mut |rows| progress(before + rows)).await;
            let sum = sum.map_err(|failure| match failure {
                Failure::Source(error) | Failure::Target(error) => TransferError::Source(self.context, error),
            })?;
            before += sum.rows;
            self.sums.push(sum);
        }
        Ok(())
    }

    /// Compares what stands at `to` with the file, head and every row, and computes the hash chain again over what stands
    /// there; after [`Transfer::copy`]. `progress` is told the position.
    pub async fn check(&self, to: &str, mut progress: Progress<'_>) -> Result<Moved, TransferError> {
        let mut target = Target::open(to, self.context).await?;
        let (here, there) = (self.source.head, target.look().await?);
        if here != there {
            let (here, there) = (here.position, there.position);
            return Err(TransferError::Parted { place: target.place(), here, there });
        }
        let mut tables = Vec::new();
        for (table, here) in TABLES.iter().zip(&self.sums) {
            let there = target.sum(table).await?;
            if *here != there {
                let (table, here, there) = (table.name, here.rows, there.rows);
                return Err(TransferError::Differs { place: target.place(), table, here, there });
            }
            tables.push((table.name, there.rows));
        }
        target.close().await;
        let log = connect_read_only(to, self.context).await?;
        let verified = verify(log.as_ref(), None, &mut progress).await;
        verified.map_err(|finding| TransferError::Unsound(self.context, finding))?;
        Ok(Moved { head: here, tables })
    }
}

/// Opens copied logs to programs that write; those in one database all at once. Each is a context and its address.
pub async fn release(logs: &[(Context, String)]) -> Result<(), TransferError> {
    let mut rest: Vec<&(Context, String)> = logs.iter().collect();
    while let Some((_, url)) = rest.first().copied() {
        let (here, elsewhere): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, other)| other == url);
        let contexts: Vec<Context> = here.into_iter().map(|(context, _)| *context).collect();
        target::release(url, &contexts).await?;
        rest = elsewhere;
    }
    Ok(())
}
