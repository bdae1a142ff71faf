//! A store whose calls are repeated while it is unavailable: for long work whose steps may be repeated, such as a rebuild.
//! A failover, a restart or a lost connection then delays such work instead of ending it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::backoff::Backoff;
use platform::bus::Positions;
use platform::error::Chain;
use tokio::time::Instant;

use crate::port::{
    ChangeToken, Collection, EventKey, Filter, Found, Generation, GenerationState, Generations, Keyed, Place,
    Quarantine, QuarantineCount, QuarantinedEvent, Queries, Query, Rebuild, Rebuilds, Repairs, StoreError,
    Stored, Write,
};
use crate::store::{KeyedStore, Store};

/// A call is repeated until this time after its first failure. Longer than a failover or a restart of a server takes.
const LIMIT: Duration = Duration::from_secs(60);
/// The first pause, which doubles with every further failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A port whose calls are repeated.
struct Patient<P: ?Sized>(Arc<P>);

impl Store {
    /// The same store. A call that fails with [`StoreError::Unavailable`] is repeated for about a minute, so a call may have
    /// been done more than once when it answers:
    /// * [`Rebuilds::put_rebuild`] may refuse a record that it has written itself.
    /// * [`Repairs`] may answer `false` for what they have done.
    /// * [`Generations::drop_generation`] answers `Ok` if an earlier call has dropped it, and does not look for documents that
    ///   such a call has left on disk.
    ///
    /// Not repeated: [`Generations::create`] and [`Keyed::put_if_newer`], which do more if they are done twice, and scans of
    /// hot views. Streams of documents are read by pages, which are repeated.
    #[must_use]
    pub fn patient(&self) -> Self {
        let hot = self.hot.clone().map(|hot| KeyedStore {
            keyed: Arc::new(Patient(hot.keyed)),
            generations: Arc::new(Patient(hot.generations)),
            repairs: Arc::new(Patient(hot.repairs)),
            ..hot
        });
        Self {
            engine: self.engine,
            keyed: Arc::new(Patient(Arc::clone(&self.keyed))),
            queries: Arc::new(Patient(Arc::clone(&self.queries))),
            generations: Arc::new(Patient(Arc::clone(&self.generations))),
            repairs: Arc::new(Patient(Arc::clone(&self.repairs))),
            quarantine: Arc::new(Patient(Arc::clone(&self.quarantine))),
            rebuilds: Arc::new(Patient(Arc::clone(&self.rebuilds))),
            sources: Arc::clone(&self.sources),
            hot,
        }
    }
}

/// Repeats `call` while the store is unavailable.
async fn repeat<T, F>(mut call: impl FnMut() -> F + Send) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>> + Send,
{
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    let mut until = None;
    loop {
        let error = match call().await {
            Err(error @ StoreError::Unavailable(..)) => error,
            answer => return answer,
        };
        if Instant::now() >= *until.get_or_insert_with(|| Instant::now() + LIMIT) {
            return Err(error);
        }
        tracing::warn!(problem = %Chain(&error), "a call of the document store failed; will retry");
        tokio::time::sleep(backoff.next_pause()).await;
    }
}

#[async_trait]
impl Keyed for Patient<dyn Keyed> {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        repeat(|| self.0.load(generation, ids)).await
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError> {
        repeat(|| self.0.write(generation, writes, positions)).await
    }

    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError> {
        self.0.put_if_newer(generation, write).await
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        repeat(|| self.0.positions(generation)).await
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        repeat(|| self.0.resume(generation)).await
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        repeat(|| self.0.changed(collection, since, timeout)).await
    }
}

#[async_trait]
impl Queries for Patient<dyn Queries> {
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        repeat(|| self.0.find(generation, query)).await
    }

    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError> {
        repeat(|| self.0.places(generation, query)).await
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        repeat(|| self.0.count(generation, filters, limit)).await
    }
}

#[async_trait]
impl Generations for Patient<dyn Generations> {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        repeat(|| self.0.list()).await
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        repeat(|| self.0.live(collection)).await
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        self.0.create(collection).await
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        repeat(|| self.0.switch(to)).await
    }

    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        let mut calls = 0;
        let dropped = repeat(|| {
            calls += 1;
            self.0.drop_generation(generation)
        });
        match dropped.await {
            // An earlier call, whose answer was lost, has dropped it.
            Err(StoreError::NoGeneration(_)) if calls > 1 => Ok(()),
            answer => answer,
        }
    }
}

#[async_trait]
impl Repairs for Patient<dyn Repairs> {
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError> {
        repeat(|| self.0.replace(generation, write, seen)).await
    }

    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError> {
        repeat(|| self.0.remove(generation, id, seen)).await
    }
}

#[async_trait]
impl Quarantine for Patient<dyn Quarantine> {
    async fn add(&self, generation: &Generation, events: &[QuarantinedEvent]) -> Result<(), StoreError> {
        repeat(|| self.0.add(generation, events)).await
    }

    async fn release(&self, generation: &Generation, keys: &[EventKey]) -> Result<(), StoreError> {
        repeat(|| self.0.release(generation, keys)).await
    }

    async fn waiting(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<QuarantinedEvent>, StoreError> {
        repeat(|| self.0.waiting(generation, stream, after, limit)).await
    }

    async fn known(
        &self,
        generation: &Generation,
        keys: &[EventKey],
    ) -> Result<HashSet<EventKey>, StoreError> {
        repeat(|| self.0.known(generation, keys)).await
    }

    async fn count(&self, generation: &Generation) -> Result<QuarantineCount, StoreError> {
        repeat(|| self.0.count(generation)).await
    }

    async fn forget(&self, generation: &Generation) -> Result<(), StoreError> {
        repeat(|| self.0.forget(generation)).await
    }
}

#[async_trait]
impl Rebuilds for Patient<dyn Rebuilds> {
    async fn rebuild(&self, collection: &str) -> Result<Option<(Rebuild, u64)>, StoreError> {
        repeat(|| self.0.rebuild(collection)).await
    }

    async fn put_rebuild(&self, rebuild: &Rebuild, expected: u64) -> Result<bool, StoreError> {
        repeat(|| self.0.put_rebuild(rebuild, expected)).await
    }
}
