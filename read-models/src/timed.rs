//! A store whose calls are timed, for `chorale_store_call_duration_seconds`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::Positions;
use platform::telemetry::metrics::{Histogram, metrics, observed};

use crate::port::{
    ChangeToken, Filter, Found, Generation, Keyed, Place, Queries, Query, StoreError, Stored, Write,
};
#[cfg(feature = "redis")]
use crate::store::KeyedStore;
use crate::store::Store;

struct TimedKeyed {
    keyed: Arc<dyn Keyed>,
    load: Histogram,
    write: Histogram,
    put_if_newer: Histogram,
    positions: Histogram,
}

struct TimedQueries {
    queries: Arc<dyn Queries>,
    find: Histogram,
    places: Histogram,
    count: Histogram,
}

/// `store`, with the calls that readers and projectors make for every request and batch timed.
pub(crate) fn timed(store: Store) -> Store {
    let queries = TimedQueries {
        find: operation("find"),
        places: operation("places"),
        count: operation("count"),
        queries: Arc::clone(&store.queries),
    };
    let keyed = timed_keyed(&store.keyed, ["load", "write", "put_if_newer", "positions"]);
    Store { keyed, queries: Arc::new(queries), ..store }
}

/// Hot views, timed likewise.
#[cfg(feature = "redis")]
pub(crate) fn timed_hot(store: KeyedStore) -> KeyedStore {
    let keyed = timed_keyed(&store.keyed, ["hot_load", "hot_write", "hot_put_if_newer", "hot_positions"]);
    KeyedStore { keyed, ..store }
}

fn timed_keyed(keyed: &Arc<dyn Keyed>, operations: [&'static str; 4]) -> Arc<dyn Keyed> {
    let [load, write, put_if_newer, positions] = operations.map(operation);
    Arc::new(TimedKeyed { keyed: Arc::clone(keyed), load, write, put_if_newer, positions })
}

fn operation(name: &'static str) -> Histogram {
    metrics().store_calls.with([name])
}

#[async_trait]
impl Keyed for TimedKeyed {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        observed(&self.load, self.keyed.load(generation, ids)).await
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError> {
        observed(&self.write, self.keyed.write(generation, writes, positions)).await
    }

    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError> {
        observed(&self.put_if_newer, self.keyed.put_if_newer(generation, write)).await
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        observed(&self.positions, self.keyed.positions(generation)).await
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        observed(&self.positions, self.keyed.resume(generation)).await
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        self.keyed.changed(collection, since, timeout).await
    }
}

#[async_trait]
impl Queries for TimedQueries {
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        observed(&self.find, self.queries.find(generation, query)).await
    }

    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError> {
        observed(&self.places, self.queries.places(generation, query)).await
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        observed(&self.count, self.queries.count(generation, filters, limit)).await
    }
}
