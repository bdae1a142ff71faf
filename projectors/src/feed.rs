//! Feeding one generation of a projection. The runner and the rebuild share it.

mod entity;
mod journal;
mod quarantine;
mod streams;
mod summary;
mod versions;

use std::sync::Arc;

use platform::bus::{Positions, Record, covers};
use read_models::{EventKey, Generation, KeyedStore, Store, Write};

use crate::error::ProjectorError;
use crate::projection::{Kind, Projection};
use crate::source::StreamSource;

pub(crate) use quarantine::Quarantine;

/// The only version of a document that is written once.
const WRITTEN: u64 = 1;

/// Feeds a generation. Records may come twice, late, or from two feeds at once: versions decide.
pub(crate) struct Feed {
    pub(crate) projection: &'static Projection,
    pub(crate) generation: Generation,
    pub(crate) quarantine: Quarantine,
    store: KeyedStore,
    source: Arc<dyn StreamSource>,
}

/// The outcome of a batch.
#[derive(Default)]
struct Outcome {
    writes: Vec<Write>,
    /// Not applied: with the problem, or with nothing for one that waits behind another.
    quarantine: Vec<(Record, Option<String>)>,
    /// Quarantined before, applied now.
    release: Vec<Record>,
}

impl Feed {
    pub(crate) fn of(
        projection: &'static Projection,
        generation: Generation,
        store: &Store,
        source: &Arc<dyn StreamSource>,
    ) -> Self {
        let quarantine = Quarantine::of(store, &generation);
        let store = store.of_collection(projection.collection());
        Self { projection, generation, quarantine, store, source: source.clone() }
    }

    /// Applies a batch, then sets `positions`. Answers the first problem with one of its events. Nothing is written, and
    /// [`ProjectorError::Restored`] is the answer, if the stored positions are behind `reached`: the documents that the batch
    /// was applied to lack events.
    pub(crate) async fn apply(
        &self,
        records: &[Record],
        positions: &Positions,
        reached: &Positions,
    ) -> Result<Option<String>, ProjectorError> {
        let outcome = match self.projection.kind {
            Kind::Entity(evolve) => entity::work(self, evolve, records).await?,
            Kind::Journal(enter) => journal::work(enter, records),
            Kind::Summary(add) => summary::work(self, add, records).await?,
            Kind::Versions(keep) => versions::work(self, keep, records).await?,
        };
        // After the documents were read, so that those of a store that is restored now are not taken for newer ones.
        self.require(reached).await?;
        self.keep(outcome, positions).await
    }

    /// Fails if the stored positions are behind these.
    pub(crate) async fn require(&self, reached: &Positions) -> Result<(), ProjectorError> {
        let stored = self.store.keyed.positions(&self.generation).await?;
        if covers(&stored, reached) { Ok(()) } else { Err(ProjectorError::Restored) }
    }

    /// Tries all quarantined events again. Answers the first problem that remains.
    pub(crate) async fn retry_quarantined(&self) -> Result<Option<String>, ProjectorError> {
        let (mut problem, mut after) = (None, None::<EventKey>);
        loop {
            let (records, next) = self.quarantine.page(after.as_ref()).await?;
            let outcome = match self.projection.kind {
                Kind::Entity(evolve) => entity::retry(self, evolve, &records).await?,
                Kind::Journal(enter) => journal::retry(enter, &records),
                Kind::Summary(add) => summary::retry(add, &records),
                Kind::Versions(keep) => versions::retry(self, keep, &records).await?,
            };
            let found = self.keep(outcome, &Positions::new()).await?;
            problem = problem.or(found);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(problem),
            }
        }
    }

    /// Events are in quarantine before the positions pass them, and are released only after the documents contain them.
    async fn keep(&self, outcome: Outcome, positions: &Positions) -> Result<Option<String>, ProjectorError> {
        self.quarantine.add(&outcome.quarantine).await?;
        if !outcome.writes.is_empty() || !positions.is_empty() {
            // A document that was not kept had a newer version already, which is as good.
            self.store.keyed.write(&self.generation, &outcome.writes, positions).await?;
        }
        self.quarantine.release(&outcome.release).await?;
        Ok(outcome.quarantine.into_iter().find_map(|(_, problem)| problem))
    }
}

#[cfg(test)]
mod tests;
