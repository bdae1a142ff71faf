//! A store: a handle per port.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::port::{
    Cursor, Found, Generation, Generations, Keyed, Quarantine, Queries, Query, Rebuilds, Repairs, Sources,
    StoreError, Stored,
};

/// A store, port by port. Clones are handles on the same one. A decorator replaces the ports that it wraps:
/// `Store { keyed: metered, ..store }`.
#[derive(Clone)]
pub struct Store {
    /// The engine, which is the scheme of its address: `sqlite` or `mongodb`.
    pub engine: &'static str,
    /// Documents by id.
    pub keyed: Arc<dyn Keyed>,
    /// Pages and counts.
    pub queries: Arc<dyn Queries>,
    /// The generations.
    pub generations: Arc<dyn Generations>,
    /// Corrections of documents.
    pub repairs: Arc<dyn Repairs>,
    /// Quarantined events.
    pub quarantine: Arc<dyn Quarantine>,
    /// Leases and progress of rebuilds.
    pub rebuilds: Arc<dyn Rebuilds>,
    /// Epochs of the logs that the documents are built from.
    pub sources: Arc<dyn Sources>,
}

/// A decoded document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<T> {
    /// Unique in its generation.
    pub id: String,
    /// Rises with every write.
    pub version: u64,
    /// See [`Stored::stale`].
    pub stale: bool,
    /// The content; `None` for a tombstone.
    pub value: Option<T>,
}

impl<T: DeserializeOwned> Document<T> {
    /// Decodes a stored document; [`StoreError::Malformed`] if it is not a `T`.
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
    /// A store whose ports are all of one engine.
    pub(crate) fn of<E>(name: &'static str, engine: E) -> Self
    where
        E: Keyed + Queries + Generations + Repairs + Quarantine + Rebuilds + Sources + 'static,
    {
        let engine = Arc::new(engine);
        Self {
            engine: name,
            keyed: engine.clone(),
            queries: engine.clone(),
            generations: engine.clone(),
            repairs: engine.clone(),
            quarantine: engine.clone(),
            rebuilds: engine.clone(),
            sources: engine,
        }
    }

    /// [`Keyed::load`], decoded.
    pub async fn load<T: DeserializeOwned>(
        &self,
        generation: &Generation,
        ids: &[String],
    ) -> Result<Vec<Option<Document<T>>>, StoreError> {
        let stored = self.keyed.load(generation, ids).await?;
        stored
            .into_iter()
            .map(|one| one.map(|one| Document::read(&generation.collection, one)).transpose())
            .collect()
    }

    /// [`Queries::find`], decoded: each document with its cursor.
    pub async fn find<T: DeserializeOwned>(
        &self,
        generation: &Generation,
        query: &Query,
    ) -> Result<Vec<(Document<T>, Cursor)>, StoreError> {
        let found = self.queries.find(generation, query).await?;
        found
            .into_iter()
            .map(|Found { document, cursor }| Ok((Document::read(&generation.collection, document)?, cursor)))
            .collect()
    }
}
