//! Stores with one fault each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use platform::bus::Positions;
use platform::contract::Broken;
use read_models::contract::{KeyedLocation, KeyedStore, Location};
use read_models::{
    ChangeToken, Collection, EventKey, Filter, Found, Generation, GenerationState, Generations, Keyed, Place,
    Quarantine, QuarantineCount, QuarantinedEvent, Queries, Query, Rebuild, Rebuilds, Repairs, Scan, Store,
    StoreError, Stored, Value, Write,
};

use crate::directory::Directory;

#[path = "faulty/repairs.rs"]
mod repairs;
#[path = "faulty/scan.rs"]
mod scan;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NoVersionGuard,
    ForgetsTombstones,
    PositionsFirst,
    ForgetsOtherPartitions,
    MovesPositionsBack,
    TakesDuplicates,
    EveryPutSucceeds,
    SkipsEqualValues,
    BooleansAsText,
    LoadsInOrderOfIds,
    DeafToOthers,
    SwitchesInTwoSteps,
    PointerGoesBack,
    EvictsEvents,
    SharesRebuilds,
    RepairsOnlyWhatIsOlder,
    RepairsWhatIsNewer,
    RemovesWithATombstone,
    ScansOutOfOrder,
    ScansTombstones,
    PlacesOfOlderVersions,
}

/// The location of a store with this fault.
pub struct FaultyLocation {
    right: Directory,
    fault: Fault,
    shared: Arc<Shared>,
}

/// What all stores of a location know.
#[derive(Default)]
struct Shared {
    /// The positions that were written last.
    last: Mutex<HashMap<Generation, Positions>>,
}

impl FaultyLocation {
    pub fn new(fault: Fault) -> Self {
        Self { right: Directory::new(), fault, shared: Arc::default() }
    }
}

#[async_trait]
impl KeyedLocation for FaultyLocation {
    async fn open_keyed(&self) -> Result<KeyedStore, Broken> {
        let right: KeyedStore = self.open().await?.into();
        let scan = Arc::new(scan::FaultyScan { right: right.clone(), fault: self.fault });
        Ok(KeyedStore { scan, ..right })
    }

    async fn copy(&self) -> Result<(), Broken> {
        self.right.copy().await
    }

    async fn restore(&self) -> Result<(), Broken> {
        self.right.restore().await
    }
}

#[async_trait]
impl Location for FaultyLocation {
    async fn open(&self) -> Result<Store, Broken> {
        let right = self.right.open().await?;
        let sources = Arc::clone(&right.sources);
        let (written, first) = (AtomicU64::new(1), Mutex::default());
        let store = Arc::new(FaultyStore {
            right,
            fault: self.fault,
            location: Arc::clone(&self.shared),
            written,
            first,
        });
        Ok(Store {
            engine: "sqlite",
            keyed: store.clone(),
            queries: store.clone(),
            generations: store.clone(),
            repairs: store.clone(),
            quarantine: store.clone(),
            rebuilds: store,
            sources,
            hot: None,
        })
    }
}

struct FaultyStore {
    right: Store,
    fault: Fault,
    location: Arc<Shared>,
    written: AtomicU64,
    /// The first live generation that was answered.
    first: Mutex<Option<Generation>>,
}

/// Versions are stored as newer than they are: each write in the next thousand.
const GUARD_BROKEN: u64 = 1_000;

impl FaultyStore {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    async fn held(&self, generation: &Generation, id: &str) -> Result<Option<Stored>, StoreError> {
        let mut held = self.right.keyed.load(generation, &[id.to_owned()]).await?;
        Ok(held.pop().flatten())
    }

    /// The write, changed so that the correct store keeps it although it is old.
    async fn forced(&self, generation: &Generation, write: &Write) -> Result<Write, StoreError> {
        let held = self.held(generation, &write.id).await?;
        let thousands = match held {
            Some(held) if self.is(Fault::NoVersionGuard) => held.version / GUARD_BROKEN + 1,
            Some(Stored { body: None, version, .. }) => version / GUARD_BROKEN + 1,
            Some(held) => held.version / GUARD_BROKEN,
            None => 0,
        };
        Ok(Write { version: thousands * GUARD_BROKEN + write.version, ..write.clone() })
    }

    async fn forced_write(&self, generation: &Generation, writes: &[Write]) -> Result<(), StoreError> {
        for write in writes {
            let forced = self.forced(generation, write).await?;
            self.right.keyed.write(generation, &[forced], &Positions::new()).await?;
        }
        Ok(())
    }

    fn shown(&self, mut document: Stored) -> Option<Stored> {
        if matches!(self.fault, Fault::NoVersionGuard | Fault::ForgetsTombstones) {
            document.version %= GUARD_BROKEN;
        }
        (!self.is(Fault::ForgetsTombstones) || document.body.is_some()).then_some(document)
    }
}

#[async_trait]
impl Keyed for FaultyStore {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        let mut ids = ids.to_vec();
        if self.is(Fault::LoadsInOrderOfIds) {
            ids.sort();
        }
        let loaded = self.right.keyed.load(generation, &ids).await?;
        Ok(loaded.into_iter().map(|one| one.and_then(|one| self.shown(one))).collect())
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError> {
        let (keyed, none) = (&self.right.keyed, Positions::new());
        self.written.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::NoVersionGuard | Fault::ForgetsTombstones => {
                self.forced_write(generation, writes).await?;
                keyed.write(generation, &[], positions).await
            }
            Fault::PositionsFirst => {
                keyed.write(generation, &[], positions).await?;
                keyed.write(generation, writes, &none).await
            }
            Fault::ForgetsOtherPartitions | Fault::MovesPositionsBack => {
                keyed.write(generation, writes, positions).await?;
                let mut last = self.location.last.lock();
                let last = last.entry(generation.clone()).or_default();
                if self.is(Fault::ForgetsOtherPartitions) {
                    last.clear();
                }
                last.extend(positions.clone());
                Ok(())
            }
            Fault::TakesDuplicates => {
                for write in writes {
                    keyed.write(generation, std::slice::from_ref(write), &none).await?;
                }
                keyed.write(generation, &[], positions).await
            }
            _ => keyed.write(generation, writes, positions).await,
        }
    }

    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError> {
        self.written.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::NoVersionGuard | Fault::ForgetsTombstones => {
                self.forced_write(generation, std::slice::from_ref(write)).await?;
                Ok(true)
            }
            Fault::EveryPutSucceeds => {
                self.right.keyed.put_if_newer(generation, write).await?;
                Ok(true)
            }
            _ => self.right.keyed.put_if_newer(generation, write).await,
        }
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        let right = self.right.keyed.positions(generation).await?;
        match self.fault {
            Fault::ForgetsOtherPartitions | Fault::MovesPositionsBack => {
                Ok(self.location.last.lock().get(generation).cloned().unwrap_or(right))
            }
            _ => Ok(right),
        }
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        self.right.keyed.resume(generation).await
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        if !self.is(Fault::DeafToOthers) {
            return self.right.keyed.changed(collection, since, timeout).await;
        }
        // Only its own counter, and no longer than a test of this fault should take.
        let own = || ChangeToken::new(self.written.load(Ordering::SeqCst).to_be_bytes());
        if since == Some(&own()) {
            tokio::time::sleep(timeout.min(Duration::from_millis(700))).await;
        }
        Ok(own())
    }
}

#[async_trait]
impl Queries for FaultyStore {
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        let mut found = self.right.queries.find(generation, query).await?;
        if let (Fault::SkipsEqualValues, Some(after)) = (self.fault, &query.after) {
            found.retain(|one| after.values.is_empty() || one.cursor.values != after.values);
        }
        if self.is(Fault::BooleansAsText) {
            // As if an engine indexed what it finds in the JSON: here, numbers as texts, which sort in another order.
            for one in &mut found {
                for value in &mut one.cursor.values {
                    if let Value::Integer(number) = value {
                        *value = Value::Text(number.to_string());
                    }
                }
            }
            found.sort_by(|a, b| b.cursor.values.cmp(&a.cursor.values));
        }
        found.retain_mut(|one| match self.shown(one.document.clone()) {
            Some(shown) => {
                one.document = shown;
                true
            }
            None => false,
        });
        Ok(found)
    }

    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError> {
        let mut places = self.right.queries.places(generation, query).await?;
        if self.is(Fault::PlacesOfOlderVersions) {
            places.iter_mut().for_each(|place| place.version = 1);
        }
        Ok(places)
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.right.queries.count(generation, filters, limit).await
    }
}

#[async_trait]
impl Generations for FaultyStore {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        let mut all = self.right.generations.list().await?;
        // Between its two steps there is no live one; every other reader comes then.
        if self.is(Fault::SwitchesInTwoSteps) && self.written.fetch_add(1, Ordering::SeqCst).is_multiple_of(2)
        {
            for (_, state) in &mut all {
                *state = GenerationState::Retired;
            }
        }
        Ok(all)
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        let live = self.right.generations.live(collection).await?;
        if self.is(Fault::PointerGoesBack) {
            // Every other answer comes from the cache.
            let cached = self.first.lock().get_or_insert_with(|| live.clone()).clone();
            if self.written.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
                return Ok(cached);
            }
        }
        Ok(live)
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        self.right.generations.create(collection).await
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        self.right.generations.switch(to).await
    }

    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        self.right.generations.drop_generation(generation).await
    }
}

#[async_trait]
impl Quarantine for FaultyStore {
    async fn add(&self, generation: &Generation, events: &[QuarantinedEvent]) -> Result<(), StoreError> {
        let room = if self.is(Fault::EvictsEvents) { events.len().saturating_sub(1) } else { events.len() };
        self.right.quarantine.add(generation, &events[..room]).await
    }

    async fn release(&self, generation: &Generation, keys: &[EventKey]) -> Result<(), StoreError> {
        self.right.quarantine.release(generation, keys).await
    }

    async fn waiting(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<QuarantinedEvent>, StoreError> {
        self.right.quarantine.waiting(generation, stream, after, limit).await
    }

    async fn known(
        &self,
        generation: &Generation,
        keys: &[EventKey],
    ) -> Result<HashSet<EventKey>, StoreError> {
        self.right.quarantine.known(generation, keys).await
    }

    async fn count(&self, generation: &Generation) -> Result<QuarantineCount, StoreError> {
        self.right.quarantine.count(generation).await
    }

    async fn forget(&self, generation: &Generation) -> Result<(), StoreError> {
        self.right.quarantine.forget(generation).await
    }
}

#[async_trait]
impl Rebuilds for FaultyStore {
    async fn rebuild(&self, collection: &str) -> Result<Option<(Rebuild, u64)>, StoreError> {
        self.right.rebuilds.rebuild(collection).await
    }

    async fn put_rebuild(&self, rebuild: &Rebuild, expected: u64) -> Result<bool, StoreError> {
        let put = self.right.rebuilds.put_rebuild(rebuild, expected).await?;
        Ok(put || self.is(Fault::SharesRebuilds))
    }
}
