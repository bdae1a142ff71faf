//! Pointers to the live generations of a store, read a few times a second instead of for every query.

use std::sync::Arc;
use std::time::Duration;

use read_models::{Collection, Generation, GenerationState};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long pointers are not read again. A rebuild keeps the generation before, so that it can still be read.
const FRESH: Duration = Duration::from_millis(250);

/// The pointers of one store.
#[derive(Default)]
pub(crate) struct Pointers(Mutex<Option<(Instant, Live)>>);

/// Live generations that were read at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Live(Arc<[Generation]>);

impl Pointers {
    /// The live generations. If they were not read a moment ago, `list` reads all generations; one caller at a time does.
    pub(crate) async fn read<E>(
        &self,
        list: impl Future<Output = Result<Vec<(Generation, GenerationState)>, E>>,
    ) -> Result<Live, E> {
        let mut known = self.0.lock().await;
        if let Some((_, live)) = known.as_ref().filter(|(read, _)| read.elapsed() < FRESH) {
            return Ok(live.clone());
        }
        let read = Instant::now();
        let all = list.await?.into_iter().filter(|(_, state)| *state == GenerationState::Live);
        let live = Live(all.map(|(generation, _)| generation).collect());
        *known = Some((read, live.clone()));
        Ok(live)
    }

    /// The next caller reads them: a generation that they name was dropped.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl Live {
    /// The generation of a collection; `None` if nothing was written to it yet.
    pub(crate) fn of(&self, collection: &Collection) -> Option<&Generation> {
        let of = |one: &&Generation| one.collection == collection.name && one.shape == collection.shape;
        self.0.iter().find(of)
    }
}
