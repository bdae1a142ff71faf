//! Token buckets. A bucket is one number: the instant at which it is full again, in microseconds.

use std::time::Duration;

use schemas::Timestamp;

use super::{HotError, LONGEST_LIFE, Taken};

/// How a bucket fills: it holds up to `burst` tokens and gets one every `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    /// Microseconds.
    per: u32,
}

impl Rate {
    /// `per` is from 1 µs to an hour, in whole microseconds; an empty bucket must be full within 400 days. `None` if the rate
    /// is outside these limits, or if `burst` is 0.
    pub const fn new(burst: u32, per: Duration) -> Option<Self> {
        let micros = per.as_micros();
        let (longest, filling) = (LONGEST_LIFE.as_micros(), micros * burst as u128);
        if burst == 0 || micros == 0 || micros > Duration::from_secs(3_600).as_micros() || filling > longest {
            return None;
        }
        Some(Self { burst, per: micros as u32 })
    }

    /// The most tokens that a bucket holds.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// The time between two tokens, in microseconds.
    #[cfg(any(test, feature = "contract", feature = "redis"))]
    pub(super) fn per_micros(self) -> u32 {
        self.per
    }

    pub(super) fn require(self, wanted: u32) -> Result<(), HotError> {
        let burst = self.burst;
        if wanted > burst { Err(HotError::NeverEnough { wanted, burst }) } else { Ok(()) }
    }

    /// Takes `n` tokens out of a bucket that is full again at `full`. Returns the outcome and the new instant.
    pub(super) fn take(self, full: i64, now: Timestamp, n: u32) -> (Taken, i64) {
        let now = micros(now);
        let filling = i64::from(self.burst) * i64::from(self.per);
        // Not emptier than empty: it may have been used with a slower rate before.
        let from = full.clamp(now, now.saturating_add(filling));
        let after = from.saturating_add(i64::from(n) * i64::from(self.per));
        match u64::try_from(after.saturating_sub(filling).saturating_sub(now)) {
            Ok(wait @ 1..) => (Taken::After(Duration::from_micros(wait)), full),
            _ => (Taken::Yes, after),
        }
    }
}

pub(super) fn micros(instant: Timestamp) -> i64 {
    instant.as_millis().saturating_mul(1_000)
}
