//! Events about failed reactions of a reactor. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{count, event_body, event_set};
use crate::{EventId, StreamId};

/// The stream on which a context records the outcome of reactions to `source` by `reactor`.
pub fn stream(reactor: &str, source: &StreamId) -> StreamId {
    StreamId::new("reaction", format_args!("{reactor}-{source}"))
}

event_set! {
    /// Events about reactions that failed.
    ReactionEvent of "reaction" { ReactionParked, ReactionRedriven }
}

/// A reactor gave up on an event for now. This event and all later events of its stream wait, unchanged, until an
/// operator redrives them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReactionParked {
    /// Name of the reactor, for example `payments-orders`.
    pub reactor: String,
    /// Stream whose events wait.
    pub source: StreamId,
    /// Version of the failed event within `source`.
    pub source_version: u64,
    /// Id of the failed event.
    pub event_id: EventId,
    /// Full type of the failed event, for example `chorale.order.OrderPlaced.v1`.
    pub event_type: String,
    /// Number of times that the reaction was tried.
    pub attempts: u32,
    /// Error message of the last try; never contains personal data.
    pub error: String,
}
event_body!(ReactionParked, |e| format!(
    "{} parked {} version {} after {}",
    e.reactor,
    e.source,
    e.source_version,
    count(e.attempts as usize, "attempt", "attempts")
));

/// An operator asked the reactor to handle the waiting events of a stream again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReactionRedriven {
    /// Name of the reactor, for example `payments-orders`.
    pub reactor: String,
    /// Stream whose events were waiting.
    pub source: StreamId,
    /// Version within `source` from which events are handled again.
    pub from_version: u64,
}
event_body!(ReactionRedriven, |e| format!(
    "{} handles {} again from version {}",
    e.reactor, e.source, e.from_version
));
