//! Waiting for writes, for every engine.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::port::{ChangeToken, StoreError};

/// Time between two checks for writes of other processes while a caller waits.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// Longer than any request; keeps the arithmetic in range.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A store that other processes may write to.
pub(crate) trait Watched: Sync {
    /// Looks for writes of other processes, and notifies [`Changes`] of them.
    fn check_others(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// One counter per collection that was waited for or written to.
#[derive(Default)]
pub(crate) struct Changes {
    counters: Mutex<HashMap<String, watch::Sender<u64>>>,
    /// When to check next. One waiting caller at a time checks for all.
    next_check: tokio::sync::Mutex<Option<Instant>>,
}

impl Changes {
    /// A write to this collection was committed.
    pub(crate) fn notify(&self, collection: &str) {
        self.counter(collection).send_modify(|count| *count += 1);
    }

    /// A write to any collection may have been committed.
    pub(crate) fn notify_all(&self) {
        let counters = self.counters.lock();
        for counter in counters.values() {
            counter.send_modify(|count| *count += 1);
        }
    }

    /// See [`Keyed::changed`](crate::Keyed::changed).
    pub(crate) async fn wait(
        &self,
        store: &impl Watched,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        let mut counter = self.counter(collection).subscribe();
        let deadline = Instant::now() + timeout.min(LONGEST);
        loop {
            let now = ChangeToken::new(counter.borrow_and_update().to_be_bytes());
            if since != Some(&now) || Instant::now() >= deadline {
                return Ok(now);
            }
            // A check that outlasts the deadline ends the loop above.
            let next_check = match timeout_at(deadline, self.check(store)).await {
                Ok(next_check) => next_check?,
                Err(_) => deadline,
            };
            tokio::select! {
                // Cannot fail: the sender is in the map.
                _ = counter.changed() => {}
                () = sleep_until(next_check.min(deadline)) => {}
            }
        }
    }

    /// Checks for writes of other processes, if it is time to. Answers when to check next.
    async fn check(&self, store: &impl Watched) -> Result<Instant, StoreError> {
        let now = Instant::now();
        let Ok(mut next) = self.next_check.try_lock() else { return Ok(now + CHECK_INTERVAL) };
        if let Some(next) = *next
            && now < next
        {
            return Ok(next);
        }
        store.check_others().await?;
        let again = Instant::now() + CHECK_INTERVAL;
        *next = Some(again);
        Ok(again)
    }

    fn counter(&self, collection: &str) -> watch::Sender<u64> {
        let mut counters = self.counters.lock();
        if let Some(counter) = counters.get(collection) {
            return counter.clone();
        }
        let counter = watch::Sender::new(1);
        counters.insert(collection.to_owned(), counter.clone());
        counter
    }
}
