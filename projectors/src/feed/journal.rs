//! Adding batches to journals.

use std::collections::HashSet;

use platform::bus::Record;
use platform::error::Chain;
use read_models::Write;

use super::{Outcome, WRITTEN};
use crate::projection::Enter;

/// Entries do not depend on each other, so nothing waits behind one that cannot be made. A record that was delivered twice
/// counts once.
pub(super) fn work(enter: &dyn Enter, records: &[Record]) -> Outcome {
    let (mut outcome, mut seen) = (Outcome::default(), HashSet::new());
    for record in records.iter().filter(|record| seen.insert(record.envelope.id)) {
        apply(enter, record, &mut outcome);
    }
    outcome
}

pub(super) fn retry(enter: &dyn Enter, records: &[Record]) -> Outcome {
    let mut outcome = Outcome::default();
    for record in records {
        if apply(enter, record, &mut outcome) {
            outcome.release.push(record.clone());
        }
    }
    outcome
}

fn apply(enter: &dyn Enter, record: &Record, outcome: &mut Outcome) -> bool {
    match enter.entries(record) {
        Ok(entries) => {
            let write = |(id, body)| Write { id, version: WRITTEN, body: Some(body), stale: false };
            outcome.writes.extend(entries.into_iter().map(write));
            true
        }
        Err(problem) => {
            outcome.quarantine.push((record.clone(), Some(Chain(&problem).to_string())));
            false
        }
    }
}
