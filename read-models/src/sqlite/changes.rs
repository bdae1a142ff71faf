//! Who waits for writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::connection::Writer;

/// How often other processes' writes are looked for while somebody waits.
const PACE: Duration = Duration::from_millis(20);
/// Longer than any request; keeps the arithmetic in range.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// One counter per collection that somebody has waited for or written to.
#[derive(Default)]
pub(super) struct Changes {
    counters: Mutex<HashMap<String, watch::Sender<u64>>>,
    /// When to look at other processes' writes next; whoever holds it looks for all who wait.
    next_look: tokio::sync::Mutex<Option<Instant>>,
}

impl Changes {
    /// Something was written to this collection.
    pub(super) fn tell(&self, collection: &str) {
        self.counter(collection).send_modify(|count| *count += 1);
    }

    /// Something may have been written to any collection.
    pub(super) fn tell_all(&self) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for counter in counters.values() {
            counter.send_modify(|count| *count += 1);
        }
    }

    /// See [`crate::port::Documents::changed`].
    pub(super) async fn wait(
        &self,
        writer: &Writer,
        collection: &str,
        since: u64,
        patience: Duration,
    ) -> u64 {
        let mut counter = self.counter(collection).subscribe();
        let deadline = Instant::now() + patience.min(LONGEST);
        loop {
            let count = *counter.borrow_and_update();
            if count != since || Instant::now() >= deadline {
                return count;
            }
            // Running out of patience while looking is the end of the loop above.
            let next_look = timeout_at(deadline, self.look(writer)).await.unwrap_or(deadline);
            tokio::select! {
                // The sender lives in the map, so this cannot fail.
                _ = counter.changed() => {}
                () = sleep_until(next_look.min(deadline)) => {}
            }
        }
    }

    /// Looks for other processes' writes when it is time to, and says when to come again.
    async fn look(&self, writer: &Writer) -> Instant {
        let now = Instant::now();
        let Ok(mut next) = self.next_look.try_lock() else { return now + PACE };
        if let Some(next) = *next
            && now < next
        {
            return next;
        }
        if let Err(error) = writer.look_outside(self).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot look for writes of other processes; trying again"
            );
        }
        let again = Instant::now() + PACE;
        *next = Some(again);
        again
    }

    fn counter(&self, collection: &str) -> watch::Sender<u64> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = counters.get(collection) {
            return counter.clone();
        }
        let counter = watch::Sender::new(1);
        counters.insert(collection.to_owned(), counter.clone());
        counter
    }
}
