//! Correcting documents that were not written by their projection.

use async_trait::async_trait;

use super::{Generation, StoreError, Write};

/// Puts a document right that is wrong although its version is not old: one that was altered, removed or added from outside.
/// [`Keyed::write`](super::Keyed::write) cannot, because it keeps what is stored if the version is the same or newer. For
/// repairs only: the caller must know what the document should be, and read it again afterwards, because a writer may have
/// read the wrong document before and written after.
#[async_trait]
pub trait Repairs: Send + Sync {
    /// Stores `write` in the place of the document with its id, whatever that holds, unless its version is newer than `seen`:
    /// then it was written meanwhile. A document that is not stored, or has no version that is a number, is replaced.
    /// The version may become lower. Answers whether it did. Positions stay as they are.
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError>;

    /// Removes a document without a tombstone, unless its version is newer than `seen`. Answers whether it did.
    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError>;
}
