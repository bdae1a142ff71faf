//! Pauses between attempts, each twice as long as the one before.
//!
//! Crates for this repeat one future. The loops here also stop at a shutdown, start again after a success, and give up only
//! after some kinds of failures, so they are written out and share the pauses.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The pauses of one loop of attempts.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses that start with `first` and double up to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// Starts again with the first pause.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    /// Starts again with the first pause if the last attempt took longer than the longest pause: it worked for a while.
    pub fn reset_after(&mut self, attempt: Duration) {
        if attempt > self.longest {
            self.reset();
        }
    }

    /// The length of the next pause.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }

    /// Pauses. `false`: `stop` was cancelled before the pause was over.
    pub async fn pause(&mut self, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = stop.cancelled() => false,
            () = tokio::time::sleep(self.next_pause()) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_millis(350);

    #[test]
    fn pauses_double_up_to_the_longest_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        assert_eq!([(); 4].map(|()| backoff.next_pause()), [FIRST, 2 * FIRST, LONGEST, LONGEST]);
        backoff.reset_after(LONGEST);
        assert_eq!(backoff.next_pause(), LONGEST);
        backoff.reset_after(LONGEST + FIRST);
        assert_eq!(backoff.next_pause(), FIRST);
        backoff.reset();
        assert_eq!(backoff.next_pause(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_early_when_it_is_stopped() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        let stop = CancellationToken::new();
        assert!(backoff.pause(&stop).await);
        stop.cancel();
        assert!(!backoff.pause(&stop).await);
    }
}
