//! Waiting for the log to grow: commits of this process wake at once, those of others are found by looking now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::port::{Head, LogError};

/// How often it is looked whether another process has committed.
const LOOK: Duration = Duration::from_millis(500);
/// Nobody waits longer in one go.
const LONGEST: Duration = Duration::from_secs(3600);

pub(super) struct Growth {
    position: watch::Sender<u64>,
    opened: Instant,
    /// When somebody looked last, in milliseconds since `opened`: one waiter looks for all of them.
    looked: AtomicU64,
}

impl Growth {
    pub(super) fn from(position: u64) -> Self {
        Self { position: watch::Sender::new(position), opened: Instant::now(), looked: AtomicU64::new(0) }
    }

    /// The log is at least as long as this.
    pub(super) fn reached(&self, position: u64) {
        self.position.send_if_modified(|known| {
            let grown = position > *known;
            *known = position.max(*known);
            grown
        });
    }

    /// Waits until the log is longer than `position`, at most `patience`.
    pub(super) async fn past<F>(&self, position: u64, patience: Duration, head: impl Fn() -> F)
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
            if timeout(left.min(LOOK), known.changed()).await.is_err() && self.is_due() {
                match head().await {
                    Ok(head) => self.reached(head.position),
                    // Whoever waits will read next, and get the error.
                    Err(error) => tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the log's head cannot be read"
                    ),
                }
            }
        }
    }

    fn is_due(&self) -> bool {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = self.looked.load(Ordering::Relaxed);
        // A waiter's own turn comes a little late or early against the others'.
        let due = now >= before.saturating_add(LOOK.as_millis() as u64 / 2);
        due && self.looked.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
