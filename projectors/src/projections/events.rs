//! Every event of every topic.

use platform::bus::Record;
use read_models::documents::events::{self, EventEntry};
use schemas::Topic;
use schemas::envelope::Spoken;

use crate::projection::{ApplyError, Entry, Journal, Projection};
use crate::published::{actor, time};

/// Journal of all topics.
pub static EVENTS: Projection = Projection::journal(&events::EVENTS, &Topic::ALL, &Journal(entries));

/// The event itself. Its body is not decoded, so that auditors also see events that no other projection can apply.
pub fn entries(record: &Record) -> Result<Vec<Entry<EventEntry>>, ApplyError> {
    let envelope = &record.envelope;
    let spoken = Spoken::read(&record.payload)?;
    let document = EventEntry {
        event_id: envelope.id.to_string(),
        kind: envelope.full_type(),
        name: envelope.name.clone(),
        stream: envelope.stream.to_string(),
        version: envelope.version,
        context: envelope.context.name().to_owned(),
        topic: record.topic.name().to_owned(),
        position: envelope.position,
        epoch: envelope.epoch.to_string(),
        correlation_id: envelope.correlation.to_string(),
        causation_id: envelope.causation.to_string(),
        traceparent: envelope.traceparent.clone(),
        hash: envelope.hash.clone(),
        at: time(envelope.time),
        summary: spoken.summary,
        actor: actor(&spoken.actor),
        payload: record.payload.to_string(),
    };
    Ok(vec![Entry { id: envelope.id.to_string(), document }])
}
