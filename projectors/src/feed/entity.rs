//! Applying batches to entities.

use std::collections::BTreeSet;

use platform::bus::Record;
use read_models::{Stored, Write};

use super::streams::{self, Streams, Versions};
use super::{Feed, Outcome};
use crate::error::ProjectorError;
use crate::projection::Evolve;

pub(super) async fn work(
    feed: &Feed,
    evolve: &dyn Evolve,
    records: &[Record],
) -> Result<Outcome, ProjectorError> {
    let waiting = feed.quarantine.streams().await?;
    fold(feed, evolve, streams::by_stream(records), &waiting).await
}

/// Tries the streams of these quarantined records again, from the versions of their documents.
pub(super) async fn retry(
    feed: &Feed,
    evolve: &dyn Evolve,
    records: &[Record],
) -> Result<Outcome, ProjectorError> {
    let streams = streams::named(records);
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
    mut records: Versions,
    quarantined: bool,
    outcome: &mut Outcome,
) -> Result<(), ProjectorError> {
    if !quarantined {
        records.retain(|version, _| *version > document.version);
        if records.is_empty() {
            return Ok(());
        }
    }
    if quarantined || !streams::follow_on(document.version, &records) {
        complete(feed, &document, &mut records, outcome).await?;
    }
    let records: Vec<Record> = records.into_values().collect();
    let ready = streams::ready(document.version, &records);
    let folded = evolve.fold(document.body.as_deref(), records.get(..ready).unwrap_or_default());
    let (applied, waiting) = records.split_at(folded.applied.min(records.len()));
    if quarantined {
        outcome.release.extend_from_slice(applied);
    }
    let version = document.version + folded.applied as u64;
    streams::quarantine(feed, waiting, folded.problem.as_ref(), version, outcome);
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
    records: &mut Versions,
    outcome: &mut Outcome,
) -> Result<(), ProjectorError> {
    streams::add_quarantined(feed, &document.id, records).await?;
    // The process stopped between the write and the release.
    let past = records.extract_if(..=document.version, |_, _| true);
    outcome.release.extend(past.map(|(_, record)| record));
    if streams::follow_on(document.version, records) {
        return Ok(());
    }
    streams::add_skipped(feed, &document.id, document.version, records).await
}
