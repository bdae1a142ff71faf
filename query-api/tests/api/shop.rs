//! A shop to ask, and ways to ask it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use http_server::{Address, Caller};
use parking_lot::Mutex;
use platform::bus::Positions;
use platform::clock::Clock;
use platform::sealing::Sealer;
use platform::shutdown::Shutdown;
use query_api::{BoxError, Options, ProductIndex, QueryApi, Services, StatusSource, graphql_error_for};
use read_models::documents::product_cards::{PRODUCT_CARDS, ProductCard};
use read_models::documents::products::Product;
use read_models::documents::stock::StockItem;
use read_models::documents::stock_levels::{STOCK_LEVELS, StockLevel};
use read_models::documents::{ALL, Sealed};
use read_models::{
    ChangeToken, Collection, Filter, Found, Generation, GenerationState, Generations, Keyed, KeyedStore,
    Place, ProjectorState, ProjectorStatus, Queries, Query, ReactorStatus, Store, StoreError, Stored, Write,
};
use search::{MemorySearch, Search, Settings};
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A shop without anything in it.
pub struct Shop {
    pub api: QueryApi,
    pub storefront: Router,
    pub admin: Router,
    pub store: Store,
    /// The address of its documents, for another process.
    pub documents: String,
    /// Of both addresses.
    pub shutdown: Shutdown,
    pub sealer: Sealer,
    pub vault: Arc<dyn platform::vault::Vault>,
    pub watched: Arc<Watched>,
    pub products: ProductIndex,
    /// What the search index is fed from.
    pub index_calls: Arc<Watched>,
    pub statuses: Arc<Statuses>,
    _folder: tempfile::TempDir,
}

impl Shop {
    /// A shop that reads every answer.
    pub async fn open() -> Self {
        Self::with(Options { answer_cache: 0, document_cache: 0, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        Self::build(options, |_| None).await
    }

    /// A shop with hot views in a store of their own, which is made of the store of the documents.
    pub async fn with_hot(hot: impl FnOnce(&Store) -> KeyedStore) -> Self {
        let options = Options { answer_cache: 0, document_cache: 0, ..Options::default() };
        Self::build(options, |store| Some(hot(store))).await
    }

    async fn build(options: Options, hot: impl FnOnce(&Store) -> Option<KeyedStore>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        let (documents, keys) = (url("documents.db"), url("keys.db"));
        let store = read_models::connect(&documents, &ALL).await.unwrap();
        let vault = platform::vault::connect(&keys).await.unwrap();
        let sealer = Sealer::new(vault.clone());
        let (watched, index_calls) = (Watched::of(&store), Watched::of(&store));
        let empty = Box::new(|| Arc::new(MemorySearch::new(Settings::default())) as Arc<dyn Search>);
        let products = ProductIndex::new(index_calls.instead_of(&store), empty);
        let statuses = Arc::new(Statuses::default());
        let services = Services {
            products: products.clone(),
            store: Store { hot: hot(&store), ..watched.instead_of(&store) },
            sealer: sealer.clone(),
            clock: Clock::system(),
            status: statuses.clone(),
        };
        let api = QueryApi::new(options, services);
        let shutdown = Shutdown::new();
        let served_to = |caller| Address::new(caller, graphql_error_for, shutdown.clone());
        let storefront = served_to(Caller::Guest).api(api.storefront()).into_router();
        let admin = served_to(Caller::staff("operator")).api(api.admin()).into_router();
        Self {
            api,
            storefront,
            admin,
            store,
            documents,
            shutdown,
            sealer,
            vault,
            watched,
            products,
            index_calls,
            statuses,
            _folder: folder,
        }
    }

    pub async fn write(
        &self,
        collection: &'static Collection,
        id: &str,
        version: u64,
        body: &impl Serialize,
    ) {
        self.write_all(collection, vec![(id.to_owned(), version, body)]).await;
    }

    /// Writes documents, and those of the hot collection with the same streams.
    pub async fn write_all(
        &self,
        collection: &'static Collection,
        bodies: Vec<(String, u64, impl Serialize)>,
    ) {
        let bodies: Vec<(String, u64, Value)> = bodies
            .into_iter()
            .map(|(id, version, body)| (id, version, serde_json::to_value(body).unwrap()))
            .collect();
        let each = |hot: fn(Value) -> Value| {
            bodies.iter().map(|(id, version, body)| (id.clone(), *version, hot(body.clone()))).collect()
        };
        match collection.name {
            "products" => self.write_only(&PRODUCT_CARDS, each(card)).await,
            "stock" => self.write_only(&STOCK_LEVELS, each(level)).await,
            _ => {}
        }
        self.write_only(collection, bodies).await;
    }

    /// Writes documents of one collection alone.
    pub async fn write_only(
        &self,
        collection: &'static Collection,
        bodies: Vec<(String, u64, impl Serialize)>,
    ) {
        let generation = self.store.generations.live(collection).await.unwrap();
        let write = |(id, version, body)| {
            let body = Some(serde_json::to_string(&body).unwrap());
            Write { id, version, body, stale: false }
        };
        let writes: Vec<Write> = bodies.into_iter().map(write).collect();
        self.store.keyed.write(&generation, &writes, &Positions::new()).await.unwrap();
    }

    /// Seals for a subject.
    pub async fn seal(&self, subject: &str, field: &str, value: &(impl Serialize + Sync)) -> Sealed {
        let sealed = self.sealer.seal(subject, field, value).await.unwrap();
        serde_json::from_value(serde_json::to_value(sealed).unwrap()).unwrap()
    }

    /// The guest token of an order.
    pub async fn guest_token(&self, order: &str) -> String {
        let hash = self.sealer.keyed_hash("guest-token", order.as_bytes()).await.unwrap();
        hex::encode(hash)
    }

    /// Asks as a shopper.
    pub async fn ask(&self, query: &str) -> Value {
        self.ask_with(query, json!({})).await
    }

    pub async fn ask_with(&self, query: &str, variables: Value) -> Value {
        json_of(self.send("/graphql", query, variables, &[]).await).await
    }

    /// Asks as an operator.
    pub async fn ask_admin(&self, query: &str) -> Value {
        json_of(self.send("/admin/graphql", query, json!({}), &[]).await).await
    }

    pub async fn send(
        &self,
        endpoint: &str,
        query: &str,
        variables: Value,
        headers: &[(&str, &str)],
    ) -> Response<Body> {
        let mut request = Request::post(endpoint).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.request(request.body(Body::from(body)).unwrap()).await
    }

    pub async fn request(&self, request: Request<Body>) -> Response<Body> {
        let admin = request.uri().path().starts_with("/admin");
        let address = if admin { &self.admin } else { &self.storefront };
        address.clone().oneshot(request).await.unwrap()
    }
}

fn card(product: Value) -> Value {
    let product: Product = serde_json::from_value(product).unwrap();
    serde_json::to_value(ProductCard::from(product)).unwrap()
}

fn level(item: Value) -> Value {
    let item: StockItem = serde_json::from_value(item).unwrap();
    serde_json::to_value(StockLevel::from(item)).unwrap()
}

/// The global id of something.
pub fn id(text: &str) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, text)
}

pub async fn json_of(response: Response<Body>) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap()
}

/// The data of an answer without errors.
pub fn data(answer: &Value) -> &Value {
    assert!(answer.get("errors").is_none(), "{answer:#}");
    &answer["data"]
}

/// The code of the first error.
pub fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("no error with a code: {answer:#}"))
}

/// Counts the calls of a store, and can be broken.
pub struct Watched {
    inner: Store,
    calls: AtomicUsize,
    /// Number of waits for a write that have begun.
    pub waits: AtomicUsize,
    broken: Mutex<HashSet<String>>,
}

impl Watched {
    fn of(store: &Store) -> Arc<Self> {
        let (calls, waits) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { inner: store.clone(), calls, waits, broken: Mutex::default() })
    }

    /// The store, with reads through this.
    fn instead_of(self: &Arc<Self>, store: &Store) -> Store {
        Store { keyed: self.clone(), queries: self.clone(), generations: self.clone(), ..store.clone() }
    }

    /// How often the store was called since this was asked last.
    pub fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::Relaxed)
    }

    /// From now on nothing of this collection can be read.
    pub fn break_down(&self, collection: &Collection) {
        self.broken.lock().insert(collection.name.to_owned());
    }

    fn called(&self, generation: &Generation) -> Result<&Store, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.broken.lock().contains(&generation.collection) {
            return Err(StoreError::Unavailable("secret-host refused".to_owned(), None));
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl Keyed for Watched {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.called(generation)?.keyed.load(generation, ids).await
    }

    async fn write(&self, generation: &Generation, _: &[Write], _: &Positions) -> Result<(), StoreError> {
        panic!("the query side writes to {generation:?}");
    }

    async fn put_if_newer(&self, generation: &Generation, _: &Write) -> Result<bool, StoreError> {
        panic!("the query side writes to {generation:?}");
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        self.called(generation)?.keyed.positions(generation).await
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        self.called(generation)?.keyed.resume(generation).await
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        self.waits.fetch_add(usize::from(since.is_some()), Ordering::SeqCst);
        self.inner.keyed.changed(collection, since, timeout).await
    }
}

#[async_trait]
impl Queries for Watched {
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        self.called(generation)?.queries.find(generation, query).await
    }

    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError> {
        self.called(generation)?.queries.places(generation, query).await
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.called(generation)?.queries.count(generation, filters, limit).await
    }
}

#[async_trait]
impl Generations for Watched {
    /// Not counted: it is called a few times a second, whatever is asked.
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        self.inner.generations.list().await
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.generations.live(collection).await
    }

    async fn create(&self, _: &Collection) -> Result<Generation, StoreError> {
        panic!("the query side builds no generations");
    }

    async fn switch(&self, _: &Generation) -> Result<(), StoreError> {
        panic!("the query side switches no generations");
    }

    async fn drop_generation(&self, _: &Generation) -> Result<(), StoreError> {
        panic!("the query side drops no generations");
    }
}

/// The status of projectors and reactors, as the wiring would report it, and where all partitions end, if a test says so.
#[derive(Default)]
pub struct Statuses(pub Mutex<Option<u64>>);

#[async_trait]
impl StatusSource for Statuses {
    async fn projectors(&self) -> Result<Vec<ProjectorStatus>, BoxError> {
        let live = ProjectorStatus {
            name: "orders".to_owned(),
            kind: "entity",
            store: "sqlite",
            shape: 1,
            generation: 1,
            state: ProjectorState::Live,
            positions: Positions::new(),
            lag_events: Some(3),
            lag_seconds: Some(0.5),
            events_per_second: None,
            rebuild_progress: None,
            rebuild_eta_seconds: None,
            quarantined_streams: 0,
            quarantined_events: 0,
            last_error: None,
        };
        let building = ProjectorStatus {
            generation: 2,
            state: ProjectorState::Building,
            lag_events: Some(50),
            lag_seconds: None,
            events_per_second: Some(100.0),
            rebuild_progress: Some(0.5),
            rebuild_eta_seconds: Some(0.5),
            ..live.clone()
        };
        Ok(vec![live, building])
    }

    async fn reactors(&self) -> Result<Vec<ReactorStatus>, BoxError> {
        Ok(vec![ReactorStatus {
            name: "payments-orders".to_owned(),
            context: "payments",
            positions: Positions::new(),
            lag_events: Some(0),
            lag_seconds: Some(0.0),
            parked_streams: 0,
            parked_events: 0,
        }])
    }

    async fn passed(&self, reached: &Positions, wanted: &Positions) -> Result<Positions, BoxError> {
        let end = self.0.lock().unwrap_or(u64::MAX);
        let mut passed = wanted.clone();
        passed.retain(|at, _| reached.get(at).is_some_and(|reached| *reached >= end));
        Ok(passed)
    }
}
