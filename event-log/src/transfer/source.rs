//! The file that is moved: it is locked, and read completely.

use std::path::Path;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgCopyIn;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

use super::tables::{BEGINNING, END, Table};
use crate::port::Head;

/// How long to wait for a commit of another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes per send, and approximately the memory in use.
const CHUNK: usize = 256 * 1024;

/// Checksum of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) rows: u64,
    /// SHA-256 of all rows in order of their key.
    pub(super) digest: [u8; 32],
}

/// The side that failed.
pub(super) enum Failure {
    Source(sqlx::Error),
    Target(sqlx::Error),
}

/// A log's file, locked against writes while this exists.
pub(super) struct Source {
    connection: SqliteConnection,
    pub(super) head: Head,
}

impl Source {
    pub(super) async fn lock(path: &Path) -> Result<Self, sqlx::Error> {
        // Statements over whole tables are slow; do not warn about them.
        let options = platform::sqlite::durable(path, PATIENCE).disable_statement_logging();
        let mut connection = platform::sqlite::open(&options).await?;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
        let head = sqlx::query("SELECT position, hash, epoch, revision FROM head");
        let head = head_of(&head.fetch_one(&mut connection).await?)?;
        Ok(Self { connection, head })
    }

    /// The number of rows in all of `tables`.
    pub(super) async fn rows(&mut self, tables: &[Table]) -> Result<u64, sqlx::Error> {
        let mut rows = 0;
        for table in tables {
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name));
            let count: i64 = sqlx::query_scalar(count).fetch_one(&mut self.connection).await?;
            rows += u64::try_from(count).unwrap_or_default();
        }
        Ok(rows)
    }

    fn stream(&mut self, table: &Table) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
        let all = format!("SELECT {} FROM {} ORDER BY {}", table.quoted(), table.name, table.key);
        sqlx::query(AssertSqlSafe(all)).fetch(&mut self.connection).boxed()
    }

    /// Reads a whole table, and copies it if there is a target. `progress` is called from time to time with
    /// the rows so far.
    pub(super) async fn copy_table(
        &mut self,
        table: &Table,
        mut into: Option<PgCopyIn<&mut PgConnection>>,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Checksum, Failure> {
        let (mut sha, mut rows, mut chunk) = (Sha256::new(), 0, BEGINNING.to_vec());
        let mut stream = self.stream(table);
        while let Some(row) = stream.try_next().await.map_err(Failure::Source)? {
            table.encode(&row, &mut chunk).map_err(Failure::Source)?;
            rows += 1;
            if chunk.len() >= CHUNK {
                send(&mut into, &mut sha, &mut chunk).await.map_err(Failure::Target)?;
                progress(rows);
            }
        }
        chunk.extend(END);
        send(&mut into, &mut sha, &mut chunk).await.map_err(Failure::Target)?;
        if let Some(copy) = into {
            copy.finish().await.map_err(Failure::Target)?;
        }
        progress(rows);
        Ok(Checksum { rows, digest: sha.finalize().into() })
    }
}

async fn send(
    into: &mut Option<PgCopyIn<&mut PgConnection>>,
    sha: &mut Sha256,
    chunk: &mut Vec<u8>,
) -> Result<(), sqlx::Error> {
    sha.update(&*chunk);
    if let Some(copy) = into {
        copy.send(&**chunk).await?;
    }
    chunk.clear();
    Ok(())
}

fn head_of(row: &SqliteRow) -> Result<Head, sqlx::Error> {
    fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
        sqlx::Error::Decode(Box::new(error))
    }
    Ok(Head {
        position: u64::try_from(row.try_get::<i64, _>(0)?).map_err(decode)?,
        hash: row.try_get::<&[u8], _>(1)?.try_into().map_err(decode)?,
        epoch: Uuid::from_slice(row.try_get(2)?).map_err(decode)?,
        revision: u64::try_from(row.try_get::<i64, _>(3)?).map_err(decode)?,
    })
}
