//! Waiting for the log to grow: commits of this process wake at once, those of others are found by looking now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::port::{Head, LogError};

/// Nobody waits longer in one go.
const LONGEST: Duration = Duration::from_secs(3600);

/// How often it is looked whether another process has committed: `soonest` after the log has grown, and half as often after
/// each look that found nothing, down to once in `rarest`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    pub(crate) soonest: Duration,
    pub(crate) rarest: Duration,
}

pub(crate) struct Growth {
    looks: Looks,
    position: watch::Sender<u64>,
    opened: Instant,
    /// When somebody looked last, in milliseconds since `opened`: one waiter looks for all of them.
    looked: AtomicU64,
    /// Milliseconds from that look to the next.
    pause: AtomicU64,
}

impl Growth {
    pub(crate) fn from(position: u64, looks: Looks) -> Self {
        Self {
            looks,
            position: watch::Sender::new(position),
            opened: Instant::now(),
            looked: AtomicU64::new(0),
            pause: AtomicU64::new(millis(looks.soonest)),
        }
    }

    /// The log is at least as long as this.
    pub(crate) fn reached(&self, position: u64) {
        self.position.send_if_modified(|known| {
            let grown = position > *known;
            *known = position.max(*known);
            grown
        });
    }

    /// As long as the log is known to be.
    pub(crate) fn position(&self) -> u64 {
        *self.position.borrow()
    }

    /// Waits until the log is longer than `position`, at most `patience`.
    pub(crate) async fn past<F>(&self, position: u64, patience: Duration, head: impl Fn() -> F)
    where
        F: Future<Output = Result<Head, LogError>>,
    {
        let until = Instant::now() + patience.min(LONGEST);
        let mut known = self.position.subscribe();
        while *known.borrow_and_update() <= position {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let pause = Duration::from_millis(self.pause.load(Ordering::Relaxed));
            if timeout(left.min(pause), known.changed()).await.is_ok() || !self.is_due() {
                continue;
            }
            match timeout_at(until, head()).await {
                Ok(Ok(head)) => self.looked_at(head.position),
                // Whoever waits will read next, and get the error.
                Ok(Err(error)) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "the log's head cannot be read")
                }
                Err(_) => return,
            }
        }
    }

    fn looked_at(&self, position: u64) {
        let grown = position > self.position();
        let pause = self.pause.load(Ordering::Relaxed);
        let next =
            if grown { millis(self.looks.soonest) } else { (2 * pause).min(millis(self.looks.rarest)) };
        self.pause.store(next, Ordering::Relaxed);
        self.reached(position);
    }

    fn is_due(&self) -> bool {
        let now = millis(self.opened.elapsed());
        let before = self.looked.load(Ordering::Relaxed);
        // A waiter's own turn comes a little late or early against the others'.
        let due = now >= before.saturating_add(self.pause.load(Ordering::Relaxed) / 2);
        due && self.looked.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn what_nobody_tells_is_found_by_looking() {
        let growth = Growth::from(5, Looks { soonest: MINUTE, rarest: MINUTE });
        let head = Head { position: 6, hash: [0; 32], epoch: Uuid::nil(), revision: 0 };
        let begun = Instant::now();
        growth.past(5, 10 * MINUTE, async || Ok(head)).await;
        assert_eq!(begun.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_he_is_willing_to_for_a_server_that_says_nothing() {
        let growth = Growth::from(5, Looks { soonest: MINUTE, rarest: MINUTE });
        let begun = Instant::now();
        growth.past(5, 2 * MINUTE, std::future::pending).await;
        assert_eq!(begun.elapsed(), 2 * MINUTE);
    }
}
