//! Stores with one fault each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use read_models::contract::{Factory, Failure, Place};
use read_models::{
    Checkpoint, Collection, Documents, Filter, Found, Generation, GenerationState, Generations, Query, Store,
    StoreError, Stored, Write,
};

use crate::directory::Directory;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NoVersionGuard,
    ForgetsTombstones,
    PositionsFirst,
    ForgetsOtherPartitions,
    SkipsEqualValues,
    LoadsInOrderOfIds,
    DeafToOthers,
    SwitchesInTwoSteps,
}

/// Makes places for stores with this fault.
pub struct Faulty(pub Fault);

#[async_trait]
impl Factory for Faulty {
    async fn place(&self) -> Result<Arc<dyn Place>, Failure> {
        Ok(Arc::new(FaultyPlace { right: Directory::new(), fault: self.0 }))
    }
}

struct FaultyPlace {
    right: Directory,
    fault: Fault,
}

#[async_trait]
impl Place for FaultyPlace {
    async fn open(&self) -> Result<Store, Failure> {
        let right = self.right.open().await?;
        let store = Arc::new(FaultyStore { right, fault: self.fault, written: AtomicU64::new(1) });
        Ok(Store::new(store.clone(), store))
    }

    async fn copy(&self) -> Result<(), Failure> {
        self.right.copy().await
    }

    async fn restore(&self) -> Result<(), Failure> {
        self.right.restore().await
    }
}

struct FaultyStore {
    right: Store,
    fault: Fault,
    written: AtomicU64,
}

/// How versions are stored that pretend to be newer: each write in the next thousand.
const GUARD_BROKEN: u64 = 1_000;

impl FaultyStore {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    async fn held(&self, generation: &Generation, id: &str) -> Result<Option<Stored>, StoreError> {
        let mut held = self.right.documents().load(generation, &[id.to_owned()]).await?;
        Ok(held.pop().flatten())
    }

    /// The write, so that the right store keeps it although it is old.
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

    fn shown(&self, mut document: Stored) -> Option<Stored> {
        if matches!(self.fault, Fault::NoVersionGuard | Fault::ForgetsTombstones) {
            document.version %= GUARD_BROKEN;
        }
        (!self.is(Fault::ForgetsTombstones) || document.body.is_some()).then_some(document)
    }
}

#[async_trait]
impl Documents for FaultyStore {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        let mut ids = ids.to_vec();
        if self.is(Fault::LoadsInOrderOfIds) {
            ids.sort();
        }
        let loaded = self.right.documents().load(generation, &ids).await?;
        Ok(loaded.into_iter().map(|one| one.and_then(|one| self.shown(one))).collect())
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Checkpoint,
    ) -> Result<Vec<bool>, StoreError> {
        let documents = self.right.documents();
        self.written.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::NoVersionGuard | Fault::ForgetsTombstones => {
                let mut kept = Vec::new();
                for write in writes {
                    let forced = self.forced(generation, write).await?;
                    kept.extend(documents.write(generation, &[forced], &Checkpoint::new()).await?);
                }
                documents.write(generation, &[], positions).await?;
                Ok(kept)
            }
            Fault::PositionsFirst => {
                documents.write(generation, &[], positions).await?;
                documents.write(generation, writes, &Checkpoint::new()).await
            }
            Fault::ForgetsOtherPartitions => {
                let mut all = documents.positions(generation).await?;
                all.values_mut().for_each(|position| *position = 0);
                all.extend(positions.clone());
                documents.write(generation, writes, &all).await
            }
            _ => documents.write(generation, writes, positions).await,
        }
    }

    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        let mut found = self.right.documents().find(generation, query).await?;
        if let (Fault::SkipsEqualValues, Some(after)) = (self.fault, &query.after) {
            found.retain(|one| after.values.is_empty() || one.place.values != after.values);
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

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.right.documents().count(generation, filters, limit).await
    }

    async fn positions(&self, generation: &Generation) -> Result<Checkpoint, StoreError> {
        self.right.documents().positions(generation).await
    }

    async fn changed(&self, collection: &str, since: u64, patience: Duration) -> u64 {
        if !self.is(Fault::DeafToOthers) {
            return self.right.documents().changed(collection, since, patience).await;
        }
        // Only its own counter, after as much patience as a test of this fault should have.
        let now = self.written.load(Ordering::SeqCst);
        if now == since {
            let patience = patience.min(Duration::from_millis(700));
            let right = self.right.documents();
            let mut seen = right.changed(collection, 0, patience).await;
            let deadline = std::time::Instant::now() + patience;
            while let Some(left) = deadline.checked_duration_since(std::time::Instant::now()) {
                seen = right.changed(collection, seen, left).await;
            }
        }
        self.written.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Generations for FaultyStore {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        let mut all = self.right.generations().list().await?;
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
        self.right.generations().live(collection).await
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        self.right.generations().create(collection).await
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        self.right.generations().switch(to).await
    }

    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        self.right.generations().drop_generation(generation).await
    }
}
