//! Documents that the checks write.

use serde_json::{Value as Json, json};

use platform::bus::Positions;

use super::KeyedStore;
use crate::port::{Collection, Filter, Generation, Index, Query, StoreError, Stored, Streams, Write};
use crate::store::Store;

/// Has an index of each kind.
pub static BOOKS: Collection = Collection {
    name: "books",
    shape: 1,
    streams: Streams::Other,
    hot: false,
    indexes: &[
        Index::Field("title"),
        Index::Field("title.natural"),
        Index::Field("price.minor"),
        Index::Field("state"),
        Index::Field("open"),
        Index::List("words"),
        Index::List("meta.tags"),
        Index::Pair("state", "shelf"),
    ],
};

/// The same collection in its next shape.
pub(super) static BOOKS_TO_COME: Collection = Collection { shape: 2, ..BOOKS };

/// The collections that a location opens its stores for.
pub static COLLECTIONS: &[&Collection] = &[&BOOKS, &BOOKS_TO_COME];

/// A write of a body.
pub(super) fn write(id: &str, version: u64, body: &Json) -> Write {
    Write { id: id.to_owned(), version, body: Some(body.to_string()), stale: false }
}

/// A write of a body that contains its version.
pub(super) fn versioned(id: &str, version: u64) -> Write {
    write(id, version, &json!({ "title": format!("version {version}") }))
}

/// A deletion.
pub(super) fn deletion(id: &str, version: u64) -> Write {
    Write { id: id.to_owned(), version, body: None, stale: false }
}

/// The stored document after a write that was kept.
pub(super) fn stored(write: &Write) -> Stored {
    let Write { id, version, body, stale } = write.clone();
    Stored { id, version, body, stale }
}

/// Positions in partitions of a topic.
pub(super) fn positions(of: &[(u32, u64)]) -> Positions {
    platform::bus::decode_positions(
        of.iter().map(|(number, position)| (format!("chorale.order.v1/{number}"), *position)),
    )
}

/// The live generation of [`BOOKS`].
pub(super) async fn live(store: &KeyedStore) -> Result<Generation, StoreError> {
    store.generations.live(&BOOKS).await
}

/// Writes without positions.
pub(super) async fn put(
    store: &KeyedStore,
    generation: &Generation,
    writes: &[Write],
) -> Result<(), StoreError> {
    store.keyed.write(generation, writes, &Positions::new()).await
}

/// Writes one document by compare-and-set.
pub(super) async fn put_one(
    store: &KeyedStore,
    generation: &Generation,
    write: &Write,
) -> Result<bool, StoreError> {
    store.keyed.put_if_newer(generation, write).await
}

/// One document.
pub(super) async fn get(
    store: &KeyedStore,
    generation: &Generation,
    id: &str,
) -> Result<Option<Stored>, StoreError> {
    let mut documents = store.keyed.load(generation, &[id.to_owned()]).await?;
    Ok(documents.pop().flatten())
}

/// The ids that a query finds, in order.
pub(super) async fn ids(
    store: &Store,
    generation: &Generation,
    query: &Query,
) -> Result<Vec<String>, StoreError> {
    let found = store.queries.find(generation, query).await?;
    Ok(found.into_iter().map(|one| one.document.id).collect())
}

/// The ids that filters find, sorted.
pub(super) async fn matching(
    store: &Store,
    generation: &Generation,
    filters: &[Filter],
) -> Result<Vec<String>, StoreError> {
    ids(store, generation, &Query { filters: filters.to_vec(), limit: 1_000, ..Query::default() }).await
}
