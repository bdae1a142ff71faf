//! Records by stream, for projections whose documents depend on the versions before them.

use std::collections::BTreeMap;

use platform::bus::Record;
use platform::error::Chain;

use super::{Feed, Outcome};
use crate::error::ProjectorError;
use crate::projection::ApplyError;

/// Records of one stream by version, each once.
pub(super) type Versions = BTreeMap<u64, Record>;

/// Records by stream.
pub(super) type Streams = BTreeMap<String, Versions>;

pub(super) fn by_stream(records: &[Record]) -> Streams {
    let mut streams = Streams::new();
    for record in records {
        let stream = streams.entry(record.envelope.stream.to_string()).or_default();
        stream.insert(record.envelope.version, record.clone());
    }
    streams
}

/// The streams of these records, without the records.
pub(super) fn named(records: &[Record]) -> Streams {
    records.iter().map(|record| (record.envelope.stream.to_string(), Versions::new())).collect()
}

/// Whether these versions follow `version` without a gap.
pub(super) fn follow_on(version: u64, records: &Versions) -> bool {
    records.keys().zip(version + 1..).all(|(version, expected)| *version == expected)
}

/// How many of these records, which are in order, follow `version` without a gap.
pub(super) fn ready(version: u64, records: &[Record]) -> usize {
    let expected = version + 1..;
    records.iter().zip(expected).take_while(|(record, expected)| record.envelope.version == *expected).count()
}

/// Adds the quarantined records of a stream.
pub(super) async fn add_quarantined(
    feed: &Feed,
    stream: &str,
    records: &mut Versions,
) -> Result<(), ProjectorError> {
    for record in feed.quarantine.of_stream(stream).await? {
        records.entry(record.envelope.version).or_insert(record);
    }
    Ok(())
}

/// Adds the records of a stream after `version` that its source has.
pub(super) async fn add_skipped(
    feed: &Feed,
    stream: &str,
    version: u64,
    records: &mut Versions,
) -> Result<(), ProjectorError> {
    let Some(topic) = records.values().next().map(|record| record.topic) else { return Ok(()) };
    tracing::error!(
        projection = feed.projection.name(),
        stream,
        version,
        next = records.keys().next(),
        "a version was skipped; reading the stream again"
    );
    for record in feed.source.stream(topic, stream, version).await? {
        records.entry(record.envelope.version).or_insert(record);
    }
    Ok(())
}

/// Puts records of one stream into quarantine. The first cannot be applied, because of the problem or because the version after
/// `version` is missing; the others wait behind it.
pub(super) fn quarantine(
    feed: &Feed,
    records: &[Record],
    problem: Option<&ApplyError>,
    version: u64,
    outcome: &mut Outcome,
) {
    let Some((first, behind)) = records.split_first() else { return };
    let problem = match problem {
        Some(problem) => Chain(problem).to_string(),
        None => format!("version {} of the stream is missing", version + 1),
    };
    tracing::error!(
        projection = feed.projection.name(),
        stream = %first.envelope.stream,
        version = first.envelope.version,
        event = first.envelope.name,
        problem,
        "event not applied; its stream is quarantined"
    );
    outcome.quarantine.push((first.clone(), Some(problem)));
    outcome.quarantine.extend(behind.iter().map(|record| (record.clone(), None)));
}
