//! A store: a handle per port.

use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;

use crate::port::{
    Collection, Cursor, Found, Generation, Generations, Keyed, Quarantine, Queries, Query, Rebuilds, Repairs,
    Scan, Sources, StoreError, Stored,
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
    /// The store of hot collections; `None` if they are here, like all others.
    pub hot: Option<KeyedStore>,
}

/// The ports of an engine for documents by id. Clones are handles on the same store.
#[derive(Clone)]
pub struct KeyedStore {
    /// The engine, which is the scheme of its address: `redis`.
    pub engine: &'static str,
    /// Documents by id.
    pub keyed: Arc<dyn Keyed>,
    /// The generations.
    pub generations: Arc<dyn Generations>,
    /// All documents.
    pub scan: Arc<dyn Scan>,
    /// Corrections of documents.
    pub repairs: Arc<dyn Repairs>,
}

impl From<Store> for KeyedStore {
    fn from(store: Store) -> Self {
        let Store { engine, keyed, generations, queries, repairs, .. } = store;
        Self { engine, keyed, generations, scan: Arc::new(ByQueries(queries)), repairs }
    }
}

/// Documents per page of a scan.
const PAGE: usize = 500;

/// A scan by pages of a query.
struct ByQueries(Arc<dyn Queries>);

impl Scan for ByQueries {
    fn scan(&self, generation: &Generation) -> BoxStream<'static, Result<Stored, StoreError>> {
        let (queries, generation) = (Arc::clone(&self.0), generation.clone());
        let first = Query { limit: PAGE, ..Query::default() };
        let pages = stream::try_unfold(Some(first), move |query| {
            let (queries, generation) = (Arc::clone(&queries), generation.clone());
            async move {
                let Some(query) = query else { return Ok(None) };
                let found = queries.find(&generation, &query).await?;
                let after = found.last().filter(|_| found.len() == PAGE).map(|last| last.cursor.clone());
                let next = after.map(|after| Query { after: Some(after), ..query });
                let page = stream::iter(found.into_iter().map(|found| Ok(found.document)));
                Ok::<_, StoreError>(Some((page, next)))
            }
        });
        pages.try_flatten().boxed()
    }
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
            hot: None,
        }
    }

    /// The ports for the documents of a collection.
    pub fn of_collection(&self, collection: &Collection) -> KeyedStore {
        match &self.hot {
            Some(hot) if collection.hot => hot.clone(),
            _ => self.clone().into(),
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
