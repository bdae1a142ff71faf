//! Loads that queries share: a document that is being loaded for one query is not loaded again for another.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use read_models::{Generation, Keyed, Stored};
use tokio::sync::OnceCell;

use crate::fault::Fault;

/// A load that several queries wait for. The waiting queries run it, so it ends even if one of them is cancelled.
struct Flight {
    generation: Generation,
    ids: Vec<String>,
    loaded: OnceCell<Result<HashMap<String, Stored>, Arc<Fault>>>,
}

/// The loads that are under way.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<(Generation, String), Arc<Flight>>>);

impl Flights {
    /// Documents by id. They are as they were at some moment between the begin of a load that was under way, and now.
    pub(crate) async fn load(
        &self,
        keyed: &dyn Keyed,
        generation: &Generation,
        ids: &[String],
    ) -> Result<HashMap<String, Stored>, Arc<Fault>> {
        let mut found = HashMap::with_capacity(ids.len());
        for (flight, ids) in self.join(generation, ids) {
            let loaded = flight.loaded.get_or_init(|| async {
                let loaded = keyed.load(&flight.generation, &flight.ids).await;
                let loaded = loaded.map_err(|error| Arc::new(Fault::from(error)))?;
                Ok(loaded.into_iter().flatten().map(|one| (one.id.clone(), one)).collect())
            });
            let loaded = loaded.await;
            self.end(&flight);
            let loaded = loaded.as_ref().map_err(Arc::clone)?;
            found.extend(
                ids.into_iter()
                    .filter_map(|id| loaded.get_key_value(&id))
                    .map(|(id, one)| (id.clone(), one.clone())),
            );
        }
        Ok(found)
    }

    /// The loads that the ids are in, with these ids. Those that are in none are in a new one.
    fn join(&self, generation: &Generation, ids: &[String]) -> Vec<(Arc<Flight>, Vec<String>)> {
        let mut running = self.0.lock();
        let key = |id: &String| (generation.clone(), id.clone());
        let (known, new): (Vec<&String>, Vec<&String>) =
            ids.iter().partition(|id| running.contains_key(&key(id)));
        let mut joined: Vec<(Arc<Flight>, Vec<String>)> = Vec::new();
        for id in known {
            let Some(flight) = running.get(&key(id)) else { continue };
            match joined.iter_mut().find(|(one, _)| Arc::ptr_eq(one, flight)) {
                Some((_, ids)) => ids.push(id.clone()),
                None => joined.push((Arc::clone(flight), vec![id.clone()])),
            }
        }
        if !new.is_empty() {
            let ids: Vec<String> = new.into_iter().cloned().collect();
            let flight = Flight { generation: generation.clone(), ids: ids.clone(), loaded: OnceCell::new() };
            let flight = Arc::new(flight);
            running.extend(ids.iter().map(|id| (key(id), Arc::clone(&flight))));
            joined.push((flight, ids));
        }
        joined
    }

    fn end(&self, flight: &Arc<Flight>) {
        let mut running = self.0.lock();
        for id in &flight.ids {
            let key = (flight.generation.clone(), id.clone());
            if running.get(&key).is_some_and(|one| Arc::ptr_eq(one, flight)) {
                running.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;
    use platform::bus::Positions;
    use read_models::{ChangeToken, StoreError, Write};
    use tokio::sync::Semaphore;

    use super::*;

    /// Has every document, and answers a load when it may.
    struct Slow {
        loads: AtomicUsize,
        answers: Semaphore,
    }

    #[async_trait]
    impl Keyed for Slow {
        async fn load(&self, _: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
            self.loads.fetch_add(1, Ordering::SeqCst);
            self.answers.acquire().await.unwrap().forget();
            let stored = |id: &String| Stored { id: id.clone(), version: 1, body: None, stale: false };
            Ok(ids.iter().map(|id| Some(stored(id))).collect())
        }

        async fn write(&self, _: &Generation, _: &[Write], _: &Positions) -> Result<(), StoreError> {
            unreachable!()
        }

        async fn put_if_newer(&self, _: &Generation, _: &Write) -> Result<bool, StoreError> {
            unreachable!()
        }

        async fn positions(&self, _: &Generation) -> Result<Positions, StoreError> {
            unreachable!()
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

    async fn load(flights: &Flights, keyed: &Slow, ids: &[&str]) -> Vec<String> {
        let generation = Generation { collection: "products".to_owned(), shape: 1, number: 1 };
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let mut found: Vec<String> =
            flights.load(keyed, &generation, &ids).await.unwrap().into_keys().collect();
        found.sort();
        found
    }

    #[tokio::test]
    async fn a_document_that_is_being_loaded_is_not_loaded_a_second_time() {
        let (flights, keyed) =
            (Flights::default(), Slow { loads: AtomicUsize::new(0), answers: Semaphore::new(0) });
        let first = load(&flights, &keyed, &["a", "b"]);
        let second = load(&flights, &keyed, &["b", "c", "a"]);
        let third = load(&flights, &keyed, &["b"]);
        let release = async {
            // All three have begun.
            tokio::task::yield_now().await;
            keyed.answers.add_permits(2);
        };
        let (first, second, third, ()) = tokio::join!(first, second, third, release);
        assert_eq!(
            (first, second, third),
            (
                vec!["a".to_owned(), "b".to_owned()],
                vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
                vec!["b".to_owned()]
            )
        );
        assert_eq!(keyed.loads.load(Ordering::SeqCst), 2);
        assert!(flights.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_query_that_is_cancelled_does_not_stop_those_that_wait_for_its_load() {
        let (flights, keyed) =
            (Flights::default(), Slow { loads: AtomicUsize::new(0), answers: Semaphore::new(0) });
        {
            let mut cancelled = Box::pin(load(&flights, &keyed, &["a"]));
            assert!(futures_util::poll!(&mut cancelled).is_pending());
        }
        keyed.answers.add_permits(1);
        assert_eq!(load(&flights, &keyed, &["a"]).await, ["a"]);
        assert!(flights.0.lock().is_empty());
    }
}
