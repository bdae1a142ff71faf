//! Whether a collection of documents is the one that the positions of its generation belong to.
//!
//! The entry of a generation has a mark, and so has an entry beside the documents. If someone drops the collection of the
//! documents, the two differ: the positions then mean nothing, and the generation begins again.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};

use super::{Mongo, bulk, generations, indexes, name};
use crate::port::{Generation, Quarantine, StoreError};

/// The id of the entry beside the documents. No document has it, and no query finds it: it has no `deleted`.
const ID: &str = "_generation";

/// The mark beside the documents.
pub(super) async fn of_documents(store: &Mongo, generation: &Generation) -> Result<Option<Bson>, StoreError> {
    let found = store.documents(generation).get(ID, "reading the mark of a generation").await?;
    Ok(found.and_then(|mut entry| entry.remove("mark")))
}

/// Whether the generation with this entry has lost the documents that it had.
pub(super) fn are_lost(entry: &Document, beside: Option<&Bson>) -> bool {
    // One without a mark was created by an earlier program, or a moment ago.
    entry.get("mark").is_some_and(|mark| Some(mark) != beside)
}

/// [`are_lost`], of a generation that exists.
pub(super) async fn documents_are_lost(store: &Mongo, generation: &Generation) -> Result<bool, StoreError> {
    let entry = generations::expect(store, generation).await?;
    Ok(are_lost(&entry, of_documents(store, generation).await?.as_ref()))
}

/// Gives the generation the mark that is beside its documents, or both a new one, unless it has a mark. Several callers may do
/// it at once: the first mark beside the documents wins. One that stops half way leaves a generation without a mark, which the
/// next caller completes.
pub(super) async fn adopt(store: &Mongo, generation: &Generation) -> Result<(), StoreError> {
    let operation = "marking a generation";
    store.documents(generation).insert(doc! { "_id": ID, "mark": ObjectId::new() }, operation).await?;
    let marked = doc! { "$set": { "mark": of_documents(store, generation).await? } };
    let unmarked = doc! { "_id": name(generation), "mark": { "$exists": false } };
    store.of("generations").update(unmarked, marked, operation).await?;
    Ok(())
}

/// Whether the entry of a generation has a mark.
pub(super) fn is_marked(entry: &Document) -> bool {
    entry.contains_key("mark")
}

async fn put(store: &Mongo, generation: &Generation, mark: &Bson) -> Result<(), StoreError> {
    let update =
        bulk::Update { guard: doc! { "_id": ID }, entry: doc! { "_id": ID, "mark": mark }, is_first: false };
    bulk::upsert(store, &name(generation), &[update], "marking documents").await?;
    Ok(())
}

/// Begins a generation again whose documents are lost: with its indexes, and without positions and quarantined events.
pub(super) async fn restart_if_lost(store: &Mongo, generation: &Generation) -> Result<(), StoreError> {
    loop {
        let entry = generations::expect(store, generation).await?;
        if !are_lost(&entry, of_documents(store, generation).await?.as_ref()) {
            return Ok(());
        }
        tracing::warn!(generation = name(generation), "its documents are gone; building them again");
        if let Some(collection) = store.collections.of(generation) {
            indexes::build(store, collection, generation).await?;
        }
        store.forget(generation).await?;
        let mark = Bson::from(ObjectId::new());
        put(store, generation, &mark).await?;
        let lost = doc! { "_id": name(generation), "mark": entry.get("mark") };
        let restarted = doc! { "$set": { "mark": mark, "positions": {} }, "$inc": { "writes": 1_i64 } };
        // If another process was quicker, its mark is the one of the generation, and this one's is beside the documents.
        if store.of("generations").update(lost, restarted, "restarting a generation").await? {
            return Ok(());
        }
    }
}
