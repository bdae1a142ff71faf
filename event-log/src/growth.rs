//! Waiting for the log to grow: commits of this process wake at once, those of others are found by looking now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

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
    /// Somebody says that the log is so long. That has to be looked at.
    told: watch::Sender<u64>,
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
            told: watch::Sender::new(position),
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

    /// Somebody says that the log is as long as this.
    pub(crate) fn told(&self, position: u64) {
        self.told.send_if_modified(|known| {
            let news = position > *known;
            *known = position.max(*known);
            news
        });
    }

    /// Waits until the log is longer than `position`, at most `patience`.
    pub(crate) async fn past<F>(&self, position: u64, patience: Duration, head: impl Fn() -> F)
    where
        F: Future<Output = Result<Head, LogError>>,
    {
        let until = Instant::now() + patience.min(LONGEST);
        let (mut known, mut told) = (self.position.subscribe(), self.told.subscribe());
        while *known.borrow_and_update() <= position {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let said = *told.borrow_and_update();
            if said <= position {
                let pause = Duration::from_millis(self.pause.load(Ordering::Relaxed));
                let news = async {
                    tokio::select! {
                        known = known.changed() => known,
                        told = told.changed() => told,
                    }
                };
                if timeout(left.min(pause), news).await.is_ok() || !self.is_due() {
                    continue;
                }
            }
            let found = match head().await {
                Ok(head) => {
                    self.looked_at(head.position);
                    head.position
                }
                // Whoever waits will read next, and get the error.
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the log's head cannot be read"
                    );
                    0
                }
            };
            // What was said and is not so is no reason to look again.
            self.told.send_if_modified(|told| {
                if *told == said {
                    *told = found.min(said);
                }
                false
            });
        }
    }

    fn looked_at(&self, position: u64) {
        let grown = position > *self.position.borrow();
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

    const HOUR: Duration = Duration::from_hours(1);

    fn seldom() -> Growth {
        Growth::from(5, Looks { soonest: HOUR, rarest: HOUR })
    }

    fn head(position: u64) -> Head {
        Head { position, hash: [0; 32], epoch: Uuid::nil(), revision: 0 }
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_tells_is_looked_at_at_once() {
        let growth = seldom();
        let begun = Instant::now();
        let waiting = growth.past(5, 10 * HOUR, async || Ok(head(6)));
        tokio::join!(waiting, async { growth.told(6) });
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_and_not_so_is_looked_at_once_and_waited_for_as_before() {
        let (growth, looks) = (seldom(), AtomicU64::new(0));
        let begun = Instant::now();
        let looking = async || {
            looks.fetch_add(1, Ordering::Relaxed);
            Ok(head(5))
        };
        let waiting = growth.past(5, HOUR / 2, looking);
        tokio::join!(waiting, async { growth.told(1_000) });
        assert_eq!((begun.elapsed(), looks.load(Ordering::Relaxed)), (HOUR / 2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_tells_is_found_by_looking() {
        let growth = seldom();
        let begun = Instant::now();
        growth.past(5, 10 * HOUR, async || Ok(head(6))).await;
        assert_eq!(begun.elapsed(), HOUR);
    }
}
