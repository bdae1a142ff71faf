//! A breaker: after a failure, only one call per pause is made until one succeeds.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

pub(super) struct Breaker {
    pause: Duration,
    /// When the next call may be made; `None` while calls succeed.
    next: Mutex<Option<Instant>>,
}

impl Breaker {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, next: Mutex::default() }
    }

    /// Whether a call may be made now. While the breaker is open, the caller that gets `true` is the only one for a pause, even
    /// if it is cancelled.
    pub(super) fn allows(&self, now: Instant) -> bool {
        let mut next = self.next.lock();
        match *next {
            None => true,
            Some(at) if now < at => false,
            Some(_) => {
                *next = Some(now + self.pause);
                true
            }
        }
    }

    /// A call failed. Answers whether the breaker was closed.
    pub(super) fn open(&self, now: Instant) -> bool {
        self.next.lock().replace(now + self.pause).is_none()
    }

    /// A call succeeded. Answers whether the breaker was open.
    pub(super) fn close(&self) -> bool {
        self.next.lock().take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    #[test]
    fn after_a_failure_one_call_per_pause_is_made_until_one_succeeds() {
        let (breaker, mut now) = (Breaker::new(PAUSE), Instant::now());
        assert!(breaker.allows(now) && breaker.allows(now));
        assert!(breaker.open(now));
        assert!(!breaker.allows(now));
        for _ in 0..2 {
            now += PAUSE;
            assert!(breaker.allows(now));
            assert!(!breaker.allows(now));
        }
        assert!(!breaker.open(now));
        now += PAUSE;
        assert!(breaker.allows(now));
        assert!(breaker.close());
        assert!(breaker.allows(now) && breaker.allows(now));
        assert!(!breaker.close());
    }
}
