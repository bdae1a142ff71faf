//! Feeding one generation of a projection: what the runner and a rebuild have in common.

mod entity;
mod held;
mod journal;
mod summary;

use std::sync::Arc;

use platform::bus::Record;
use read_models::{Checkpoint, Generation, Store, Write};

use crate::error::ProjectorError;
use crate::projection::{Kind, Projection};
use crate::source::StreamSource;

pub(crate) use held::Held;

/// Feeds a generation. Correct whatever is fed twice, late, or by two at once: only versions decide.
pub(crate) struct Feed {
    pub(crate) projection: &'static Projection,
    pub(crate) generation: Generation,
    pub(crate) held: Held,
    store: Store,
    source: Arc<dyn StreamSource>,
}

/// What a batch leads to.
#[derive(Default)]
struct Outcome {
    writes: Vec<Write>,
    /// Not digested: with what went wrong, or nothing for one that waits behind another.
    hold: Vec<(Record, Option<String>)>,
    /// Held before, digested now.
    settle: Vec<Record>,
}

impl Feed {
    pub(crate) async fn open(
        projection: &'static Projection,
        generation: Generation,
        store: &Store,
        source: &Arc<dyn StreamSource>,
    ) -> Result<Self, ProjectorError> {
        let held = Held::open(store, projection, &generation).await?;
        Ok(Self { projection, generation, held, store: store.clone(), source: source.clone() })
    }

    /// Takes in a batch, then moves to `positions`. Answers the first thing that went wrong with an event of it.
    pub(crate) async fn apply(
        &self,
        records: &[Record],
        positions: &Checkpoint,
    ) -> Result<Option<String>, ProjectorError> {
        let outcome = match self.projection.kind {
            Kind::Entity(evolve) => entity::work(self, evolve, records).await?,
            Kind::Journal(enter) => journal::work(enter, records),
            Kind::Summary(add) => summary::work(self, add, records).await?,
        };
        self.keep(outcome, positions).await
    }

    /// Tries everything again that is held. Answers the first thing that still goes wrong.
    pub(crate) async fn retry_held(&self) -> Result<Option<String>, ProjectorError> {
        let (mut problem, mut after) = (None, None);
        loop {
            let (records, next) = self.held.page(after).await?;
            let outcome = match self.projection.kind {
                Kind::Entity(evolve) => entity::retry(self, evolve, &records).await?,
                Kind::Journal(enter) => journal::retry(enter, &records),
                Kind::Summary(add) => summary::retry(add, &records),
            };
            let found = self.keep(outcome, &Checkpoint::new()).await?;
            problem = problem.or(found);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(problem),
            }
        }
    }

    /// Held events are safe before the positions pass them, and are let go only after the documents have them.
    async fn keep(&self, outcome: Outcome, positions: &Checkpoint) -> Result<Option<String>, ProjectorError> {
        self.held.hold(&outcome.hold).await?;
        if !outcome.writes.is_empty() || !positions.is_empty() {
            // A write that was refused means that somebody else had written a newer version, which is as good.
            self.store.documents().write(&self.generation, &outcome.writes, positions).await?;
        }
        self.held.settle(&outcome.settle).await?;
        Ok(outcome.hold.into_iter().find_map(|(_, problem)| problem))
    }
}
