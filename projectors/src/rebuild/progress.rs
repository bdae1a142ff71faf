//! The progress of a rebuild.

use std::time::Duration;

use tokio::time::Instant;

/// What a rebuild counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Records that are applied to the new generation.
    Building,
    /// Documents that are compared with the live ones.
    Comparing,
}

/// The progress of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Whether the numbers below are of records or of documents.
    pub phase: Phase,
    /// Applied or compared so far.
    pub done: u64,
    /// To apply or compare, as far as known; grows while the shop is open.
    pub total: u64,
    /// Records or documents per second so far.
    pub rate: f64,
    /// Time left at that rate; `None` while the rate is 0.
    pub eta: Option<Duration>,
}

pub(super) struct Meter {
    began: Instant,
    done: u64,
    total: u64,
    /// Records of the topics that were applied before.
    before: u64,
}

impl Meter {
    /// For `records` records or documents, of which `left` are left.
    pub(super) fn new(records: u64, left: u64) -> Self {
        let before = records.saturating_sub(left);
        Self { began: Instant::now(), done: 0, total: records - before, before }
    }

    pub(super) fn add(&mut self, records: u64) {
        self.done += records;
    }

    /// The topics have this many records now.
    pub(super) fn total(&mut self, records: u64) {
        self.total = records.saturating_sub(self.before);
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    pub(super) fn progress(&self, phase: Phase) -> Progress {
        // Records may be redelivered, so `done` may exceed the number of records.
        let total = self.total.max(self.done);
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { self.done as f64 / seconds } else { 0.0 };
        let left = (total - self.done) as f64;
        let eta = (rate > 0.0).then(|| Duration::try_from_secs_f64(left / rate).unwrap_or(Duration::MAX));
        Progress { phase, done: self.done, total, rate, eta }
    }
}
