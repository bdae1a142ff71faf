//! Hot views: documents that are read by id from a faster store, whose answers the documents can give, too.
//!
//! A reader gets what the hot views have within [`LIMIT`], and learns which ids it must read from the documents. While their
//! store does not answer, only one call every [`PAUSE`] tries it.

mod breaker;
mod flights;
mod floors;
mod passed;

use std::sync::Arc;
use std::time::Duration;

use platform::bus::Positions;
use platform::telemetry::metrics::metrics;
use read_models::{Collection, Generation, KeyedStore, Store, StoreError, Stored};
use tokio::time::{Instant, timeout};

use self::breaker::Breaker;
pub(crate) use self::flights::Flights;
pub(crate) use self::floors::Floors;
pub(crate) use self::passed::Passed;
use crate::pointers::Pointers;
use crate::services::Services;

/// How long a call of the hot views may take.
const LIMIT: Duration = Duration::from_millis(100);
/// How long the hot views are not asked after a call failed.
const PAUSE: Duration = Duration::from_millis(500);

/// The hot views of a process, in a store of their own.
pub(crate) struct HotStore {
    store: KeyedStore,
    breaker: Breaker,
    pointers: Pointers,
}

/// Why the hot views have no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Nothing was written yet, or everything was lost.
    Empty,
    /// It lacks what the documents contained a moment ago.
    Behind,
    /// The store fails, is too slow, or was so a moment ago.
    Unreachable,
}

/// Where documents of a hot collection were read, for metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    Hot,
    /// From the documents, because the hot views lack it.
    Missing,
    /// From the documents, because the hot views have another version of it, or are behind.
    OtherVersion,
    /// From the documents, because the hot views do not answer.
    Unreachable,
}

impl HotStore {
    /// `None` if hot collections are among the documents.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        let store = store.hot.clone()?;
        Some(Self { store, breaker: Breaker::new(PAUSE), pointers: Pointers::default() })
    }

    /// Documents by id, in that order; tombstones are left out.
    pub(crate) async fn load(
        &self,
        collection: &Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Stored>>, Unusable> {
        let generation = self.live(collection).await?;
        self.load_of(&generation, ids).await
    }

    async fn load_of(
        &self,
        generation: &Generation,
        ids: &[String],
    ) -> Result<Vec<Option<Stored>>, Unusable> {
        let loaded = self.call(self.store.keyed.load(generation, ids)).await;
        if loaded == Err(Unusable::Empty) {
            // Dropped since the pointer was read.
            self.pointers.forget().await;
        }
        Ok(loaded?.into_iter().map(|one| one.filter(|stored| stored.body.is_some())).collect())
    }

    /// [`load`](Self::load), if the hot views contain the log up to `floor`.
    pub(crate) async fn load_from(
        &self,
        collection: &Collection,
        ids: &[String],
        floor: &Positions,
        passed: &Arc<Passed>,
    ) -> Result<Vec<Option<Stored>>, Unusable> {
        let generation = self.live(collection).await?;
        // Before the documents, which are therefore not older.
        let positions = self.call(self.store.keyed.positions(&generation)).await?;
        if !passed.covers(&positions, floor) {
            return Err(Unusable::Behind);
        }
        self.load_of(&generation, ids).await
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, Unusable> {
        let live = self.pointers.read(self.call(self.store.generations.list())).await?;
        live.of(collection).cloned().ok_or(Unusable::Empty)
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, Unusable> {
        if !self.breaker.allows(Instant::now()) {
            return Err(Unusable::Unreachable);
        }
        match timeout(LIMIT, call).await {
            Ok(Ok(answer)) => {
                if self.breaker.close() {
                    tracing::info!("the hot views answer again");
                }
                Ok(answer)
            }
            Ok(Err(StoreError::NoGeneration(_))) => Err(Unusable::Empty),
            failed => {
                if self.breaker.open(Instant::now()) {
                    let problem = match &failed {
                        Ok(Err(error)) => platform::error::Chain(error).to_string(),
                        _ => format!("no answer within {LIMIT:?}"),
                    };
                    tracing::warn!(problem, "the hot views do not answer; reading the documents instead");
                }
                Err(Unusable::Unreachable)
            }
        }
    }
}

impl Origin {
    /// Where documents are read that the hot views do not answer.
    pub(crate) fn without(unusable: Option<Unusable>) -> Self {
        match unusable {
            None | Some(Unusable::Empty) => Self::Missing,
            Some(Unusable::Behind) => Self::OtherVersion,
            Some(Unusable::Unreachable) => Self::Unreachable,
        }
    }

    /// Counts so many documents.
    pub(crate) fn count(self, collection: &'static Collection, documents: usize) {
        let outcome = match self {
            Self::Hot => "hot",
            Self::Missing => "missing",
            Self::OtherVersion => "other_version",
            Self::Unreachable => "unreachable",
        };
        if documents > 0 {
            metrics().hot_view_reads.with([collection.name, outcome]).inc_by(documents as u64);
        }
    }
}

/// What the queries of a process share to read hot collections.
pub(crate) struct HotViews {
    /// `None` if hot collections are among the documents.
    pub(crate) store: Option<HotStore>,
    /// What is read from the documents instead.
    pub(crate) flights: Flights,
    /// What hot views must contain.
    pub(crate) floors: Floors,
    /// What they contain although their positions do not show it.
    pub(crate) passed: Arc<Passed>,
}

impl HotViews {
    pub(crate) fn of(services: &Services) -> Arc<Self> {
        Arc::new(Self {
            store: HotStore::of(&services.store),
            flights: Flights::default(),
            floors: Floors::default(),
            passed: Passed::of(Arc::clone(&services.status)),
        })
    }
}
