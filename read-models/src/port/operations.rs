//! Operational state: what projectors must not lose and cannot derive from the topics. It is kept where nothing evicts it,
//! apart from the documents, which can be rebuilt.

use std::collections::HashSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Generation, StoreError};

/// An event that a projection could not apply, or that waits behind such an event of its stream, verbatim.
#[derive(Clone, Debug, PartialEq)]
pub struct QuarantinedEvent {
    /// Its stream and version.
    pub key: EventKey,
    /// Its topic.
    pub topic: String,
    /// The partition of the topic.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// When the event was recorded: RFC 3339 in UTC.
    pub at: String,
    /// Why it could not be applied; `None` for one that only waits behind another.
    pub error: Option<String>,
    /// The record's attributes, as JSON text.
    pub envelope: String,
    /// The record's payload.
    pub payload: String,
}

/// Names an event. Sorts by stream, then by version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey {
    /// The stream's id.
    pub stream: String,
    /// The event's version in the stream; from 1.
    pub version: u64,
}

/// How many events of a generation were quarantined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuarantineCount {
    /// Still waiting.
    pub waiting: u64,
    /// Streams with waiting events.
    pub streams: u64,
    /// Waiting or released.
    pub ever: u64,
}

/// Quarantined events, per generation. An event that was released stays known as long as its generation exists.
#[async_trait]
pub trait Quarantine: Send + Sync {
    /// Adds events. One that is waiting stays as it is; one that was released waits again.
    async fn add(&self, generation: &Generation, events: &[QuarantinedEvent]) -> Result<(), StoreError>;

    /// Marks events as applied. Unknown ones are ignored.
    async fn release(&self, generation: &Generation, keys: &[EventKey]) -> Result<(), StoreError>;

    /// Waiting events in the order of their keys, at most `limit`: those of one stream or, with `None`, of all; after a key.
    async fn waiting(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<QuarantinedEvent>, StoreError>;

    /// Which of these were ever quarantined, released ones included.
    async fn known(
        &self,
        generation: &Generation,
        keys: &[EventKey],
    ) -> Result<HashSet<EventKey>, StoreError>;

    /// Counts the events of a generation.
    async fn count(&self, generation: &Generation) -> Result<QuarantineCount, StoreError>;

    /// Deletes everything about a generation.
    async fn forget(&self, generation: &Generation) -> Result<(), StoreError>;
}

/// The state of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RebuildState {
    /// Under way, if its heartbeat is recent.
    Running,
    /// The new generation is live.
    Switched,
    /// Ended without a switch: the new documents differ from the live ones, or were only built to verify those. `differences`
    /// names what was found.
    Different,
    /// Ended with an error.
    Failed,
}

/// The last rebuild of a collection, which is also the lease of the process that runs it. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebuild {
    /// The collection.
    pub collection: String,
    /// The number of the generation that is built; 0 before there is one.
    pub generation: u32,
    /// A random id of the rebuild.
    pub owner: String,
    /// See [`RebuildState`].
    pub state: RebuildState,
    /// Records applied so far.
    pub done: u64,
    /// Records to apply, as far as known.
    pub total: u64,
    /// Records per second since it began; `None` before it has measured any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_per_second: Option<f64>,
    /// Ids of documents that differ, at most 100.
    pub differences: Vec<String>,
    /// RFC 3339 in UTC.
    pub started_at: String,
    /// The last heartbeat: RFC 3339 in UTC.
    pub alive_at: String,
}

/// Rebuilds of collections: one record per collection, changed by compare-and-set.
#[async_trait]
pub trait Rebuilds: Send + Sync {
    /// The record of a collection and its revision; `None` before the first rebuild.
    async fn rebuild(&self, collection: &str) -> Result<Option<(Rebuild, u64)>, StoreError>;

    /// Writes the record as revision `expected + 1`, if its revision is `expected` (0: there is none). Answers whether it
    /// did.
    async fn put_rebuild(&self, rebuild: &Rebuild, expected: u64) -> Result<bool, StoreError>;
}

/// The logs that the documents are built from. Positions mean nothing in another log.
#[async_trait]
pub trait Sources: Send + Sync {
    /// Records the epoch of a context's log, unless one is recorded. Answers the recorded epoch.
    async fn claim_source(&self, context: &str, epoch: &str) -> Result<String, StoreError>;
}
