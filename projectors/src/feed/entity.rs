//! Applying batches to entities.

use std::collections::{BTreeMap, BTreeSet};

use platform::bus::Record;
use platform::error::Chain;
use read_models::{Stored, Write};

use super::{Feed, Outcome};
use crate::error::ProjectorError;
use crate::projection::Evolve;

/// Records by stream, then by version, each once.
type Streams = BTreeMap<String, BTreeMap<u64, Record>>;

pub(super) async fn work(
    feed: &Feed,
    evolve: &dyn Evolve,
    records: &[Record],
) -> Result<Outcome, ProjectorError> {
    let mut streams = Streams::new();
    for record in records {
        let stream = streams.entry(record.envelope.stream.to_string()).or_default();
        stream.insert(record.envelope.version, record.clone());
    }
    let waiting = feed.quarantine.streams().await?;
    fold(feed, evolve, streams, &waiting).await
}

/// Tries the streams of these quarantined records again, from the versions of their documents.
pub(super) async fn retry(
    feed: &Feed,
    evolve: &dyn Evolve,
    records: &[Record],
) -> Result<Outcome, ProjectorError> {
    let streams: Streams =
        records.iter().map(|record| (record.envelope.stream.to_string(), BTreeMap::new())).collect();
    let waiting = streams.keys().cloned().collect();
    fold(feed, evolve, streams, &waiting).await
}

async fn fold(
    feed: &Feed,
    evolve: &dyn Evolve,
    streams: Streams,
    waiting: &BTreeSet<String>,
) -> Result<Outcome, ProjectorError> {
    let ids: Vec<String> = streams.keys().cloned().collect();
    let stored = feed.store.keyed.load(&feed.generation, &ids).await?;
    let mut outcome = Outcome::default();
    for ((id, records), stored) in streams.into_iter().zip(stored) {
        let quarantined = waiting.contains(&id);
        fold_stream(feed, evolve, Document::of(id, stored), records, quarantined, &mut outcome).await?;
    }
    Ok(outcome)
}

/// The stored document, or version 0 before the first event.
struct Document {
    id: String,
    version: u64,
    body: Option<String>,
    stale: bool,
}

impl Document {
    fn of(id: String, stored: Option<Stored>) -> Self {
        match stored {
            Some(Stored { version, body, stale, .. }) => Self { id, version, body, stale },
            None => Self { id, version: 0, body: None, stale: false },
        }
    }
}

async fn fold_stream(
    feed: &Feed,
    evolve: &dyn Evolve,
    document: Document,
    mut records: BTreeMap<u64, Record>,
    quarantined: bool,
    outcome: &mut Outcome,
) -> Result<(), ProjectorError> {
    if !quarantined {
        records.retain(|version, _| *version > document.version);
        if records.is_empty() {
            return Ok(());
        }
    }
    if quarantined || !follow_on(document.version, &records) {
        complete(feed, &document, &mut records, outcome).await?;
    }
    let records: Vec<Record> = records.into_values().collect();
    let mut expected = document.version;
    let ready = records.iter().take_while(|record| {
        expected += 1;
        record.envelope.version == expected
    });
    let ready = ready.count();
    let folded = evolve.fold(document.body.as_deref(), records.get(..ready).unwrap_or_default());
    let (applied, waiting) = records.split_at(folded.applied.min(records.len()));
    if quarantined {
        outcome.release.extend_from_slice(applied);
    }
    if let Some((first, behind)) = waiting.split_first() {
        let problem = match &folded.problem {
            Some(problem) => Chain(problem).to_string(),
            None => {
                format!("version {} of the stream is missing", document.version + folded.applied as u64 + 1)
            }
        };
        report(feed, first, &problem);
        outcome.quarantine.push((first.clone(), Some(problem)));
        outcome.quarantine.extend(behind.iter().map(|record| (record.clone(), None)));
    }
    let version = document.version + folded.applied as u64;
    let stale = !waiting.is_empty();
    // A stream whose first event cannot be applied has no document that could be marked stale.
    if version > 0 && (version > document.version || (stale && !document.stale)) {
        outcome.writes.push(Write { id: document.id, version, body: folded.body, stale });
    }
    Ok(())
}

/// Adds the quarantined records of the stream and, if a version is still missing, the records of its source.
async fn complete(
    feed: &Feed,
    document: &Document,
    records: &mut BTreeMap<u64, Record>,
    outcome: &mut Outcome,
) -> Result<(), ProjectorError> {
    for record in feed.quarantine.of_stream(&document.id).await? {
        records.entry(record.envelope.version).or_insert(record);
    }
    // The process stopped between the write and the release.
    let past = records.extract_if(..=document.version, |_, _| true);
    outcome.release.extend(past.map(|(_, record)| record));
    if follow_on(document.version, records) {
        return Ok(());
    }
    let Some(topic) = records.values().next().map(|record| record.topic) else { return Ok(()) };
    tracing::error!(
        projection = feed.projection.name(),
        stream = document.id,
        version = document.version,
        next = records.keys().next(),
        "a version was skipped; reading the stream again"
    );
    for record in feed.source.stream(topic, &document.id, document.version).await? {
        records.entry(record.envelope.version).or_insert(record);
    }
    Ok(())
}

/// Whether these versions follow `version` without a gap.
fn follow_on(version: u64, records: &BTreeMap<u64, Record>) -> bool {
    records.keys().zip(version + 1..).all(|(version, expected)| *version == expected)
}

fn report(feed: &Feed, record: &Record, problem: &str) {
    tracing::error!(
        projection = feed.projection.name(),
        stream = %record.envelope.stream,
        version = record.envelope.version,
        event = record.envelope.name,
        problem,
        "event not applied; its stream is quarantined"
    );
}
