//! Stored documents and writes.

use std::collections::HashSet;

use super::{Generation, StoreError};

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Unique in its generation.
    pub id: String,
    /// Rises with every write.
    pub version: u64,
    /// JSON text; `None` is a tombstone. A canonical text, as `serde_json` prints it (compact, fields in their order), is
    /// answered as it was written; of any other text the canonical form may be answered.
    pub body: Option<String>,
    /// An event of its stream is quarantined: the document does not change until that event can be applied.
    pub stale: bool,
}

/// A write of one document. The store keeps it only if `version` is newer than the stored one (a tombstone counts), or if it
/// marks the document stale at the same version.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The document's id.
    pub id: String,
    /// The version after the write; from 1.
    pub version: u64,
    /// JSON text; `None` deletes the document and leaves a tombstone.
    pub body: Option<String>,
    /// See [`Stored::stale`].
    pub stale: bool,
}

/// Refuses a batch that names an id twice, with [`StoreError::DuplicateId`]. Every backend calls it before it writes.
pub fn refuse_duplicates(generation: &Generation, writes: &[Write]) -> Result<(), StoreError> {
    let mut ids = HashSet::with_capacity(writes.len());
    match writes.iter().find(|write| !ids.insert(write.id.as_str())) {
        None => Ok(()),
        Some(write) => {
            Err(StoreError::DuplicateId { collection: generation.collection.clone(), id: write.id.clone() })
        }
    }
}

/// A point in the stream of changes of a collection. Opaque: it means something only to the handle that returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeToken(Vec<u8>);

impl ChangeToken {
    /// For backends: a token with this content.
    pub fn new(content: impl Into<Vec<u8>>) -> Self {
        Self(content.into())
    }

    /// For backends: the content of a token.
    pub fn content(&self) -> &[u8] {
        &self.0
    }
}
