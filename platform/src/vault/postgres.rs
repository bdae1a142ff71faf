//! The key vault in the schema `vault` of a PostgreSQL database, preferably one of its own.
//!
//! Each open vault has two connections: one writes, one looks keys up. Each takes all queued requests and handles
//! them in one or two round trips, which many callers share. A connection that breaks is opened again for the next
//! request.
//!
//! **An erasure** removes the key from its row, which remains as a tombstone, in one durable statement. From then on
//! no process gets the key, because no process caches keys. But copies of the bytes remain. PostgreSQL cannot
//! overwrite a row: the old version stays in its page until that is vacuumed and reused (the table is vacuumed within
//! about a minute), and in the write-ahead log, in replicas and in backups for as long as those are kept.
//!
//! **So keys should be wrapped**: with `?kek=env` each is stored sealed with a key from [`VARIABLE`] that is never in
//! the database. Then disks, logs, replicas and backups of the database alone reveal no key. After [`rewrap`] to a
//! new wrapping key and the destruction of the old one, no copy of an erased key can be opened.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use self::connection::{DedicatedConnection, Keys};
use self::tables::SCHEMA;
use super::{Key, KeyKind, Vault, VaultError};
use crate::config::Secret;
use crate::postgres::{Address, Limits, PostgresError};
use crate::servers::Migrated;

mod connection;
mod rewrap;
mod tables;
pub(super) mod target;
mod wrapping;

pub use rewrap::{Rewrapped, rewrap};
pub use wrapping::{VARIABLE, Wrapping, WrappingError};

const GRANTS: &str = include_str!("postgres/grants.sql");
/// Timeouts on the server. A caller waits a little longer, in case the server does not respond.
pub(in crate::vault) const LIMITS: Limits = Limits {
    statement: Duration::from_secs(5),
    lock: Duration::from_secs(5),
    idle_in_transaction: Duration::from_secs(5),
};
/// The most requests that share a round trip.
const BATCH: usize = 512;
/// The most queued requests. Further callers wait.
const QUEUE: usize = 4096;
/// The longest name in bytes. PostgreSQL cannot index much longer texts.
const LONGEST_NAME: usize = 1024;

type Reply<T> = oneshot::Sender<Result<T, VaultError>>;

enum Write {
    KeyFor(String, Reply<Key>),
    Erase(String, Reply<bool>),
    SystemKey(String, Reply<Key>),
}

struct Read {
    subjects: Vec<String>,
    reply: Reply<Vec<Option<Key>>>,
}

/// A vault in a PostgreSQL database. Belongs to the Tokio runtime that it was opened in.
#[derive(Clone, Debug)]
pub struct PostgresVault {
    writes: mpsc::Sender<Write>,
    reads: mpsc::Sender<Read>,
}

/// Prepares the database at `address`: creates or migrates the schema `vault`.
pub async fn migrate(address: &str) -> Result<Migrated, VaultError> {
    let address = parse(address)?;
    let options = address.options("chorale-migrate", &Limits { statement: Duration::ZERO, ..LIMITS });
    let mut connection = address.connect(&options).await.map_err(VaultError::unavailable)?;
    let migrated = async {
        let migrated = SCHEMA.migrate(&address, &mut connection).await?;
        let granted = sqlx::raw_sql(GRANTS).execute(&mut connection).await;
        granted.map_err(|error| address.explain(error))?;
        Ok(migrated)
    };
    let migrated: Result<Migrated, PostgresError> = migrated.await;
    address.close(connection).await;
    migrated.map_err(VaultError::unavailable)
}

impl PostgresVault {
    /// Opens the vault at `address`, which [`migrate`] has prepared. With `?kek=env` keys are wrapped with
    /// those of [`VARIABLE`]. Fails if keys of the vault are wrapped with a key that is not among them.
    pub async fn open(address: &str) -> Result<Self, VaultError> {
        let address = parse(address)?;
        let wrapping = wrapping_of(&address).map_err(VaultError::unavailable)?;
        Self::open_with(address, wrapping).await
    }

    pub(in crate::vault) async fn open_with(
        address: Address,
        wrapping: Wrapping,
    ) -> Result<Self, VaultError> {
        if wrapping.id().is_none() {
            tracing::warn!(vault = %address, "keys are stored unwrapped: copies of this database can reveal erased keys; add ?kek=env to the address");
        }
        let mut writer = DedicatedConnection::for_writing(address.clone(), wrapping.clone());
        // Report problems of the database now, and not to the first caller.
        writer.ready().await?;
        let (writes, write_queue) = mpsc::channel(QUEUE);
        let (reads, read_queue) = mpsc::channel(QUEUE);
        tokio::spawn(write(writer, write_queue));
        tokio::spawn(read(DedicatedConnection::for_reading(address, wrapping), read_queue));
        Ok(Self { writes, reads })
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Write) -> Result<T, VaultError> {
        let (reply, answer) = oneshot::channel();
        self.writes.send(request(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

#[async_trait]
impl Vault for PostgresVault {
    async fn key_for(&self, subject: &str) -> Result<Key, VaultError> {
        let subject = acceptable(subject)?;
        self.ask(|reply| Write::KeyFor(subject, reply)).await
    }

    async fn existing(&self, subjects: &[&str]) -> Result<Vec<Option<Key>>, VaultError> {
        let subjects = subjects.iter().map(|subject| acceptable(subject)).collect::<Result<_, _>>()?;
        let (reply, answer) = oneshot::channel();
        self.reads.send(Read { subjects, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    async fn erase(&self, subject: &str) -> Result<bool, VaultError> {
        let subject = acceptable(subject)?;
        self.ask(|reply| Write::Erase(subject, reply)).await
    }

    async fn system_key(&self, name: &str) -> Result<Key, VaultError> {
        let name = acceptable(name)?;
        self.ask(|reply| Write::SystemKey(name, reply)).await
    }
}

/// The task that writes. It ends when all handles of the vault are dropped.
async fn write(mut connection: DedicatedConnection, mut queue: mpsc::Receiver<Write>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let mut creations = Vec::new();
        for request in batch.drain(..) {
            match request {
                Write::KeyFor(subject, reply) => creations.push((subject, reply)),
                Write::Erase(subject, reply) => answer(reply, connection.erase(&subject).await),
                Write::SystemKey(name, reply) => {
                    let keys = connection.keys_for(KeyKind::System, vec![name.as_str()]).await;
                    answer(reply, keys.and_then(|keys| keys.require(&name)));
                }
            }
        }
        if creations.is_empty() {
            continue;
        }
        let subjects = creations.iter().map(|(subject, _)| subject.as_str()).collect();
        let keys = connection.keys_for(KeyKind::Subject, subjects).await;
        for (subject, reply) in creations {
            answer(reply, keys.as_ref().map_err(Clone::clone).and_then(|keys| keys.require(&subject)));
        }
    }
    connection.close().await;
}

/// The task that looks keys up.
async fn read(mut connection: DedicatedConnection, mut queue: mpsc::Receiver<Read>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let subjects = batch.iter().flat_map(|read| read.subjects.iter().map(String::as_str)).collect();
        let keys = connection.existing(subjects).await;
        for Read { subjects, reply } in batch.drain(..) {
            let found = |keys: &Keys| subjects.iter().map(|subject| keys.get(subject)).collect();
            answer(reply, keys.as_ref().map_err(Clone::clone).and_then(found));
        }
    }
    connection.close().await;
}

fn answer<T>(reply: Reply<T>, result: Result<T, VaultError>) {
    if reply.send(result).is_err() {
        tracing::debug!("a caller of the key vault stopped waiting for its answer");
    }
}

fn stopped() -> VaultError {
    VaultError::unavailable(io::Error::other("the vault's task has stopped"))
}

/// Checks a name. Otherwise the server would refuse it together with the names of other callers in the same
/// statement.
fn acceptable(name: &str) -> Result<String, VaultError> {
    if name.len() <= LONGEST_NAME && !name.contains('\0') {
        return Ok(name.to_owned());
    }
    let problem = "a name in the key vault has at most 1024 bytes and no zero byte";
    Err(VaultError::unavailable(io::Error::new(io::ErrorKind::InvalidInput, problem)))
}

fn parse(address: &str) -> Result<Address, VaultError> {
    Address::parse(address, &["kek"]).map_err(VaultError::unavailable)
}

fn wrapping_of(address: &Address) -> Result<Wrapping, WrappingError> {
    match address.own("kek") {
        None => Ok(Wrapping::none()),
        Some("env") => {
            let text = std::env::var(VARIABLE).map_err(|_| WrappingError::NotSet)?;
            Wrapping::from_text(&Secret::from(text))
        }
        Some(_) => Err(WrappingError::Parameter),
    }
}

#[cfg(test)]
mod tests;
