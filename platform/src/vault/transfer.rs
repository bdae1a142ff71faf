//! Moves a key vault from its file to PostgreSQL: the key of every subject, the tombstone of every erased
//! one, the system's keys.
//!
//! The move is one transaction, all or nothing. The keys are wrapped as the new address says. The file is
//! read and left unchanged. It still holds every key, so destroy it once the shop runs on the new vault.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::postgres::target::TransferTarget;
use super::{Key, KeyKind, NamedKey, VaultError};
use crate::sqlite;

/// How long to wait for a commit of another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// Keys per read.
const PAGE: usize = 500;

/// Why a vault was not moved. The file is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The address is not that of a file, or there is no file.
    #[error("there is no file with a key vault to move")]
    NoFile,
    /// The file cannot be read or locked.
    #[error("the file of the key vault cannot be read, or another process is writing it")]
    Source(#[source] sqlx::Error),
    /// The server or the wrapping of keys failed.
    #[error("the keys cannot be copied")]
    Target(#[from] VaultError),
    /// The target holds keys that are not in the file, and would be lost.
    #[error(
        "the key vault at {place} holds keys that are not in the file: choose another database, or drop its schema vault"
    )]
    NotEmpty { place: String },
    /// The copy differs from the file.
    #[error("the key of {name} at {place} differs from the one in the file. Repeat the move")]
    Differs {
        place: String,
        /// The name of the key.
        name: String,
    },
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Source(error)
    }
}

/// A vault in a file that is being moved. While this exists the file is locked: no key can be created or
/// erased.
#[derive(Debug)]
pub struct Transfer {
    connection: SqliteConnection,
}

/// The contents of a moved vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// The number of subjects that have a key.
    pub subjects: u64,
    /// The number of subjects that were erased.
    pub erased: u64,
    /// The number of the system's keys.
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

    /// The number of rows to copy, up to which [`Transfer::copy`] reports progress.
    pub async fn rows(&mut self) -> Result<u64, TransferError> {
        let count = "SELECT (SELECT count(*) FROM subject_keys) + (SELECT count(*) FROM system_keys)";
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut self.connection).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Copies all keys to the database at `to`, whose schema is created if it is missing. Keys that it already has
    /// must also be in the file, as after an earlier attempt; otherwise nothing is changed. `progress` is called with
    /// the rows so far.
    pub async fn copy(
        &mut self,
        to: &str,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), TransferError> {
        super::postgres::migrate(to).await?;
        self.copy_into(TransferTarget::open(to).await?, progress).await
    }

    async fn copy_into(
        &mut self,
        mut target: TransferTarget,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), TransferError> {
        target.begin().await?;
        for kind in [KeyKind::Subject, KeyKind::System] {
            self.require_known(&mut target, kind).await?;
        }
        target.clear().await?;
        let mut rows = 0;
        for kind in [KeyKind::Subject, KeyKind::System] {
            let mut after = None;
            loop {
                let page = self.page(kind, after.as_deref()).await?;
                target.add(kind, &page).await?;
                rows += page.len() as u64;
                progress(rows);
                let Some((last, _)) = page.into_iter().next_back() else { break };
                after = Some(last);
            }
        }
        Ok(target.commit().await?)
    }

    /// Fails if a key of the target is not in the file.
    async fn require_known(
        &mut self,
        target: &mut TransferTarget,
        kind: KeyKind,
    ) -> Result<(), TransferError> {
        let mut after = None;
        loop {
            let theirs = target.page(kind, after.as_deref(), PAGE).await?;
            for (name, key) in &theirs {
                let known = match self.get(kind, name).await? {
                    None => false,
                    Some(None) => true,
                    Some(ours) => same(&ours, key),
                };
                if !known {
                    return Err(TransferError::NotEmpty { place: target.place() });
                }
            }
            let Some((last, _)) = theirs.into_iter().next_back() else { return Ok(()) };
            after = Some(last);
        }
    }

    /// Reads all keys back, opens them, and compares them with the file. Call it after [`Transfer::copy`].
    pub async fn check(&mut self, to: &str) -> Result<Moved, TransferError> {
        self.compare(TransferTarget::open(to).await?).await
    }

    async fn compare(&mut self, mut target: TransferTarget) -> Result<Moved, TransferError> {
        let mut moved = Moved::default();
        for kind in [KeyKind::Subject, KeyKind::System] {
            let mut after = None;
            loop {
                let ours = self.page(kind, after.as_deref()).await?;
                let theirs = target.page(kind, after.as_deref(), PAGE).await?;
                if let Some(name) = difference(&ours, &theirs) {
                    return Err(TransferError::Differs { place: target.place(), name });
                }
                for (_, key) in &ours {
                    match (kind, key) {
                        (KeyKind::System, _) => moved.system += 1,
                        (KeyKind::Subject, Some(_)) => moved.subjects += 1,
                        (KeyKind::Subject, None) => moved.erased += 1,
                    }
                }
                let Some((last, _)) = ours.into_iter().next_back() else { break };
                after = Some(last);
            }
        }
        target.close().await;
        Ok(moved)
    }

    /// The next keys of the file in order of name, compared byte by byte.
    async fn page(&mut self, kind: KeyKind, after: Option<&str>) -> Result<Vec<NamedKey>, sqlx::Error> {
        let page = match kind {
            KeyKind::Subject => {
                "SELECT subject, key, erased FROM subject_keys WHERE ?1 IS NULL OR subject > ?1 ORDER BY subject LIMIT ?2"
            }
            KeyKind::System => {
                "SELECT name, key, 0 FROM system_keys WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?2"
            }
        };
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let rows = sqlx::query(page).bind(after).bind(limit).fetch_all(&mut self.connection).await?;
        rows.iter().map(named_key).collect()
    }

    async fn get(&mut self, kind: KeyKind, name: &str) -> Result<Option<Option<Key>>, sqlx::Error> {
        let one = match kind {
            KeyKind::Subject => "SELECT subject, key, erased FROM subject_keys WHERE subject = ?",
            KeyKind::System => "SELECT name, key, 0 FROM system_keys WHERE name = ?",
        };
        let row = sqlx::query(one).bind(name).fetch_optional(&mut self.connection).await?;
        Ok(row.as_ref().map(named_key).transpose()?.map(|(_, key)| key))
    }
}

fn named_key(row: &SqliteRow) -> Result<NamedKey, sqlx::Error> {
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

/// The name of the first key that differs.
fn difference(ours: &[NamedKey], theirs: &[NamedKey]) -> Option<String> {
    let differs = |index: &usize| match (ours.get(*index), theirs.get(*index)) {
        (Some((name, key)), Some((other, copy))) => name != other || !same(key, copy),
        _ => true,
    };
    let index = (0..ours.len().max(theirs.len())).find(differs)?;
    ours.get(index).or(theirs.get(index)).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests;
