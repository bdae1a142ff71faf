//! Rebuilds of projections: who is at it, and how far. Id: the collection that is rebuilt.

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index};

/// One document per collection; its version is what takes the lease.
pub static REBUILDS: Collection =
    Collection { name: "rebuilds", shape: 1, indexes: &[Index::Pair("state", "startedAt")] };

/// The last rebuild of a collection. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebuild {
    /// Which collection.
    pub collection: String,
    /// The number of the generation that is built.
    pub generation: u32,
    /// Who is at it: a random id per rebuild.
    pub owner: String,
    /// `RUNNING`, `SWITCHED`, `DIFFERENT` (nothing was switched) or `FAILED`.
    pub state: String,
    /// Records fed so far.
    pub done: u64,
    /// Records there are.
    pub total: u64,
    /// Ids of documents that differ, at most 100.
    pub differences: Vec<String>,
    /// When it began.
    pub started_at: String,
    /// The last sign of life; one that is running and silent for long was killed.
    pub alive_at: String,
}
