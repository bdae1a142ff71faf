//! Opens a store by its address.

#[cfg(feature = "redis")]
use std::sync::Arc;

use platform::servers::{NoClient, is_mongodb, is_redis};

#[cfg(feature = "mongodb")]
use crate::mongo::Mongo;
use crate::port::{Collection, StoreError};
#[cfg(feature = "redis")]
use crate::redis::{Redis, Scanned};
use crate::sqlite::Sqlite;
use crate::store::{KeyedStore, Store};
use crate::timed::timed;
#[cfg(feature = "redis")]
use crate::timed::timed_hot;

/// What [`migrate`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The format that the store had; `None` if there was no store.
    pub from: Option<u32>,
    /// The format that it has now.
    pub to: u32,
}

/// Opens the store at `url`. `collections` are those that this program knows: only they can be filtered and sorted.
///
/// `sqlite:///absolute/path` or `sqlite://relative/path`: a missing file is created, with its folder and for its owner only; an
/// older format is upgraded, and missing indexes are built now.
///
/// `mongodb://user:password@host:port/database`, with the options of MongoDB's connection strings: an empty database becomes a
/// store; one that lacks an index is refused until [`migrate`] has built it. Without a name the database is `chorale`.
pub async fn connect(url: &str, collections: &[&'static Collection]) -> Result<Store, StoreError> {
    #[cfg(feature = "mongodb")]
    if is_mongodb(url) {
        return Ok(timed(Store::of("mongodb", Mongo::open(url, collections).await?)));
    }
    match platform::sqlite::path(url) {
        Some(path) => Ok(timed(Store::of("sqlite", Sqlite::open(&path, collections).await?))),
        None => Err(unknown(url)),
    }
}

/// Opens the store at `url` for reading while other processes may write. Nothing is created or upgraded, and writes are
/// refused. A collection without a live generation has generation 0, which is empty.
pub async fn connect_read_only(url: &str, collections: &[&'static Collection]) -> Result<Store, StoreError> {
    #[cfg(feature = "mongodb")]
    if is_mongodb(url) {
        return Ok(Store::of("mongodb", Mongo::open_read_only(url, collections).await?));
    }
    match platform::sqlite::path(url) {
        Some(path) => Ok(Store::of("sqlite", Sqlite::open_read_only(&path, collections).await?)),
        None => Err(unknown(url)),
    }
}

/// Creates the store at `url`, or upgrades it to this program's format and indexes.
pub async fn migrate(url: &str, collections: &[&'static Collection]) -> Result<Migrated, StoreError> {
    #[cfg(feature = "mongodb")]
    if is_mongodb(url) {
        return Mongo::migrate(url, collections).await;
    }
    match platform::sqlite::path(url) {
        Some(path) => Sqlite::migrate(&path, collections).await,
        None => Err(unknown(url)),
    }
}

/// Opens the hot views at `url`: `redis://user:password@host:port/number`, or `rediss://…` for TLS. `shop` is part of every
/// key: hot views belong to the shop whose logs they are built from.
///
/// A server that does not answer is no error here: the hot views are answered from the documents until it does. One that
/// evicts keys, is a replica, or is older than Redis 7 is refused.
pub async fn connect_hot(
    url: &str,
    shop: &str,
    collections: &[&'static Collection],
) -> Result<KeyedStore, StoreError> {
    #[cfg(feature = "redis")]
    if is_redis(url) {
        return Ok(timed_hot(keyed_redis(Redis::open(url, shop, collections).await?)));
    }
    let _ = (shop, collections);
    Err(unknown_hot(url))
}

/// Opens the hot views at `url` for reading. Nothing is created, and writes are refused.
pub async fn connect_hot_read_only(
    url: &str,
    shop: &str,
    collections: &[&'static Collection],
) -> Result<KeyedStore, StoreError> {
    #[cfg(feature = "redis")]
    if is_redis(url) {
        return Ok(keyed_redis(Redis::open_read_only(url, shop, collections)?));
    }
    let _ = (shop, collections);
    Err(unknown_hot(url))
}

/// Fails if the server at `url` does not answer or cannot hold hot views.
pub async fn check_hot(url: &str) -> Result<(), StoreError> {
    #[cfg(feature = "redis")]
    if is_redis(url) {
        return Redis::require(url).await;
    }
    Err(unknown_hot(url))
}

#[cfg(feature = "redis")]
fn keyed_redis(redis: Redis) -> KeyedStore {
    let redis = Arc::new(redis);
    let scan = Arc::new(Scanned(Arc::clone(&redis)));
    KeyedStore { engine: "redis", keyed: redis.clone(), generations: redis.clone(), scan, repairs: redis }
}

fn unknown(url: &str) -> StoreError {
    if is_mongodb(url) {
        return NoClient::MONGODB.into();
    }
    StoreError::Address(shown(url))
}

fn unknown_hot(url: &str) -> StoreError {
    if is_redis(url) {
        return NoClient::REDIS.into();
    }
    let shown = shown(url);
    StoreError::HotAddress(format!(
        "{shown} is none; use redis://HOST:PORT/NUMBER or rediss://HOST:PORT/NUMBER"
    ))
}

/// Only the scheme is repeated: the rest of an address may hold a password.
fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => "a text without a scheme".to_owned(),
    }
}
