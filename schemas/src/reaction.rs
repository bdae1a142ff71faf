//! Events that tell what became of a reactor's work. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{EventId, StreamId};

/// The stream on which a context records the outcome of reactions to `source` by `reactor`.
pub fn stream(reactor: &str, source: &StreamId) -> StreamId {
    StreamId::new("reaction", format_args!("{reactor}-{source}"))
}

event_set! {
    /// What happens when a reaction cannot be carried out.
    ReactionEvent of "reaction" { ReactionParked, ReactionRedriven }
}

/// A reactor gave up on an event for now. This and the later events of the stream wait, verbatim, for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReactionParked {
    /// Who gave up.
    pub reactor: String,
    /// The stream that waits.
    pub source: StreamId,
    /// The version of the event in that stream.
    pub source_version: u64,
    /// The event.
    pub event_id: EventId,
    /// Its full type.
    pub event_type: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong.
    pub error: String,
}
event_body!(ReactionParked, |e| format!(
    "{} parked {} version {} after {} attempts",
    e.reactor, e.source, e.source_version, e.attempts
));

/// Somebody asked for the waiting events of a stream to be handled again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReactionRedriven {
    /// Whose work.
    pub reactor: String,
    /// The stream that waited.
    pub source: StreamId,
    /// From which version on.
    pub from_version: u64,
}
event_body!(ReactionRedriven, |e| format!("{} tries {} again", e.reactor, e.source));
