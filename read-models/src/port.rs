//! The ports of the read side, each as small as what its engines can do:
//!
//! | port | what it does | who can do it |
//! |---|---|---|
//! | [`Keyed`], [`Generations`], [`Scan`] | documents by id with guarded versions, positions, changes | any engine, Redis included |
//! | [`Queries`] | pages and counts over indexed fields | SQLite, MongoDB |
//! | [`Repairs`] | corrects documents that were altered from outside | engines whose documents can be compared with the events: those with [`Scan`] |
//! | [`Quarantine`], [`Rebuilds`], [`Sources`] | operational state | engines that never evict |
//!
//! A store holds **generations** of collections. A document has a version, and a write is kept only if it is newer than the
//! stored version: of two writers the older never wins, and writing twice is writing once. A deletion leaves a tombstone
//! with its version. Positions of the topics that feed a generation are kept in the same store, after the documents.

mod collection;
mod document;
mod error;
mod keys;
mod operations;
mod query;
mod repairs;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use platform::bus::Positions;

pub use collection::{Collection, Generation, GenerationState, Index, Streams};
pub use document::{ChangeToken, Stored, Write, refuse_duplicates};
pub use error::StoreError;
pub use keys::{KeyFields, Keys, Value};
pub use operations::{
    EventKey, Quarantine, QuarantineCount, QuarantinedEvent, Rebuild, RebuildState, Rebuilds, Sources,
};
pub use query::{Cursor, Direction, Filter, Found, MAX_PAGE, Place, Query};
pub use repairs::Repairs;

/// How long after [`Generations::switch`] a handle may still answer the generation that was live before.
pub const SWITCH_VISIBLE_WITHIN: Duration = Duration::from_secs(1);

/// Documents by id.
#[async_trait]
pub trait Keyed: Send + Sync {
    /// The documents with these ids, in their order; `None` for one that was never written. Tombstones are answered.
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError>;

    /// Writes each document whose version is newer than the stored one, then sets the given positions, unless they are higher already (others stay). No
    /// reader sees the positions before the documents. A batch that names an id twice, or holds a body that is not JSON or
    /// has no proper keys, is refused as a whole. Does not tell which documents were kept.
    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError>;

    /// Writes one document if its version is newer than the stored one. Of several callers with the same version exactly one
    /// gets `true`.
    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError>;

    /// The positions of a generation. Those of topics that this program does not know are left out.
    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError>;

    /// [`positions`](Self::positions), for a writer that continues from them. Afterwards [`write`](Self::write) through this
    /// handle fails if the stored positions are behind those that it has read here or written since: the store was restored
    /// to an earlier moment, so documents that the writer relies on are gone. Engines that cannot be restored while they are
    /// open need not check.
    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError>;

    /// Waits until something was written to the collection after `since`, by any process, at most `timeout`. Answers the
    /// token for the next call: the same one if nothing was written. With `None` it answers at once. The token may change
    /// without a write to this collection, but never stays the same after one.
    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError>;
}

/// All documents, for comparisons.
pub trait Scan: Send + Sync {
    /// The documents that are not deleted, each once, in the order of their ids, also of a shape that this program does not
    /// declare. Documents that are written meanwhile are
    /// among them in their old or their new version, or not. [`StoreError::NoGeneration`] at once if there is no such
    /// generation.
    fn scan(&self, generation: &Generation) -> BoxStream<'static, Result<Stored, StoreError>>;
}

/// Pages and counts over indexed fields.
#[async_trait]
pub trait Queries: Send + Sync {
    /// A page.
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError>;

    /// The places and versions of the documents of a page, without their bodies.
    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError>;

    /// How many documents match `filters`, counting no further than `limit`.
    async fn count(&self, generation: &Generation, filters: &[Filter], limit: u64)
    -> Result<u64, StoreError>;
}

/// The generations of a store.
#[async_trait]
pub trait Generations: Send + Sync {
    /// All of them with their state, sorted. At most one of a collection and shape is live.
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError>;

    /// The live generation of the collection's shape; the first caller creates generation 1 as live. The answer may come
    /// from a cached pointer: it follows a switch within [`SWITCH_VISIBLE_WITHIN`], and a handle that has answered the new
    /// generation does not answer the old one again.
    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError>;

    /// A new, empty generation beside the live one.
    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError>;

    /// Makes this generation live and retires the live one, in one atomic step.
    async fn switch(&self, to: &Generation) -> Result<(), StoreError>;

    /// Drops a generation that is not live, with documents and positions. Its number is never used again.
    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError>;
}
