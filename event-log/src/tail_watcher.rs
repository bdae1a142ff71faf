//! Waits for a log to grow. Commits of this process wake waiters at once; commits of other processes are
//! found by polling.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::port::{Head, LogError};

/// The longest single wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How often the head is polled: after `shortest` once the log has grown, and half as often after each poll
/// that found no growth, down to once per `longest`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PollInterval {
    pub(crate) shortest: Duration,
    pub(crate) longest: Duration,
}

pub(crate) struct TailWatcher {
    interval: PollInterval,
    position: watch::Sender<u64>,
    opened: Instant,
    /// Time of the last poll, in milliseconds since `opened`. One waiter polls for all of them.
    polled: AtomicU64,
    /// Milliseconds from that poll to the next.
    pause: AtomicU64,
}

impl TailWatcher {
    pub(crate) fn new(position: u64, interval: PollInterval) -> Self {
        Self {
            interval,
            position: watch::Sender::new(position),
            opened: Instant::now(),
            polled: AtomicU64::new(0),
            pause: AtomicU64::new(millis(interval.shortest)),
        }
    }

    /// Records that the log reaches at least to `position`.
    pub(crate) fn reached(&self, position: u64) {
        self.position.send_if_modified(|known| {
            let grown = position > *known;
            *known = position.max(*known);
            grown
        });
    }

    /// The highest position that is known to exist.
    pub(crate) fn position(&self) -> u64 {
        *self.position.borrow()
    }

    /// Waits until the log is longer than `position`, at most `patience`. `head` polls the log.
    pub(crate) async fn past<F>(&self, position: u64, patience: Duration, head: impl Fn() -> F)
    where
        F: Future<Output = Result<Head, LogError>>,
    {
        let until = Instant::now() + patience.min(LONGEST_WAIT);
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
                Ok(Ok(head)) => self.polled_at(head.position),
                // The waiter's next read returns the error.
                Ok(Err(error)) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "could not poll the log's head")
                }
                Err(_) => return,
            }
        }
    }

    fn polled_at(&self, position: u64) {
        let grown = position > self.position();
        let pause = self.pause.load(Ordering::Relaxed);
        let next = if grown {
            millis(self.interval.shortest)
        } else {
            (2 * pause).min(millis(self.interval.longest))
        };
        self.pause.store(next, Ordering::Relaxed);
        self.reached(position);
    }

    fn is_due(&self) -> bool {
        let now = millis(self.opened.elapsed());
        let before = self.polled.load(Ordering::Relaxed);
        // A waiter wakes a little earlier or later than the others.
        let due = now >= before.saturating_add(self.pause.load(Ordering::Relaxed) / 2);
        due && self.polled.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
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
    async fn growth_without_a_notification_is_found_by_polling() {
        let tail = TailWatcher::new(5, PollInterval { shortest: MINUTE, longest: MINUTE });
        let head = Head { position: 6, hash: [0; 32], epoch: Uuid::nil(), revision: 0 };
        let begun = Instant::now();
        tail.past(5, 10 * MINUTE, async || Ok(head)).await;
        assert_eq!(begun.elapsed(), MINUTE);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_on_a_silent_server_respects_the_timeout() {
        let tail = TailWatcher::new(5, PollInterval { shortest: MINUTE, longest: MINUTE });
        let begun = Instant::now();
        tail.past(5, 2 * MINUTE, std::future::pending).await;
        assert_eq!(begun.elapsed(), 2 * MINUTE);
    }
}
