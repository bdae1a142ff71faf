//! One query's view of the store.
//!
//! It reads the pointers to the live generations once, so that an answer never mixes two generations of a collection. Before
//! it reads a collection, it waits for the versions that consistency tokens name. Fields that are resolved together are read
//! together.

mod batch;
mod fresh;
mod hot;
mod joins;
mod past;
mod personal;
mod reads;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http_server::{Audience, StreamVersion, parse_token};
use parking_lot::Mutex;
use read_models::documents::categories::CATEGORIES;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::STOCK;
use read_models::documents::versions;
use read_models::{Collection, Cursor, Document, Filter, Generation, Place, Query, Streams};
use search::Search;
use serde::de::DeserializeOwned;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

pub(crate) use fresh::Readers;
pub(crate) use hot::ListedProduct;
pub(crate) use joins::{Doc, Joins, shared};
pub(crate) use past::Past;
pub(crate) use personal::Personal;
pub(crate) use reads::{Moment, Reads};

use crate::consistency::Ledger;
use crate::fault::Fault;
use crate::hot::HotViews;
use crate::pointers::{Live, Pointers};
use crate::recent::Recent;
use crate::services::Services;

/// One query's view of the store.
pub(crate) struct Reader {
    pub(crate) services: Services,
    pub(crate) audience: Audience,
    /// The guest token of the whole request.
    guest_token: Option<String>,
    pub(crate) joins: Joins,
    pub(crate) personal: Personal,
    hot: Arc<HotViews>,
    recorded: reads::Recorded,
    /// Whether hot views were answered from the documents.
    degraded: AtomicBool,
    recent: Option<Arc<Recent>>,
    /// When the query first asked for something recent; `None` if its state cannot be known.
    asked: OnceCell<Option<Arc<Moment>>>,
    pointers: Arc<Pointers>,
    /// The same for the whole query.
    live: OnceCell<Result<Live, Arc<Fault>>>,
    ledger: Mutex<Ledger>,
    /// One wait at a time, so that two fields do not wait for the same versions.
    waiting: tokio::sync::Mutex<()>,
    waiters: Arc<Semaphore>,
    began: Instant,
    patience: Duration,
}

impl Reader {
    /// A reader whose patience begins now.
    fn new(readers: &Readers) -> Self {
        let Readers { services, audience, hot, pointers, recent, waiters, patience } = readers.clone();
        Self {
            services,
            audience,
            guest_token: None,
            joins: Joins::default(),
            personal: Personal::default(),
            hot,
            recorded: reads::Recorded::default(),
            degraded: AtomicBool::new(false),
            recent,
            asked: OnceCell::new(),
            pointers,
            live: OnceCell::new(),
            ledger: Mutex::default(),
            waiting: tokio::sync::Mutex::default(),
            waiters,
            began: Instant::now(),
            patience,
        }
    }

    /// The reader for a caller who holds this guest token.
    pub(crate) fn held_by(self, guest_token: Option<String>) -> Self {
        Self { guest_token, ..self }
    }

    /// Requires the versions that a token names.
    pub(crate) fn require(&self, token: Option<&str>) -> Result<(), Fault> {
        let Some(token) = token else { return Ok(()) };
        let wanted = parse_token(token)?;
        self.ledger(|ledger| ledger.add(wanted))
    }

    /// The report on tokens that the client gets.
    pub(crate) fn consistency(&self) -> Option<async_graphql::Value> {
        self.ledger(|ledger| ledger.report())
    }

    /// The collections that were read so far; `None` if one of them does not belong to the catalog.
    pub(crate) fn reads(&self) -> Option<Reads> {
        self.recorded.of_catalog()
    }

    /// Documents by id, in that order; `None` for one that does not exist or was deleted.
    pub(crate) async fn load<T: DeserializeOwned>(
        &self,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Document<T>>>, Fault> {
        let generation = self.ready(collection).await?;
        let documents = self.services.store.load(&generation, ids).await?;
        Ok(documents.into_iter().map(|one| one.filter(|document| document.value.is_some())).collect())
    }

    /// One document by id.
    pub(crate) async fn load_one<T: DeserializeOwned>(
        &self,
        collection: &'static Collection,
        id: String,
    ) -> Result<Option<Document<T>>, Fault> {
        Ok(self.load(collection, &[id]).await?.pop().flatten())
    }

    /// A page of documents with their cursors.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Vec<(Document<T>, Cursor)>, Fault> {
        let generation = self.ready(collection).await?;
        Ok(self.services.store.find(&generation, query).await?)
    }

    /// The places of the documents of a page.
    pub(crate) async fn places(
        &self,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Arc<[Place]>, Fault> {
        let recent = self.recent().await.filter(|_| collection.name == PRODUCTS.name);
        if let Some(places) = recent.and_then(|(recent, asked)| recent.places(query, asked)) {
            self.recorded.add(collection);
            return Ok(places);
        }
        let generation = self.ready(collection).await?;
        let places: Arc<[Place]> = self.services.store.queries.places(&generation, query).await?.into();
        if let Some((recent, asked)) = recent {
            recent.keep_places(query, places.clone(), asked);
        }
        Ok(places)
    }

    /// What other queries have read a moment ago, and when this one asks, if it may be answered from it: shoppers' without a token.
    async fn recent(&self) -> Option<(&Recent, &Arc<Moment>)> {
        let recent = self.recent.as_deref().filter(|_| self.audience == Audience::Public)?;
        if !self.ledger(|ledger| ledger.is_empty()) {
            return None;
        }
        let asked = self.asked.get_or_init(|| Moment::now(&self.services)).await.as_ref()?;
        Some((recent, asked))
    }

    /// The first document that matches.
    pub(crate) async fn find_one<T: DeserializeOwned>(
        &self,
        collection: &'static Collection,
        filter: Filter,
    ) -> Result<Option<Document<T>>, Fault> {
        let query = Query { filters: vec![filter], limit: 1, ..Query::default() };
        Ok(self.find(collection, &query).await?.pop().map(|(document, _)| document))
    }

    /// How many match, counting no further than `limit`.
    pub(crate) async fn count(
        &self,
        collection: &'static Collection,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, Fault> {
        let generation = self.ready(collection).await?;
        Ok(self.services.store.queries.count(&generation, filters, limit).await?)
    }

    /// The search index, once it has the required versions, as far as the documents have them or get them before patience ends.
    /// Versions of stock are required only if the answer depends on stock.
    pub(crate) async fn product_index(&self, with_stock: bool) -> Result<Arc<dyn Search>, Fault> {
        self.ready(&PRODUCTS).await?;
        self.ready(&CATEGORIES).await?;
        if with_stock {
            self.ready(&STOCK).await?;
        }
        let patience = self.patience.saturating_sub(self.began.elapsed());
        let (products, trees) =
            self.ledger(|ledger| (ledger.observed(&PRODUCTS), ledger.observed(&CATEGORIES)));
        let tree = trees.into_iter().map(|(_, version)| version).max();
        let stock = if with_stock { self.ledger(|ledger| ledger.observed(&STOCK)) } else { Vec::new() };
        let stock: Vec<String> = stock.into_iter().map(|(id, _)| id).collect();
        self.services.products.with(&products, tree, &stock, patience).await?.ok_or(Fault::NoIndex)
    }

    /// The live generation, once its documents have the required versions or patience has ended.
    async fn ready(&self, collection: &'static Collection) -> Result<Generation, Fault> {
        let generation = self.live(collection).await?;
        if self.ledger(|ledger| ledger.open(collection).is_empty()) {
            return Ok(generation);
        }
        let _one_at_a_time = self.waiting.lock().await;
        let wanted = self.ledger(|ledger| ledger.open(collection));
        if !wanted.is_empty() {
            self.wait(collection, &generation, wanted).await?;
        }
        Ok(generation)
    }

    async fn wait(
        &self,
        collection: &Collection,
        generation: &Generation,
        wanted: Vec<StreamVersion>,
    ) -> Result<(), Fault> {
        let keyed = &self.services.store.keyed;
        let mut since = keyed.changed(collection.name, None, Duration::ZERO).await?;
        let versions = loop {
            let versions = self.applied(collection, generation, &wanted).await?;
            let seen = wanted.iter().zip(&versions).all(|(wanted, version)| *version >= wanted.version);
            let patience = self.patience.saturating_sub(self.began.elapsed());
            if seen || patience.is_zero() || !self.may_wait() {
                break versions;
            }
            since = keyed.changed(collection.name, Some(&since), patience).await?;
        };
        let waited = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.ledger(|ledger| {
            ledger.waited(waited);
            for (wanted, version) in wanted.iter().zip(versions) {
                ledger.observe(collection, &wanted.stream, version);
            }
        });
        Ok(())
    }

    /// The versions of these streams that the collection shows; 0 for one without documents.
    async fn applied(
        &self,
        collection: &Collection,
        generation: &Generation,
        wanted: &[StreamVersion],
    ) -> Result<Vec<u64>, Fault> {
        let store = &self.services.store;
        if let Streams::Versions(_) = collection.streams {
            let mut newest = Vec::with_capacity(wanted.len());
            for wanted in wanted {
                let places = store.queries.places(generation, &versions::as_of(&wanted.stream, None)).await?;
                newest.push(places.last().and_then(|place| versions::of_id(&place.cursor.id)).unwrap_or(0));
            }
            return Ok(newest);
        }
        let ids: Vec<String> = wanted.iter().map(|wanted| wanted.stream.clone()).collect();
        let stored = store.keyed.load(generation, &ids).await?;
        Ok(stored.into_iter().map(|one| one.map_or(0, |document| document.version)).collect())
    }

    /// Whether this query may wait; once it may, it may until it is answered.
    fn may_wait(&self) -> bool {
        self.ledger(|ledger| {
            if ledger.permit.is_none() {
                ledger.permit = self.waiters.clone().try_acquire_owned().ok();
            }
            ledger.permit.is_some()
        })
    }

    /// The live generation. A collection without writes has no pointer yet.
    async fn live(&self, collection: &Collection) -> Result<Generation, Fault> {
        self.recorded.add(collection);
        let generations = &self.services.store.generations;
        let live = self.live.get_or_init(|| async {
            self.pointers.read(generations.list()).await.map_err(|error| Arc::new(Fault::from(error)))
        });
        match live.await {
            Err(fault) => Err(Fault::Shared(fault.clone())),
            Ok(live) => match live.of(collection) {
                Some(generation) => Ok(generation.clone()),
                None => Ok(generations.live(collection).await?),
            },
        }
    }

    fn ledger<T>(&self, with: impl FnOnce(&mut Ledger) -> T) -> T {
        with(&mut self.ledger.lock())
    }
}
