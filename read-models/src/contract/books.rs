//! What the checks write.

use serde_json::{Value as Json, json};

use super::Failure;
use crate::port::{Checkpoint, Collection, Filter, Generation, Index, Query, StoreError, Stored, Write};
use crate::store::Store;

/// Has an index of each kind.
pub static BOOKS: Collection = Collection {
    name: "books",
    shape: 1,
    indexes: &[
        Index::Field("title"),
        Index::Field("price.minor"),
        Index::Field("state"),
        Index::Field("open"),
        Index::List("words"),
        Index::List("meta.tags"),
        Index::Pair("state", "shelf"),
    ],
};

/// The same collection in its next shape.
pub(super) static BOOKS_TO_COME: Collection = Collection { name: "books", shape: 2, indexes: BOOKS.indexes };

/// What a place opens its stores for.
pub static COLLECTIONS: &[&Collection] = &[&BOOKS, &BOOKS_TO_COME];

/// A write of a body.
pub(super) fn write(id: &str, version: u64, body: &Json) -> Write {
    Write { id: id.to_owned(), version, body: Some(body.to_string()), stale: false }
}

/// A write of a body that says its version.
pub(super) fn versioned(id: &str, version: u64) -> Write {
    write(id, version, &json!({ "title": format!("version {version}") }))
}

/// A deletion.
pub(super) fn deletion(id: &str, version: u64) -> Write {
    Write { id: id.to_owned(), version, body: None, stale: false }
}

/// What is stored after a write that was kept.
pub(super) fn stored(write: &Write) -> Stored {
    let Write { id, version, body, stale } = write.clone();
    Stored { id, version, body, stale }
}

/// Positions of `books/0`, `books/1` …
pub(super) fn positions(of: &[(&str, u64)]) -> Checkpoint {
    of.iter().map(|(partition, position)| ((*partition).to_owned(), *position)).collect()
}

/// The live generation of [`BOOKS`].
pub(super) async fn live(store: &Store) -> Result<Generation, StoreError> {
    store.generations().live(&BOOKS).await
}

/// Writes without positions.
pub(super) async fn put(
    store: &Store,
    generation: &Generation,
    writes: &[Write],
) -> Result<Vec<bool>, StoreError> {
    store.documents().write(generation, writes, &Checkpoint::new()).await
}

/// One document.
pub(super) async fn get(
    store: &Store,
    generation: &Generation,
    id: &str,
) -> Result<Option<Stored>, StoreError> {
    let mut documents = store.documents().load(generation, &[id.to_owned()]).await?;
    Ok(documents.pop().flatten())
}

/// The ids of what a question finds, in order.
pub(super) async fn ids(
    store: &Store,
    generation: &Generation,
    query: &Query,
) -> Result<Vec<String>, StoreError> {
    let found = store.documents().find(generation, query).await?;
    Ok(found.into_iter().map(|one| one.document.id).collect())
}

/// The ids of what filters find, in the order of the ids.
pub(super) async fn matching(
    store: &Store,
    generation: &Generation,
    filters: &[Filter],
) -> Result<Vec<String>, StoreError> {
    ids(store, generation, &Query { filters: filters.to_vec(), limit: 1_000, ..Query::default() }).await
}

/// A task that ended in a panic or was cancelled.
pub(super) fn lost(error: tokio::task::JoinError) -> Failure {
    Failure::Broken(format!("a task of the check ended: {error}"))
}
