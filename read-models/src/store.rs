//! A store, chosen by its address.

use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::port::{Collection, Documents, Found, Generation, Generations, Place, Query, StoreError, Stored};
use crate::sqlite::Sqlite;

/// A document store; clones are handles on the same one.
#[derive(Clone)]
pub struct Store {
    documents: Arc<dyn Documents>,
    generations: Arc<dyn Generations>,
}

/// Opens the store at `url`: `sqlite:///absolute/path` or `sqlite://relative/path`; the file is made, with its folder and
/// for its owner only, when it is missing. `collections` are those that this program knows: only they can be filtered and
/// sorted, and their missing indexes are built now.
pub async fn connect(url: &str, collections: &[&'static Collection]) -> Result<Store, StoreError> {
    Ok(Store::of(Sqlite::open(&file(url)?, collections).await?))
}

/// Opens the store at `url` to look at it while others may be writing: nothing is made or written, and writes are refused.
/// Where a collection has no live generation yet, generation 0 stands for it, which holds nothing.
pub async fn connect_read_only(url: &str, collections: &[&'static Collection]) -> Result<Store, StoreError> {
    Ok(Store::of(Sqlite::open_read_only(&file(url)?, collections).await?))
}

fn file(url: &str) -> Result<PathBuf, StoreError> {
    // Only the scheme is repeated: the rest of an address may hold a password.
    let hidden = || match url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => "what has no scheme".to_owned(),
    };
    platform::sqlite::path(url).ok_or_else(|| StoreError::Address(hidden()))
}

/// A document, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<T> {
    /// Unique in its generation.
    pub id: String,
    /// Rises with every write.
    pub version: u64,
    /// See [`Stored::stale`].
    pub stale: bool,
    /// What it says; `None` for a tombstone.
    pub value: Option<T>,
}

impl<T: DeserializeOwned> Document<T> {
    /// Reads a stored document; [`StoreError::Malformed`] when it is no `T`.
    pub fn read(collection: &str, stored: Stored) -> Result<Self, StoreError> {
        let Stored { id, version, body, stale } = stored;
        let value = match body.as_deref().map(serde_json::from_str).transpose() {
            Ok(value) => value,
            Err(source) => {
                return Err(StoreError::Malformed { collection: collection.to_owned(), id, source });
            }
        };
        Ok(Self { id, version, stale, value })
    }
}

impl Store {
    fn of(sqlite: Sqlite) -> Self {
        let sqlite = Arc::new(sqlite);
        Self { documents: sqlite.clone(), generations: sqlite }
    }

    /// Puts a store together from its two ports, for backends that wrap another one.
    pub fn new(documents: Arc<dyn Documents>, generations: Arc<dyn Generations>) -> Self {
        Self { documents, generations }
    }

    /// The documents.
    pub fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }

    /// The generations.
    pub fn generations(&self) -> &Arc<dyn Generations> {
        &self.generations
    }

    /// [`Documents::load`], read.
    pub async fn load<T: DeserializeOwned>(
        &self,
        generation: &Generation,
        ids: &[String],
    ) -> Result<Vec<Option<Document<T>>>, StoreError> {
        let stored = self.documents.load(generation, ids).await?;
        stored
            .into_iter()
            .map(|one| one.map(|one| Document::read(&generation.collection, one)).transpose())
            .collect()
    }

    /// [`Documents::find`], read: each document with its place.
    pub async fn find<T: DeserializeOwned>(
        &self,
        generation: &Generation,
        query: &Query,
    ) -> Result<Vec<(Document<T>, Place)>, StoreError> {
        let found = self.documents.find(generation, query).await?;
        found
            .into_iter()
            .map(|Found { document, place }| Ok((Document::read(&generation.collection, document)?, place)))
            .collect()
    }
}
