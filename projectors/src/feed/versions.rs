//! Applying batches to versions.
//!
//! The version before the first record of a stream is the document that the batch is folded onto. So a batch that is delivered
//! again, or that was written in part, writes the same documents again.

use std::collections::{BTreeSet, HashMap};

use platform::bus::Record;
use read_models::Write;
use read_models::documents::versions;

use super::streams::{self, Streams, Versions};
use super::{Feed, Outcome, WRITTEN};
use crate::error::ProjectorError;
use crate::projection::Keep;

pub(super) async fn work(
    feed: &Feed,
    keep: &dyn Keep,
    records: &[Record],
) -> Result<Outcome, ProjectorError> {
    let waiting = feed.quarantine.streams().await?;
    fold(feed, keep, streams::by_stream(records), &waiting).await
}

/// Tries the streams of these quarantined records again.
pub(super) async fn retry(
    feed: &Feed,
    keep: &dyn Keep,
    records: &[Record],
) -> Result<Outcome, ProjectorError> {
    let streams = streams::named(records);
    let waiting = streams.keys().cloned().collect();
    fold(feed, keep, streams, &waiting).await
}

async fn fold(
    feed: &Feed,
    keep: &dyn Keep,
    mut streams: Streams,
    waiting: &BTreeSet<String>,
) -> Result<Outcome, ProjectorError> {
    for (stream, records) in &mut streams {
        if waiting.contains(stream) {
            streams::add_quarantined(feed, stream, records).await?;
        }
    }
    let before = |(stream, records): (&String, &Versions)| {
        let version = records.keys().next()?.checked_sub(1).filter(|version| *version > 0)?;
        Some(versions::id(stream, version))
    };
    let ids: Vec<String> = streams.iter().filter_map(before).collect();
    let stored = feed.store.keyed.load(&feed.generation, &ids).await?;
    let mut bodies: HashMap<String, Option<String>> =
        stored.into_iter().flatten().map(|one| (one.id, one.body)).collect();
    let mut outcome = Outcome::default();
    for (stream, records) in streams {
        let before = before((&stream, &records)).and_then(|id| bodies.remove(&id)).flatten();
        let is_quarantined = waiting.contains(&stream);
        fold_stream(feed, keep, Stream { id: stream, before, is_quarantined }, records, &mut outcome).await?;
    }
    Ok(outcome)
}

struct Stream {
    id: String,
    /// The version before the first record; `None` before the first version, or if it is not there.
    before: Option<String>,
    is_quarantined: bool,
}

async fn fold_stream(
    feed: &Feed,
    keep: &dyn Keep,
    stream: Stream,
    mut records: Versions,
    outcome: &mut Outcome,
) -> Result<(), ProjectorError> {
    let Some(first) = records.keys().next().copied() else { return Ok(()) };
    // Without the version before, all versions are made again.
    let version = stream.before.as_ref().map_or(0, |_| first.saturating_sub(1));
    if !streams::follow_on(version, &records) {
        streams::add_skipped(feed, &stream.id, version, &mut records).await?;
    }
    let records: Vec<Record> = records.into_values().collect();
    let ready = records.get(..streams::ready(version, &records)).unwrap_or_default();
    let kept = keep.fold(stream.before.as_deref(), ready);
    let writes = ready.iter().zip(kept.bodies);
    let count = outcome.writes.len();
    outcome.writes.extend(writes.map(|(record, body)| Write {
        id: versions::id(&stream.id, record.envelope.version),
        version: WRITTEN,
        body: Some(body),
        stale: false,
    }));
    let (applied, left) = records.split_at((outcome.writes.len() - count).min(records.len()));
    if stream.is_quarantined {
        outcome.release.extend_from_slice(applied);
    }
    streams::quarantine(feed, left, kept.problem.as_ref(), version + applied.len() as u64, outcome);
    Ok(())
}
