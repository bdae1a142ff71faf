//! Collects the keys that the fields of a query need, so that they are read with one call.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::fault::Fault;

/// The values by key, or the error of the call.
type Outcome<K, V> = Result<HashMap<K, V>, Arc<Fault>>;

/// Rounds without a new key after which a wave is read.
const QUIET: u32 = 3;

/// Keys that are read together.
struct Wave<K, V> {
    keys: Mutex<Vec<K>>,
    outcome: OnceCell<Outcome<K, V>>,
}

impl<K, V> Wave<K, V> {
    /// Returns after [`QUIET`] rounds of the query's task in which no key was added. One round is not enough: it may end
    /// early, when the runtime preempts the task, before all siblings were polled.
    async fn gathered(&self) {
        let (mut size, mut quiet) = (0, 0);
        while quiet < QUIET && !self.outcome.initialized() {
            tokio::task::yield_now().await;
            let now = self.keys.lock().len();
            quiet = if now == size { quiet + 1 } else { 0 };
            size = now;
        }
    }
}

/// Reads values by key for one query. Keys that are needed at the same time are read with one call, and none is read twice.
///
/// There is no timer and no task. All fields of a query are polled by one task, so when the first of them is polled again,
/// its siblings have added their keys.
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
    /// The value of a key. The first field of the wave calls its `read` with all keys.
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
        let mut known = self.known.lock();
        if let Some(wave) = known.get(key) {
            return wave.clone();
        }
        let mut gathering = self.gathering.lock();
        let wave = gathering
            .get_or_insert_with(|| Arc::new(Wave { keys: Mutex::default(), outcome: OnceCell::new() }))
            .clone();
        wave.keys.lock().push(key.clone());
        known.insert(key.clone(), wave.clone());
        wave
    }

    /// Closes the wave for new keys and answers its keys.
    fn close(&self, wave: &Arc<Wave<K, V>>) -> Vec<K> {
        let mut gathering = self.gathering.lock();
        if gathering.as_ref().is_some_and(|open| Arc::ptr_eq(open, wave)) {
            *gathering = None;
        }
        wave.keys.lock().clone()
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
