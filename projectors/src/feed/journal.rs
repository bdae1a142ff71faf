//! Entering batches into journals.

use platform::bus::Record;
use read_models::Write;

use super::Outcome;
use crate::error::chain;
use crate::projection::Enter;

/// The only version of an entry: it is there or it is not.
const WRITTEN: u64 = 1;

/// Entries do not build on each other, so nothing waits behind one that cannot be made.
pub(super) fn work(enter: &dyn Enter, records: &[Record]) -> Outcome {
    let mut outcome = Outcome::default();
    for record in records {
        try_one(enter, record, &mut outcome);
    }
    outcome
}

pub(super) fn retry(enter: &dyn Enter, records: &[Record]) -> Outcome {
    let mut outcome = Outcome::default();
    for record in records {
        if try_one(enter, record, &mut outcome) {
            outcome.settle.push(record.clone());
        }
    }
    outcome
}

fn try_one(enter: &dyn Enter, record: &Record, outcome: &mut Outcome) -> bool {
    match enter.entries(record) {
        Ok(entries) => {
            let write = |(id, body)| Write { id, version: WRITTEN, body: Some(body), stale: false };
            outcome.writes.extend(entries.into_iter().map(write));
            true
        }
        Err(problem) => {
            outcome.hold.push((record.clone(), Some(chain(&problem))));
            false
        }
    }
}
