//! The key vault in a SQLite file of its own.
//!
//! One task writes: it commits all queued requests together, so that many callers share one sync.
//!
//! **Erasing must leave no copy of a key behind.** So a key never moves, and nothing depends on what SQLite
//! leaves behind when it moves rows: rows are only appended to the table, a key is destroyed by overwriting
//! it in place with zeros, and no row is ever deleted (`secure_delete` is on nevertheless). Then the
//! write-ahead log is copied into the file and truncated. The index holds no keys, and statement journals and
//! temporary tables stay in memory.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use rand::TryRng;
use rand::rngs::SysRng;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{Key, Vault, VaultError};
use crate::connection::DedicatedConnection;
use crate::sqlite;

/// How long to wait for a lock of another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most requests that share a commit.
const BATCH: usize = 512;
/// The most queued requests. Further callers wait.
const QUEUE: usize = 4096;
const READERS: u32 = 4;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS subject_keys (
        id INTEGER PRIMARY KEY,
        subject TEXT NOT NULL UNIQUE,
        key BLOB NOT NULL CHECK (length(key) = 32),
        erased INTEGER NOT NULL CHECK (erased IN (0, 1))
    );
    CREATE TABLE IF NOT EXISTS system_keys (
        name TEXT PRIMARY KEY NOT NULL,
        key BLOB NOT NULL CHECK (length(key) = 32)
    );";

type Dedicated = DedicatedConnection<SqliteConnection>;
type Reply<T> = oneshot::Sender<Result<T, VaultError>>;

enum Request {
    KeyFor(String, Reply<Key>),
    Erase(String, Reply<bool>),
    SystemKey(String, Reply<Key>),
    Probe(Reply<()>),
}

/// A vault in a SQLite file. Belongs to the Tokio runtime that it was opened in.
#[derive(Clone, Debug)]
pub struct SqliteVault {
    requests: mpsc::Sender<Request>,
    readers: SqlitePool,
}

impl SqliteVault {
    /// Opens the file at `path`. If it is missing, it is created with its folder, readable by its owner only.
    pub async fn open(path: &Path) -> Result<Self, VaultError> {
        Self::open_patiently(path, PATIENCE).await
    }

    async fn open_patiently(path: &Path, patience: Duration) -> Result<Self, VaultError> {
        let options = options(path, patience);
        prepare(&options).await.map_err(VaultError::unavailable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_lazy_with(options.clone().read_only(true));
        let (requests, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write(DedicatedConnection::new(options), queue));
        Ok(Self { requests, readers })
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, VaultError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn stopped() -> VaultError {
    VaultError::unavailable(std::io::Error::other("the vault's writer has stopped"))
}

fn options(path: &Path, patience: Duration) -> SqliteConnectOptions {
    sqlite::durable(path, patience).pragma("secure_delete", "ON").pragma("temp_store", "MEMORY")
}

async fn prepare(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = sqlite::create(options).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
    transaction.commit().await?;
    connection.close().await
}

#[async_trait]
impl Vault for SqliteVault {
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError> {
        self.ask(|reply| Request::KeyFor(subject.to_owned(), reply)).await
    }

    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError> {
        let mut reader = self.readers.acquire().await.map_err(VaultError::unavailable)?;
        let found = known(&mut reader, subjects).await.map_err(VaultError::unavailable)?;
        Ok(found.into_iter().map(|known| known.and_then(Known::key)).collect())
    }

    async fn erase(&self, subject: &str) -> Result<bool, VaultError> {
        self.ask(|reply| Request::Erase(subject.to_owned(), reply)).await
    }

    async fn system_key(&self, name: &str) -> Result<Key, VaultError> {
        self.ask(|reply| Request::SystemKey(name.to_owned(), reply)).await
    }

    async fn writable(&self) -> Result<(), VaultError> {
        self.ask(Request::Probe).await
    }
}

/// The task that writes. It ends when all handles of the vault are dropped.
async fn write(dedicated: Dedicated, mut queue: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let mut creations = Vec::new();
        for request in batch.drain(..) {
            match request {
                Request::KeyFor(subject, reply) => creations.push((subject, reply)),
                Request::Erase(subject, reply) => answer(reply, erase(&dedicated, &subject).await),
                Request::SystemKey(name, reply) => {
                    let key = existing_or_new_system_key(&dedicated, &name).await;
                    answer(reply, key.map_err(VaultError::unavailable));
                }
                Request::Probe(reply) => {
                    answer(reply, rewrite_header(&dedicated).await.map_err(VaultError::unavailable));
                }
            }
        }
        if !creations.is_empty() {
            create(&dedicated, creations).await;
        }
    }
}

fn answer<T>(reply: Reply<T>, result: Result<T, VaultError>) {
    if reply.send(result).is_err() {
        tracing::debug!("a caller of the key vault stopped waiting for its answer");
    }
}

async fn create(dedicated: &Dedicated, wanted: Vec<(String, Reply<Key>)>) {
    let subjects: Vec<&str> = wanted.iter().map(|(subject, _)| subject.as_str()).collect();
    let result = existing_or_new(dedicated, &subjects).await;
    match result.map_err(VaultError::unavailable) {
        Ok(keys) => {
            for ((subject, reply), known) in wanted.into_iter().zip(keys) {
                answer(reply, known.key().ok_or(VaultError::Erased { subject }));
            }
        }
        Err(error) => wanted.into_iter().for_each(|(_, reply)| answer(reply, Err(error.clone()))),
    }
}

/// The row of a subject.
enum Known {
    Key(Key),
    Erased,
}

impl Known {
    fn key(self) -> Option<Key> {
        match self {
            Self::Key(key) => Some(key),
            Self::Erased => None,
        }
    }
}

async fn existing_or_new(dedicated: &Dedicated, subjects: &[&str]) -> Result<Vec<Known>, sqlx::Error> {
    let mut borrowed = dedicated.borrow().await?;
    let keys = keys_for(borrowed.connection(), subjects).await?;
    borrowed.give_back();
    Ok(keys)
}

async fn existing_or_new_system_key(dedicated: &Dedicated, name: &str) -> Result<Key, sqlx::Error> {
    let mut borrowed = dedicated.borrow().await?;
    let key = system_key(borrowed.connection(), name).await?;
    borrowed.give_back();
    Ok(key)
}

/// Writes the page of the file's header, unchanged.
async fn rewrite_header(dedicated: &Dedicated) -> Result<(), sqlx::Error> {
    let mut borrowed = dedicated.borrow().await?;
    sqlx::raw_sql("PRAGMA user_version = 0").execute(&mut *borrowed.connection()).await?;
    borrowed.give_back();
    Ok(())
}

async fn keys_for(connection: &mut SqliteConnection, subjects: &[&str]) -> Result<Vec<Known>, sqlx::Error> {
    if let Some(all) = complete(known(connection, subjects).await?) {
        return Ok(all);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // The nth 32 bytes are for the nth subject; those of subjects that already have a key are not used.
    let fresh = random_bytes(32 * subjects.len())?;
    sqlx::query(
        "INSERT INTO subject_keys (subject, key, erased)
         SELECT asked.value, substr(?2, 1 + 32 * asked.key, 32), 0 FROM json_each(?1) AS asked
         WHERE true ON CONFLICT (subject) DO NOTHING",
    )
    .bind(as_json(subjects))
    .bind(fresh)
    .execute(&mut *transaction)
    .await?;
    let all = complete(known(&mut transaction, subjects).await?).ok_or(sqlx::Error::RowNotFound)?;
    transaction.commit().await?;
    Ok(all)
}

fn complete(known: Vec<Option<Known>>) -> Option<Vec<Known>> {
    known.into_iter().collect()
}

async fn known(
    connection: &mut SqliteConnection,
    subjects: &[&str],
) -> Result<Vec<Option<Known>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT asked.key AS place, kept.key, kept.erased FROM json_each(?) AS asked
         CROSS JOIN subject_keys AS kept ON kept.subject = asked.value",
    )
    .bind(as_json(subjects))
    .fetch_all(connection)
    .await?;
    let mut found: Vec<Option<Known>> = subjects.iter().map(|_| None).collect();
    for row in rows {
        let place: i64 = row.try_get(0)?;
        let known = if row.try_get(2)? { Known::Erased } else { Known::Key(key(&row, 1)?) };
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| found.get_mut(place)) {
            *slot = Some(known);
        }
    }
    Ok(found)
}

async fn erase(dedicated: &Dedicated, subject: &str) -> Result<bool, VaultError> {
    let mut borrowed = dedicated.borrow().await.map_err(VaultError::unavailable)?;
    let destroyed = overwrite(borrowed.connection(), subject).await.map_err(VaultError::unavailable)?;
    // Also if it was erased before, because the wiping may have failed then.
    let wiped = sqlite::empty_log(borrowed.connection()).await.map_err(VaultError::unavailable)?;
    borrowed.give_back();
    if wiped { Ok(destroyed) } else { Err(VaultError::Lingering { subject: subject.to_owned() }) }
}

/// Overwrites the key in place, or inserts a tombstone if there is no row. Returns whether there was a key.
async fn overwrite(connection: &mut SqliteConnection, subject: &str) -> Result<bool, sqlx::Error> {
    let zeros = [0_u8; 32];
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let destroyed =
        sqlx::query("UPDATE subject_keys SET key = ?2, erased = 1 WHERE subject = ?1 AND erased = 0")
            .bind(subject)
            .bind(&zeros[..])
            .execute(&mut *transaction)
            .await?
            .rows_affected();
    sqlx::query(
        "INSERT INTO subject_keys (subject, key, erased) VALUES (?1, ?2, 1) ON CONFLICT (subject) DO NOTHING",
    )
    .bind(subject)
    .bind(&zeros[..])
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(destroyed > 0)
}

async fn system_key(connection: &mut SqliteConnection, name: &str) -> Result<Key, sqlx::Error> {
    const FIND: &str = "SELECT key FROM system_keys WHERE name = ?";
    if let Some(row) = sqlx::query(FIND).bind(name).fetch_optional(&mut *connection).await? {
        return key(&row, 0);
    }
    sqlx::query("INSERT INTO system_keys (name, key) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(random_bytes(32)?)
        .execute(&mut *connection)
        .await?;
    key(&sqlx::query(FIND).bind(name).fetch_one(connection).await?, 0)
}

fn key(row: &sqlx::sqlite::SqliteRow, column: usize) -> Result<Key, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes
        .try_into()
        .map(Key::new)
        .map_err(|source| sqlx::Error::ColumnDecode { index: column.to_string(), source: Box::new(source) })
}

fn random_bytes(count: usize) -> Result<Vec<u8>, sqlx::Error> {
    let mut bytes = vec![0; count];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    Ok(bytes)
}

fn as_json(texts: &[&str]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

#[cfg(test)]
mod tests;
