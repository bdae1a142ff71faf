//! Collects what the fields of a query ask for, so that it is read at once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::fault::Fault;

/// What was found, by key, or why nothing could be.
type Outcome<K, V> = Result<HashMap<K, V>, Arc<Fault>>;

/// So many rounds without a new key, and a wave is read.
const QUIET: u32 = 3;

/// Keys that are read together.
struct Wave<K, V> {
    keys: Mutex<Vec<K>>,
    outcome: OnceCell<Outcome<K, V>>,
}

impl<K, V> Wave<K, V> {
    /// Returns once a while has passed in which nobody joined. A while is a round of the query's task: a round may end early,
    /// when the runtime wants the thread back, so one alone says little.
    async fn gathered(&self) {
        let (mut size, mut quiet) = (0, 0);
        while quiet < QUIET && !self.outcome.initialized() {
            tokio::task::yield_now().await;
            let now = self.keys.lock().unwrap_or_else(PoisonError::into_inner).len();
            quiet = if now == size { quiet + 1 } else { 0 };
            size = now;
        }
    }
}

/// Reads values by key for one query: keys that are asked for at the same time are read with one call, and none is read
/// twice.
///
/// There is no timer and no task. All fields of a query are polled by one task, so when the first of them is polled again
/// its siblings have all left their keys here.
pub(crate) struct Batch<K, V> {
    gathering: Mutex<Option<Arc<Wave<K, V>>>>,
    known: Mutex<HashMap<K, Arc<Wave<K, V>>>>,
}

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self { gathering: Mutex::default(), known: Mutex::default() }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Batch<K, V> {
    /// The value of a key; `read` is given all keys of the wave, by whichever field comes first.
    pub(crate) async fn load<R, F>(&self, key: K, read: R) -> Result<Option<V>, Fault>
    where
        R: FnOnce(Vec<K>) -> F,
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        let wave = self.join(&key);
        wave.gathered().await;
        let outcome = wave.outcome.get_or_init(|| async {
            let keys = self.close(&wave);
            read(keys).await.map_err(Arc::new)
        });
        match outcome.await {
            Ok(found) => Ok(found.get(&key).cloned()),
            Err(fault) => Err(Fault::Shared(fault.clone())),
        }
    }

    /// The wave that this key is read with.
    fn join(&self, key: &K) -> Arc<Wave<K, V>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wave) = known.get(key) {
            return wave.clone();
        }
        let mut gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        let wave = gathering
            .get_or_insert_with(|| Arc::new(Wave { keys: Mutex::default(), outcome: OnceCell::new() }))
            .clone();
        wave.keys.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
        known.insert(key.clone(), wave.clone());
        wave
    }

    /// Nobody joins this wave any more.
    fn close(&self, wave: &Arc<Wave<K, V>>) -> Vec<K> {
        let mut gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        if gathering.as_ref().is_some_and(|open| Arc::ptr_eq(open, wave)) {
            *gathering = None;
        }
        wave.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_hundred_siblings_are_read_with_one_call_and_nothing_is_read_twice() {
        let batch = Batch::<usize, usize>::default();
        let calls = AtomicUsize::new(0);
        let load = |key| {
            batch.load(key, |keys| {
                calls.fetch_add(1, Ordering::Relaxed);
                async move { Ok(keys.into_iter().map(|key| (key, key * 2)).collect()) }
            })
        };
        let found = join_all((0..100).map(load)).await;
        assert!(found.into_iter().enumerate().all(|(key, value)| value.unwrap() == Some(key * 2)));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        assert_eq!(load(7).await.unwrap(), Some(14));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        assert_eq!(load(100).await.unwrap(), Some(200));
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
