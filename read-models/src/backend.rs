//! What the backends share.

use std::collections::HashMap;

use crate::port::{Collection, Filter, Generation, StoreError, Stored, Streams};

/// Stands for every collection that this program does not know.
static UNKNOWN: Collection =
    Collection { name: "of another program", shape: 0, streams: Streams::Other, hot: false, indexes: &[] };

/// The collections that this program knows.
pub(crate) struct Declared(Vec<&'static Collection>);

impl Declared {
    pub(crate) fn new(collections: &[&'static Collection]) -> Self {
        Self(collections.to_vec())
    }

    /// The collection of a generation, if this program knows it in this shape.
    pub(crate) fn of(&self, generation: &Generation) -> Option<&'static Collection> {
        let known = |one: &&&Collection| one.name == generation.collection && one.shape == generation.shape;
        self.0.iter().find(known).copied()
    }

    /// The collection of a generation, whose indexes must cover `filters`. One that this program does not know, such as an
    /// earlier shape, has no indexes, and can only be read from its first to its last document.
    pub(crate) fn indexed(
        &self,
        generation: &Generation,
        filters: &[Filter],
    ) -> Result<&'static Collection, StoreError> {
        let no_index = || StoreError::NoIndex {
            collection: generation.collection.clone(),
            field: format!("shape {}", generation.shape),
        };
        let Some(collection) = self.of(generation) else {
            return if filters.is_empty() { Ok(&UNKNOWN) } else { Err(no_index()) };
        };
        collection.check_filters(filters)?;
        Ok(collection)
    }
}

/// The found documents in the order of `ids`.
pub(crate) fn in_order(ids: &[String], found: Vec<Stored>) -> Vec<Option<Stored>> {
    let found: HashMap<String, Stored> = found.into_iter().map(|one| (one.id.clone(), one)).collect();
    ids.iter().map(|id| found.get(id).cloned()).collect()
}

/// A version or position for an engine whose integers are signed.
pub(crate) fn whole(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|error| {
        let message = format!("{number} is too large for a version or position");
        StoreError::Unavailable(message, Some(Box::new(error)))
    })
}

/// A count, version or position from the store.
pub(crate) fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|error| {
        let message = format!("it holds the negative number {stored} as a version or position");
        StoreError::Unavailable(message, Some(Box::new(error)))
    })
}

/// For `map_err`: something that the store keeps as JSON cannot be written or read.
pub(crate) fn encoding(what: &'static str) -> impl Fn(serde_json::Error) -> StoreError {
    move |error| StoreError::Unavailable(format!("encoding or decoding {what}"), Some(Box::new(error)))
}
