//! Indexes and keys of generations: built by `chorale migrate` and for every new generation, checked at the start.

use std::collections::HashSet;

use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{FindOptions, IndexOptions};

use super::error::unreadable;
use super::generations::{self, KeysOf};
use super::{Mongo, bulk, conditions, documents, marks, name};
use crate::port::{Collection, Generation, Generations, Index, KeyFields, StoreError};

/// Documents that are keyed again by one command.
const PAGE: i64 = 500;

/// An index by its name and keys.
struct Wanted {
    name: String,
    keys: Document,
}

/// The indexes that a collection declares. The id is the last key of each, as it is the last of every order.
fn wanted(collection: &Collection) -> Vec<Wanted> {
    let index = |paths: &[String], with_id: bool| {
        let mut keys: Document = paths.iter().map(|path| (path.clone(), Bson::Int32(1))).collect();
        if with_id {
            keys.insert("_id", 1);
        }
        Wanted { name: paths.join(","), keys }
    };
    let declared = collection.indexes.iter().map(|one| match one {
        Index::Field(field) => index(&[conditions::key(field)], true),
        Index::Pair(first, second) => index(&[conditions::key(first), conditions::key(second)], true),
        Index::List(field) => index(&[conditions::list(field)], false),
    });
    declared.collect()
}

/// Builds the indexes of a generation. Those that are there stay.
pub(super) async fn build(
    store: &Mongo,
    collection: &Collection,
    generation: &Generation,
) -> Result<(), StoreError> {
    let models: Vec<IndexModel> = wanted(collection)
        .into_iter()
        .map(|Wanted { name, keys }| {
            IndexModel::builder().keys(keys).options(IndexOptions::builder().name(name).build()).build()
        })
        .collect();
    if !models.is_empty() {
        store.documents(generation).build(models, "building indexes").await?;
    }
    Ok(())
}

/// Fails if a generation lacks an index or a key that this program needs.
pub(super) async fn require(store: &Mongo) -> Result<(), StoreError> {
    for (generation, _) in store.list().await? {
        let Some(collection) = store.collections.of(&generation) else { continue };
        let keys = generations::stored_keys(store, &generation).await?;
        if marks::documents_are_lost(store, &generation).await? {
            // They are built when the documents are.
            continue;
        }
        let built = built(store, &generation).await?;
        let index = wanted(collection).into_iter().map(|one| one.name).find(|name| !built.contains(name));
        if index.is_some() || !lacking(collection, &keys).is_empty() {
            let message = format!(
                "{} has not all indexes that this program needs; run `chorale migrate`, which builds them while the shop runs",
                name(&generation)
            );
            return Err(StoreError::Unavailable(message, None));
        }
    }
    Ok(())
}

/// Adds what generations lack.
pub(super) async fn complete(store: &Mongo) -> Result<(), StoreError> {
    for (generation, _) in store.list().await? {
        let Some(collection) = store.collections.of(&generation) else { continue };
        let keys = generations::stored_keys(store, &generation).await?;
        let lacking = lacking(collection, &keys);
        if !lacking.is_empty() {
            let declared = collection.key_fields();
            let all = KeyFields::new(
                [keys.fields.fields(), declared.fields()].concat(),
                [keys.fields.lists(), declared.lists()].concat(),
            );
            tracing::info!(generation = name(&generation), ?lacking, "adding keys to all documents");
            generations::add_keys(store, &generation, &keys, &all).await?;
        }
        let keys = generations::stored_keys(store, &generation).await?;
        key_again(store, &generation, &keys).await?;
        build(store, collection, &generation).await?;
    }
    Ok(())
}

/// The declared fields that documents have no keys of.
fn lacking(collection: &Collection, keys: &KeysOf) -> Vec<String> {
    let declared = collection.key_fields();
    let fields = declared.fields().iter().filter(|field| !keys.fields.fields().contains(field));
    let lists = declared.lists().iter().filter(|list| !keys.fields.lists().contains(list));
    fields.chain(lists).cloned().collect()
}

/// The names of a generation's indexes.
async fn built(store: &Mongo, generation: &Generation) -> Result<HashSet<String>, StoreError> {
    let indexes = store.documents(generation).indexes("listing indexes").await?;
    Ok(indexes.into_iter().filter_map(|index| index.options?.name).collect())
}

/// Extracts the keys of all documents that have those of an earlier revision.
async fn key_again(store: &Mongo, generation: &Generation, keys: &KeysOf) -> Result<(), StoreError> {
    let behind = doc! { "keysRevision": { "$lt": keys.revision } };
    loop {
        let page = FindOptions::builder().limit(PAGE).build();
        let page =
            store.documents(generation).find(behind.clone(), page, "reading documents to index").await?;
        if page.is_empty() {
            return Ok(());
        }
        let mut updates = Vec::with_capacity(page.len());
        for mut entry in page {
            let document = documents::stored(generation, &entry)?;
            let extracted = match &document.body {
                Some(body) => keys.fields.extract(body).map_err(|source| StoreError::Malformed {
                    collection: generation.collection.clone(),
                    id: document.id.clone(),
                    source,
                })?,
                None => keys.fields.none(),
            };
            let version = entry.get_i64("version").map_err(unreadable("a document"))?;
            // A writer that is quicker extracts them itself.
            let guard =
                doc! { "_id": document.id, "version": version, "keysRevision": { "$lt": keys.revision } };
            entry.extend(bulk::keyed(keys, &extracted));
            entry.insert("keysRevision", keys.revision);
            updates.push(bulk::Update { guard, entry, is_first: false });
        }
        bulk::replace(store, &name(generation), &updates, "indexing documents").await?;
    }
}
