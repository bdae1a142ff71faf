//! How much of the log a hot view must contain to be read without comparing versions: what the documents contained a moment
//! ago. A view that is being filled is far behind them, and would answer the past.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use platform::bus::Positions;
use read_models::{Generation, Keyed, StoreError};
use tokio::time::Instant;

use super::Passed;

/// A view may be behind the documents for one to two of these, which is more than projectors differ.
const INTERVAL: Duration = Duration::from_secs(1);

/// What the documents contained, by generation. One query at a time reads it.
#[derive(Default)]
pub(crate) struct Floors(tokio::sync::Mutex<State>);

#[derive(Default)]
struct State {
    floors: HashMap<Generation, Floor>,
    /// Generations in the store of the documents that have been level with them.
    level: HashSet<Generation>,
}

struct Floor {
    read: Instant,
    newest: Positions,
    before: Positions,
}

impl Floors {
    /// What `documents` contained one to two [`INTERVAL`]s ago, or at the first call.
    pub(crate) async fn of(
        &self,
        keyed: &dyn Keyed,
        documents: &Generation,
    ) -> Result<Positions, StoreError> {
        self.at(keyed, documents, Instant::now()).await
    }

    async fn at(
        &self,
        keyed: &dyn Keyed,
        documents: &Generation,
        now: Instant,
    ) -> Result<Positions, StoreError> {
        let mut state = self.0.lock().await;
        let known = state.floors.get(documents);
        if let Some(floor) = known.filter(|floor| now.saturating_duration_since(floor.read) < INTERVAL) {
            return Ok(floor.before.clone());
        }
        let newest = match (keyed.positions(documents).await, known) {
            (Ok(newest), _) => newest,
            // Without them nothing new is known, and the view may still be read.
            (Err(_), Some(floor)) => return Ok(floor.before.clone()),
            (Err(error), None) => return Err(error),
        };
        let before = known.map_or_else(|| newest.clone(), |floor| floor.newest.clone());
        // Those of earlier generations are not asked for again.
        state.floors.retain(|one, _| one.collection != documents.collection);
        state.floors.insert(documents.clone(), Floor { read: now, newest, before: before.clone() });
        Ok(before)
    }

    /// Whether a view in the store of the documents has been level with them. There it stays level: what the store loses, it
    /// loses of both.
    pub(crate) async fn is_level(
        &self,
        keyed: &dyn Keyed,
        view: &Generation,
        documents: &Generation,
        passed: &Arc<Passed>,
    ) -> Result<bool, StoreError> {
        if self.0.lock().await.level.contains(view) {
            return Ok(true);
        }
        let floor = keyed.positions(documents).await?;
        let level = passed.covers(&keyed.positions(view).await?, &floor);
        if level {
            self.0.lock().await.level.insert(view.clone());
        }
        Ok(level)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use parking_lot::Mutex;
    use platform::bus::decode_positions;
    use read_models::{ChangeToken, Stored, Write};

    use super::*;

    /// Answers these positions, or an error.
    struct At(Mutex<Option<u64>>);

    #[async_trait]
    impl Keyed for At {
        async fn load(&self, _: &Generation, _: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
            unreachable!()
        }

        async fn write(&self, _: &Generation, _: &[Write], _: &Positions) -> Result<(), StoreError> {
            unreachable!()
        }

        async fn put_if_newer(&self, _: &Generation, _: &Write) -> Result<bool, StoreError> {
            unreachable!()
        }

        async fn positions(&self, _: &Generation) -> Result<Positions, StoreError> {
            let position = *self.0.lock();
            position.map(at).ok_or_else(|| StoreError::Unavailable("down".to_owned(), None))
        }

        async fn resume(&self, _: &Generation) -> Result<Positions, StoreError> {
            unreachable!()
        }

        async fn changed(
            &self,
            _: &str,
            _: Option<&ChangeToken>,
            _: Duration,
        ) -> Result<ChangeToken, StoreError> {
            unreachable!()
        }
    }

    fn at(position: u64) -> Positions {
        decode_positions([("chorale.stock.v1/0".to_owned(), position)])
    }

    #[tokio::test]
    async fn a_floor_is_what_the_documents_contained_a_moment_ago() {
        let generation = Generation { collection: "stock".to_owned(), shape: 1, number: 1 };
        let (floors, documents, mut now) = (Floors::default(), At(Mutex::new(None)), Instant::now());
        floors.at(&documents, &generation, now).await.unwrap_err();
        for (position, expected) in [(Some(5), 5), (Some(9), 5), (Some(12), 9), (None, 9), (Some(20), 12)] {
            *documents.0.lock() = position;
            assert_eq!(floors.at(&documents, &generation, now).await.unwrap(), at(expected));
            *documents.0.lock() = Some(99);
            let soon = now + INTERVAL / 2;
            if position.is_some() {
                assert_eq!(floors.at(&documents, &generation, soon).await.unwrap(), at(expected));
            }
            now += INTERVAL;
        }
    }
}
