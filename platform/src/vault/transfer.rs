//! Takes a key vault from its file to PostgreSQL: the key of every subject, the tombstone of everyone erased, the system's keys.
//!
//! One transaction: the keys are there, all, or none is. They are wrapped as the new address says. The file is read and kept as
//! it is: it still has every key, so it is to be destroyed once the shop runs on the new vault.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::postgres::arrival::Arrival;
use super::{Key, VaultError};
use crate::sqlite;

/// How long somebody else's commit is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Keys in memory at a time.
const PAGE: usize = 500;

/// Which keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Subjects,
    System,
}

/// Whose key it is, and the key; none: erased.
pub(super) type Kept = (String, Option<Key>);

/// Why a vault was not moved. The file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is no file, or the address is none of one.
    #[error("there is no key vault in a file to be moved")]
    NoFile,
    /// The file fails.
    #[error("the file of the key vault cannot be read, or somebody writes it")]
    Source(#[source] sqlx::Error),
    /// The server fails, or the wrapping of keys.
    #[error("the keys cannot be copied")]
    Target(#[from] VaultError),
    /// There are keys that the file does not have: they would be lost.
    #[error(
        "the key vault at {place} holds keys that are not in the file: choose another database, or drop its schema vault"
    )]
    NotEmpty {
        /// Which database.
        place: String,
    },
    /// What was read back is not what was copied.
    #[error("the key of {name} at {place} is not that in the file. Repeat the move")]
    Differs {
        /// Which database.
        place: String,
        /// Whose.
        name: String,
    },
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Source(error)
    }
}

/// A vault in a file on its way. While this lives nobody can write the file: no key is made, and none erased.
#[derive(Debug)]
pub struct Transfer {
    connection: SqliteConnection,
}

/// What a moved vault holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Subjects that have a key.
    pub subjects: u64,
    /// Subjects that were erased.
    pub erased: u64,
    /// The system's keys.
    pub system: u64,
}

impl Transfer {
    /// Locks the vault at `from`.
    pub async fn lock(from: &str) -> Result<Self, TransferError> {
        let path = sqlite::path(from).filter(|path| Path::exists(path)).ok_or(TransferError::NoFile)?;
        let mut connection = sqlite::open(&sqlite::durable(&path, PATIENCE)).await?;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok(Self { connection })
    }

    /// How many rows there are to copy: what [`Transfer::copy`] counts up to.
    pub async fn rows(&mut self) -> Result<u64, TransferError> {
        let count = "SELECT (SELECT count(*) FROM subject_keys) + (SELECT count(*) FROM system_keys)";
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut self.connection).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Copies all keys to the database at `to`, whose schema is made if it is missing. Keys that are there already must be in
    /// the file as well, as after an earlier try; else nothing is changed. `progress` is told the rows so far.
    pub async fn copy(
        &mut self,
        to: &str,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), TransferError> {
        super::postgres::migrate(to).await?;
        self.copy_into(Arrival::open(to).await?, progress).await
    }

    async fn copy_into(
        &mut self,
        mut arrival: Arrival,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), TransferError> {
        arrival.begin().await?;
        for kind in [Kind::Subjects, Kind::System] {
            self.require_known(&mut arrival, kind).await?;
        }
        arrival.clear().await?;
        let mut rows = 0;
        for kind in [Kind::Subjects, Kind::System] {
            let mut after = None;
            loop {
                let page = self.page(kind, after.as_deref()).await?;
                arrival.add(kind, &page).await?;
                rows += page.len() as u64;
                progress(rows);
                let Some((last, _)) = page.into_iter().next_back() else { break };
                after = Some(last);
            }
        }
        Ok(arrival.end().await?)
    }

    /// Fails if the keys there are not all in the file, or were erased in the file since.
    async fn require_known(&mut self, arrival: &mut Arrival, kind: Kind) -> Result<(), TransferError> {
        let mut after = None;
        loop {
            let theirs = arrival.page(kind, after.as_deref(), PAGE).await?;
            for (name, key) in &theirs {
                let known = match self.one(kind, name).await? {
                    None => false,
                    Some(None) => true,
                    Some(ours) => same(&ours, key),
                };
                if !known {
                    return Err(TransferError::NotEmpty { place: arrival.place() });
                }
            }
            let Some((last, _)) = theirs.into_iter().next_back() else { return Ok(()) };
            after = Some(last);
        }
    }

    /// Reads all keys back, opens them, and compares them with the file; after [`Transfer::copy`].
    pub async fn check(&mut self, to: &str) -> Result<Moved, TransferError> {
        self.compare(Arrival::open(to).await?).await
    }

    async fn compare(&mut self, mut arrival: Arrival) -> Result<Moved, TransferError> {
        let mut moved = Moved::default();
        for kind in [Kind::Subjects, Kind::System] {
            let mut after = None;
            loop {
                let ours = self.page(kind, after.as_deref()).await?;
                let theirs = arrival.page(kind, after.as_deref(), PAGE).await?;
                if let Some(name) = difference(&ours, &theirs) {
                    return Err(TransferError::Differs { place: arrival.place(), name });
                }
                for (_, key) in &ours {
                    match (kind, key) {
                        (Kind::System, _) => moved.system += 1,
                        (Kind::Subjects, Some(_)) => moved.subjects += 1,
                        (Kind::Subjects, None) => moved.erased += 1,
                    }
                }
                let Some((last, _)) = ours.into_iter().next_back() else { break };
                after = Some(last);
            }
        }
        arrival.close().await;
        Ok(moved)
    }

    /// The next keys of the file in order of name, byte by byte.
    async fn page(&mut self, kind: Kind, after: Option<&str>) -> Result<Vec<Kept>, sqlx::Error> {
        let page = match kind {
            Kind::Subjects => {
                "SELECT subject, key, erased FROM subject_keys WHERE ?1 IS NULL OR subject > ?1 ORDER BY subject LIMIT ?2"
            }
            Kind::System => {
                "SELECT name, key, 0 FROM system_keys WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?2"
            }
        };
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let rows = sqlx::query(page).bind(after).bind(limit).fetch_all(&mut self.connection).await?;
        rows.iter().map(kept).collect()
    }

    async fn one(&mut self, kind: Kind, name: &str) -> Result<Option<Option<Key>>, sqlx::Error> {
        let one = match kind {
            Kind::Subjects => "SELECT subject, key, erased FROM subject_keys WHERE subject = ?",
            Kind::System => "SELECT name, key, 0 FROM system_keys WHERE name = ?",
        };
        let row = sqlx::query(one).bind(name).fetch_optional(&mut self.connection).await?;
        Ok(row.as_ref().map(kept).transpose()?.map(|(_, key)| key))
    }
}

fn kept(row: &SqliteRow) -> Result<Kept, sqlx::Error> {
    if row.try_get(2)? {
        return Ok((row.try_get(0)?, None));
    }
    let key: [u8; 32] = row
        .try_get::<&[u8], _>(1)?
        .try_into()
        .map_err(|source| sqlx::Error::ColumnDecode { index: "key".to_owned(), source: Box::new(source) })?;
    Ok((row.try_get(0)?, Some(Key::new(key))))
}

fn same(one: &Option<Key>, other: &Option<Key>) -> bool {
    one.as_ref().map(Key::as_bytes) == other.as_ref().map(Key::as_bytes)
}

/// Whose key is the first that is not the same.
fn difference(ours: &[Kept], theirs: &[Kept]) -> Option<String> {
    let differs = |place: &usize| match (ours.get(*place), theirs.get(*place)) {
        (Some((name, key)), Some((other, copy))) => name != other || !same(key, copy),
        _ => true,
    };
    let place = (0..ours.len().max(theirs.len())).find(differs)?;
    ours.get(place).or(theirs.get(place)).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests;
