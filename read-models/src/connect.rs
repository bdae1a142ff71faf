//! Opens a store by its address.

use platform::servers::{NoClient, is_mongodb};

#[cfg(feature = "mongodb")]
use crate::mongo::Mongo;
use crate::port::{Collection, StoreError};
use crate::sqlite::Sqlite;
use crate::store::Store;
use crate::timed::timed;

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

fn unknown(url: &str) -> StoreError {
    if is_mongodb(url) {
        return NoClient::MONGODB.into();
    }
    // Only the scheme is repeated: the rest of an address may hold a password.
    StoreError::Address(match url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => "a text without a scheme".to_owned(),
    })
}
