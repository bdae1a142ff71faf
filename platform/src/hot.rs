//! The hot store port: small items with a life time, and token buckets. For state whose loss costs little, such as
//! sessions, carts and rate limits.
//!
//! **An item may be lost** (the last second of writes after a crash, everything with the server), so nothing that was
//! acknowledged to a client depends on it. It holds no personal data, because nothing in it is sealed. Time is that of
//! the [`Clock`], never of a server. Several processes may use a store at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::Timestamp;

use crate::clock::Clock;
use crate::servers::{NoClient, is_redis};

mod bucket;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(any(test, feature = "contract"))]
pub mod memory;
#[cfg(feature = "redis")]
mod redis;
mod sqlite;

pub use bucket::Rate;

/// The longest value, in bytes.
pub const LONGEST_VALUE: usize = 65_536;
/// The longest life time of an item between two touches.
pub const LONGEST_LIFE: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// The most keys that [`HotStore::idle`] answers.
pub const MOST_IDLE: usize = 1_000;
/// The longest kind and the longest id of a key, in bytes.
const LONGEST_KIND: usize = 32;
const LONGEST_ID: usize = 128;

/// What an item is, for example `cart`. The first part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(&'static str);

impl Kind {
    /// A name of 1 to 32 of the characters `a-z` and `-`. Any other name does not compile in a constant.
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= LONGEST_KIND, "a kind has 1 to 32 characters");
        let mut at = 0;
        while at < bytes.len() {
            assert!(bytes[at].is_ascii_lowercase() || bytes[at] == b'-', "a kind has only a-z and -");
            at += 1;
        }
        Self(name)
    }

    pub fn name(self) -> &'static str {
        self.0
    }
}

/// The key of an item or of a bucket: `KIND/ID`. Ids must not be personal data; use a random id or a keyed hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HotKey {
    kind: Kind,
    id: String,
}

impl HotKey {
    /// An id has 1 to 128 of the characters `A-Z a-z 0-9 - _ . :`.
    pub fn new(kind: Kind, id: impl Into<String>) -> Result<Self, InvalidKey> {
        let id = id.into();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(known) {
            Ok(Self { kind, id })
        } else {
            Err(InvalidKey)
        }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for HotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.0, self.id)
    }
}

/// The text is not an id. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a hot item has 1 to 128 of the characters A-Z a-z 0-9 - _ . :")]
pub struct InvalidKey;

/// How long an item lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// From a put or a touch on. From 1 ms to 400 days.
    pub ttl: Duration,
    /// An end that no touch moves. `None`: it lives as long as it is touched.
    pub until: Option<Timestamp>,
}

impl Life {
    /// An item that lives for `ttl` after it was last put or touched.
    pub fn sliding(ttl: Duration) -> Self {
        Self { ttl, until: None }
    }

    /// The same, but never past `end`.
    #[must_use]
    pub fn until(self, end: Timestamp) -> Self {
        Self { until: Some(end), ..self }
    }

    fn expires(&self, now: Timestamp) -> Timestamp {
        let slid = now.plus(self.ttl);
        self.until.map_or(slid, |end| end.min(slid))
    }
}

/// A stored item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub value: Vec<u8>,
    /// Greater than every version that any key had before. A touch does not change it.
    pub version: u64,
    /// The item is served before this instant, and not at it.
    pub expires: Timestamp,
    /// The end that no touch moves.
    pub until: Option<Timestamp>,
}

/// The condition of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// The key has no item.
    Absent,
    /// The key has an item of this version.
    Version(u64),
    Any,
}

/// The outcome of a put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// The item was stored, with this version.
    Kept(u64),
    /// The condition did not hold: nothing was changed, and this is the item of the key.
    Other(Option<Held>),
}

/// The outcome of taking tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// No token was taken. Enough tokens are available after this time, unless another caller takes some.
    After(Duration),
}

#[async_trait]
pub trait HotStore: Send + Sync {
    /// The item of `key`; `None` if there is none, or if its life time has passed.
    async fn get(&self, key: &HotKey) -> Result<Option<Held>, HotError>;

    /// Stores an item, if the condition holds. The value has at most 65 536 bytes. Of concurrent puts of one version, one
    /// succeeds.
    async fn put(&self, key: &HotKey, value: &[u8], only: Only, life: Life) -> Result<Put, HotError>;

    /// Lets an item live for `ttl` from now on, at most until its end. Never shortens its life. `false`: there is none.
    async fn touch(&self, key: &HotKey, ttl: Duration) -> Result<bool, HotError>;

    /// Removes the item, if it has this version; `None` is any. Returns whether it did.
    async fn remove(&self, key: &HotKey, version: Option<u64>) -> Result<bool, HotError>;

    /// Takes `n` tokens out of a bucket, all or none. A bucket is full when it is first used. Buckets and items with the same
    /// key are independent. `n` is at most the burst of the rate.
    async fn take(&self, bucket: &HotKey, rate: Rate, n: u32) -> Result<Taken, HotError>;

    /// The keys of items that were put or touched before `before` and not since, and that still live; those that have waited
    /// longest come first. At most `limit`, and at most 1 000.
    async fn idle(&self, kind: Kind, before: Timestamp, limit: usize) -> Result<Vec<HotKey>, HotError>;
}

/// Why an operation of a hot store failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HotError {
    #[error("the value of a hot item has {0} bytes; at most {LONGEST_VALUE} are allowed")]
    TooLarge(usize),
    #[error("a hot item lives for 1 ms to 400 days")]
    Life,
    /// The bucket never holds so many tokens.
    #[error("{wanted} tokens are wanted of a bucket that holds {burst}")]
    NeverEnough { wanted: u32, burst: u32 },
    /// The memory of the store is full. Nothing was changed.
    #[error("the hot store is full")]
    Full(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The store does not answer. A write may have been made.
    #[error("the hot store cannot be used")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The address is not that of a hot store.
    #[error("{0} is not the address of a hot store; use sqlite://PATH or redis://HOST")]
    Address(String),
    /// The store is on a server for which this build has no client.
    #[error("the hot store cannot be used")]
    NoClient(#[from] NoClient),
}

impl HotError {
    fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(source))
    }
}

/// Opens the hot store at `address`: `sqlite://PATH`, a file that is created if it is missing; or
/// `redis://user:password@host:port/database?prefix=NAME` (`rediss` for TLS), whose keys begin with the prefix.
pub async fn connect(address: &str, clock: Clock) -> Result<Arc<dyn HotStore>, HotError> {
    #[cfg(feature = "redis")]
    if is_redis(address) {
        return Ok(Arc::new(redis::RedisHotStore::open(address, clock).await?));
    }
    match crate::sqlite::path(address) {
        Some(path) => Ok(Arc::new(sqlite::SqliteHotStore::open(&path, clock).await?)),
        None if is_redis(address) => Err(NoClient::REDIS.into()),
        // Only the scheme, because an address may hold credentials.
        None => {
            Err(HotError::Address(address.split_once("://").map_or("this", |(scheme, _)| scheme).to_owned()))
        }
    }
}

/// Refuses a value or a life time that no backend takes.
fn require_small(value: &[u8], ttl: Duration) -> Result<(), HotError> {
    if value.len() > LONGEST_VALUE {
        return Err(HotError::TooLarge(value.len()));
    }
    require_life(ttl)
}

fn require_life(ttl: Duration) -> Result<(), HotError> {
    let allowed = Duration::from_millis(1)..=LONGEST_LIFE;
    if allowed.contains(&ttl) { Ok(()) } else { Err(HotError::Life) }
}

/// The version of the next put: greater than `last`, and than those of a store that was lost, because a store makes fewer than
/// a thousand puts in a millisecond.
fn next_version(last: u64, now: Timestamp) -> u64 {
    let from_clock = u64::try_from(now.as_millis()).unwrap_or_default().saturating_mul(1_000);
    from_clock.max(last.saturating_add(1))
}

#[cfg(test)]
mod tests;
