//! Adding batches to sums.

use std::collections::{HashMap, HashSet};

use platform::bus::Record;
use platform::error::Chain;
use read_models::Write;

use super::quarantine::key;
use super::{Feed, Outcome};
use crate::error::ProjectorError;
use crate::projection::{Add, ApplyError};

/// Versions and bodies of the documents that a batch changes, by id.
type Sums = HashMap<String, (u64, Option<String>)>;

pub(super) async fn work(feed: &Feed, add: &dyn Add, records: &[Record]) -> Result<Outcome, ProjectorError> {
    let mut outcome = Outcome::default();
    let mut counted = Vec::new();
    for record in records {
        match add.keys(record) {
            Ok(keys) if keys.is_empty() => {}
            Ok(keys) => counted.push((record, keys)),
            Err(problem) => outcome.quarantine.push((record.clone(), Some(Chain(&problem).to_string()))),
        }
    }
    // Later positions may be in the sums already, so an event that was quarantined is only counted in a document of its own.
    let quarantined = feed.quarantine.known(counted.iter().map(|(record, _)| *record)).await?;
    let mut sums = load(feed, &counted).await?;
    let mut touched = HashSet::new();
    for (record, keys) in counted.into_iter().filter(|(record, _)| !quarantined.contains(&key(record))) {
        match add_one(add, record, &keys, &sums) {
            Ok(added) => {
                touched.extend(added.iter().map(|(id, _)| id.clone()));
                sums.extend(added.into_iter().map(|(id, body)| (id, (version(record), Some(body)))));
            }
            Err(problem) => outcome.quarantine.push((record.clone(), Some(Chain(&problem).to_string()))),
        }
    }
    let mut ids: Vec<_> = touched.into_iter().collect();
    ids.sort_unstable();
    for id in ids {
        if let Some((version, body)) = sums.remove(&id) {
            outcome.writes.push(Write { id, version, body, stale: false });
        }
    }
    Ok(outcome)
}

/// A quarantined event is counted in documents of its own, each written once.
pub(super) fn retry(add: &dyn Add, records: &[Record]) -> Outcome {
    let mut outcome = Outcome::default();
    for record in records {
        let added = add.keys(record).and_then(|keys| add_one(add, record, &keys, &Sums::new()));
        match added {
            Ok(added) => {
                let write = |(id, body)| Write {
                    id: format!("{id}/{}", record.envelope.id),
                    version: version(record),
                    body: Some(body),
                    stale: false,
                };
                outcome.writes.extend(added.into_iter().map(write));
                outcome.release.push(record.clone());
            }
            Err(problem) => outcome.quarantine.push((record.clone(), Some(Chain(&problem).to_string()))),
        }
    }
    outcome
}

/// The documents after the record: all that it counts for and that do not contain it yet, or an error and none.
fn add_one(
    add: &dyn Add,
    record: &Record,
    keys: &[String],
    sums: &Sums,
) -> Result<Vec<(String, String)>, ApplyError> {
    let (mut ids, mut before) = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()));
    for sum in keys {
        let id = id(sum, record);
        let (seen, body) = sums.get(&id).map_or((0, None), |(seen, body)| (*seen, body.as_deref()));
        if seen < version(record) {
            ids.push(id);
            before.push((sum.as_str(), body));
        }
    }
    Ok(ids.into_iter().zip(add.add(&before, record)?).collect())
}

async fn load(feed: &Feed, counted: &[(&Record, Vec<String>)]) -> Result<Sums, ProjectorError> {
    let ids = counted.iter().flat_map(|(record, keys)| keys.iter().map(|sum| id(sum, record)));
    let ids: Vec<String> = ids.collect::<HashSet<_>>().into_iter().collect();
    let stored = feed.store.keyed.load(&feed.generation, &ids).await?;
    Ok(stored.into_iter().flatten().map(|one| (one.id, (one.version, one.body))).collect())
}

fn id(sum: &str, record: &Record) -> String {
    format!("{sum}/{}", record.partition())
}

/// Rises within a partition, on every bus.
fn version(record: &Record) -> u64 {
    record.envelope.position
}
