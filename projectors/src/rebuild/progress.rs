//! How far a rebuild is.

use std::time::Duration;

use tokio::time::Instant;

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Records fed so far.
    pub done: u64,
    /// Records there are, as far as known; grows while the shop is open.
    pub total: u64,
    /// Records per second so far.
    pub rate: f64,
    /// How long the rest will take at that rate; `None` while there is none.
    pub eta: Option<Duration>,
}

pub(super) struct Meter {
    began: Instant,
    done: u64,
    total: u64,
}

impl Meter {
    pub(super) fn new(total: u64) -> Self {
        Self { began: Instant::now(), done: 0, total }
    }

    pub(super) fn add(&mut self, records: u64) {
        self.done += records;
    }

    pub(super) fn total(&mut self, total: u64) {
        self.total = total;
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    pub(super) fn progress(&self) -> Progress {
        // Records may come again, so more may have been done than there are.
        let total = self.total.max(self.done);
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { self.done as f64 / seconds } else { 0.0 };
        let left = (total - self.done) as f64;
        let eta = (rate > 0.0).then(|| Duration::try_from_secs_f64(left / rate).unwrap_or(Duration::MAX));
        Progress { done: self.done, total, rate, eta }
    }
}
