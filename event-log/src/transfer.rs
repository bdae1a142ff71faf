//! Moves a context's log from its file to PostgreSQL: every table and every column, unchanged.
//!
//! Positions, versions, hashes, epoch and revision stay, so it is the same log, and consumers continue from
//! their positions. Each context is one transaction. A copy cannot be opened for writing until [`release`]
//! opens all contexts together, so a move that is interrupted leaves the shop usable on one side only, and
//! can be repeated. The file is read and left unchanged.

use platform::postgres::PostgresError;
use schemas::Context;

use self::source::{Checksum, Failure, Source};
use self::tables::TABLES;
use self::target::{Found, Target};
use crate::port::{Head, LogError};
use crate::verify::{Finding, verify};
use crate::{connect_read_only, migrate};

mod source;
mod tables;
mod target;

/// Called from time to time with the progress so far.
pub type Progress<'a> = &'a mut (dyn FnMut(u64) + Send);

/// Why a log was not moved. The file is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A log could not be opened or migrated.
    #[error("a log cannot be moved")]
    Log(#[from] LogError),
    /// The log to move is not in a file.
    #[error("only logs in files can be moved")]
    NoFile,
    /// The file cannot be read or locked.
    #[error("the file of the log of {0} cannot be read, or another process is writing it")]
    Source(Context, #[source] sqlx::Error),
    #[error("the log of {0} cannot be copied")]
    Target(Context, #[source] PostgresError),
    /// The target holds another log.
    #[error("{place} already holds a log: choose another database, or drop that schema")]
    NotEmpty { place: String },
    /// The target holds a part of another log.
    #[error(
        "{place} holds a log whose move is unfinished: repeat that move, choose another database, or drop that schema"
    )]
    AnotherMove { place: String },
    /// The target holds this log, and one of the two was written since.
    #[error(
        "{place} already holds this log, and they differ: it ends at position {there} there, and at {here} in the file. If the \
         shop has been running there, the move is complete; otherwise drop that schema and repeat the move"
    )]
    Parted {
        place: String,
        /// The position in the file.
        here: u64,
        /// The position in the database.
        there: u64,
    },
    /// The copy differs from the file.
    #[error(
        "the copy of {table} in {place} differs from the file: {here} rows in the file, {there} in the copy. Repeat the move"
    )]
    Differs {
        place: String,
        table: &'static str,
        /// Rows in the file.
        here: u64,
        /// Rows in the copy.
        there: u64,
    },
    /// The hash chain is broken, in the file as well.
    #[error(
        "the log of {0} is not intact, in the copy and in the file: run `chorale log verify`, and restore an intact backup"
    )]
    Unsound(Context, #[source] Finding),
}

/// A log in a file that is being moved. No process can write the file while this exists.
pub struct Transfer {
    context: Context,
    source: Source,
    /// Checksums of the tables, once they are read.
    checksums: Vec<Checksum>,
}

/// The contents of a moved log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its head, equal on both sides.
    pub head: Head,
    /// Every table and its number of rows, equal on both sides.
    pub tables: Vec<(&'static str, u64)>,
}

impl Moved {
    /// The number of rows in all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

impl Transfer {
    /// Migrates the file of `context` at `from` to this program's format, and locks it.
    pub async fn lock(from: &str, context: Context) -> Result<Self, TransferError> {
        let path = platform::sqlite::path(from).ok_or(TransferError::NoFile)?;
        migrate(from, context).await?;
        let source = Source::lock(&path).await.map_err(|error| TransferError::Source(context, error))?;
        Ok(Self { context, source, checksums: Vec::new() })
    }

    pub fn context(&self) -> Context {
        self.context
    }

    pub fn head(&self) -> Head {
        self.source.head
    }

    /// The number of rows to copy, up to which [`Transfer::copy`] reports progress.
    pub async fn rows(&mut self) -> Result<u64, TransferError> {
        self.source.rows(&TABLES).await.map_err(|error| TransferError::Source(self.context, error))
    }

    /// Copies the log to the database at `to`, all or nothing. Its tables are created if they are missing, and must
    /// be empty. The rest of an earlier attempt to move the same log is replaced; if the database already has the
    /// log, nothing is copied.
    pub async fn copy(&mut self, to: &str, progress: Progress<'_>) -> Result<(), TransferError> {
        migrate(to, self.context).await?;
        let mut target = Target::open(to, self.context).await?;
        self.checksums.clear();
        let found = target.fill(&mut self.source, &mut self.checksums, progress).await?;
        if found == Found::Moved {
            self.checksum_tables(progress).await?;
        }
        target.close().await;
        Ok(())
    }

    async fn checksum_tables(&mut self, progress: Progress<'_>) -> Result<(), TransferError> {
        let mut before = 0;
        for table in &TABLES {
            let sum = self.source.copy_table(table, None, &mut |rows| progress(before + rows)).await;
            let sum = sum.map_err(|failure| match failure {
                Failure::Source(error) | Failure::Target(error) => TransferError::Source(self.context, error),
            })?;
            before += sum.rows;
            self.checksums.push(sum);
        }
        Ok(())
    }

    /// Compares the copy at `to` with the file, head and every row, and recomputes the hash chain of the
    /// copy. Call it after [`Transfer::copy`]. `progress` is called with the position.
    pub async fn check(&self, to: &str, mut progress: Progress<'_>) -> Result<Moved, TransferError> {
        let mut target = Target::open(to, self.context).await?;
        let (here, there) = (self.source.head, target.begin_reading().await?);
        if here != there {
            let (here, there) = (here.position, there.position);
            return Err(TransferError::Parted { place: target.place(), here, there });
        }
        let mut tables = Vec::new();
        for (table, here) in TABLES.iter().zip(&self.checksums) {
            let there = target.checksum(table).await?;
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

/// Allows programs to open copied logs for writing, all those in one database at once. Each is a context and
/// its address.
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
