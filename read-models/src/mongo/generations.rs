//! The entries of generations: positions, the keys that their documents have, and how often they were written.

use std::sync::Arc;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;
use platform::bus::{self, Partition, Positions};

use super::error::unreadable;
use super::{Mongo, body, marks, name};
use crate::backend::{number, whole};
use crate::changes::Watched;
use crate::port::{Collection, Generation, KeyFields, StoreError};

/// The keys that the documents of a generation have.
#[derive(Debug)]
pub(super) struct KeysOf {
    /// Rises when keys are added.
    pub(super) revision: i64,
    pub(super) fields: KeyFields,
}

/// The outcome of writing positions.
pub(super) enum Advanced {
    /// Written.
    Done,
    /// Not written: documents of the generation have other keys by now.
    OtherKeys,
    /// Not written: the stored positions are behind those that this handle has resumed at or written.
    Restored,
    /// Not written: the generation does not exist.
    Gone,
}

/// Creates the entry if there is none. A generation has the keys that its collection declares, and those of the generation
/// before: a newer program may have added some that this one does not know.
pub(super) async fn ensure(
    store: &Mongo,
    collection: &Collection,
    generation: &Generation,
) -> Result<(), StoreError> {
    if read(store, generation).await?.is_some_and(|entry| marks::is_marked(&entry)) {
        return Ok(());
    }
    let declared = collection.key_fields();
    let before = Generation { number: generation.number - 1, ..generation.clone() };
    let inherited = match read(store, &before).await? {
        Some(entry) => keys(&entry)?.fields,
        None => KeyFields::default(),
    };
    let fields = [declared.fields(), inherited.fields()].concat();
    let lists = [declared.lists(), inherited.lists()].concat();
    let all = KeyFields::new(fields, lists);
    let entry = doc! {
        "_id": name(generation),
        "collection": &generation.collection,
        "writes": 0_i64,
        "positions": {},
        "keysRevision": 1_i64,
        "keys": all.fields(),
        "lists": all.lists(),
    };
    store.of("generations").insert(entry, "creating a generation").await?;
    marks::adopt(store, generation).await
}

/// Deletes the entry and the documents.
pub(super) async fn remove(store: &Mongo, generation: &Generation) -> Result<(), StoreError> {
    let operation = "dropping a generation";
    store.keys.lock().remove(generation);
    store.reached.lock().remove(generation);
    store.of("generations").delete(doc! { "_id": name(generation) }, operation).await?;
    store.documents(generation).drop(operation).await
}

/// Counts a write, so that readers look again.
pub(super) async fn touch(store: &Mongo, generation: &Generation) -> Result<(), StoreError> {
    let counted = doc! { "$inc": { "writes": 1_i64 } };
    store.of("generations").update(doc! { "_id": name(generation) }, counted, "noting a change").await?;
    Ok(())
}

/// Sets these positions, unless they are higher already, and counts a write. Only if the documents still have the keys of
/// this revision, and if the stored positions are not behind those of [`resume`](crate::Keyed::resume) and later writes: a server that has lost its last
/// writes has also lost documents, and positions that were set now would pass them.
pub(super) async fn advance(
    store: &Mongo,
    generation: &Generation,
    positions: &Positions,
    keys_revision: i64,
) -> Result<Advanced, StoreError> {
    let mut update = doc! { "$inc": { "writes": 1_i64 } };
    if !positions.is_empty() {
        let mut highest = Document::new();
        for (partition, position) in positions {
            highest.insert(path(partition), whole(*position)?);
        }
        update.insert("$max", highest);
    }
    let mut entry = doc! { "_id": name(generation), "keysRevision": keys_revision };
    for (partition, position) in store.reached.lock().get(generation).into_iter().flatten() {
        entry.insert(path(partition), doc! { "$gte": whole(*position)? });
    }
    if store.of("generations").update(entry, update, "writing positions").await? {
        let mut reached = store.reached.lock();
        let reached = reached.entry(generation.clone()).or_default();
        for (partition, position) in positions {
            let known = reached.entry(*partition).or_default();
            *known = (*known).max(*position);
        }
        return Ok(Advanced::Done);
    }
    Ok(match read(store, generation).await? {
        None => Advanced::Gone,
        Some(entry) if keys(&entry)?.revision == keys_revision => Advanced::Restored,
        Some(_) => Advanced::OtherKeys,
    })
}

/// The path of a partition's position.
fn path(partition: &Partition) -> String {
    format!("positions.{}", body::encode(&partition.to_string()))
}

/// The positions of a generation; none if its documents are lost.
pub(super) async fn positions(store: &Mongo, generation: &Generation) -> Result<Positions, StoreError> {
    let (entry, marked) = tokio::join!(expect(store, generation), marks::of_documents(store, generation));
    let entry = entry?;
    if marks::are_lost(&entry, marked?.as_ref()) {
        return Ok(Positions::new());
    }
    let stored = entry.get_document("positions").map_err(unreadable("positions"))?;
    let mut all = Vec::with_capacity(stored.len());
    for (partition, position) in stored {
        let position = position.as_i64().unwrap_or_default();
        all.push((body::decode(partition).into_owned(), number(position)?));
    }
    Ok(bus::decode_positions(all))
}

/// The keys that the generation's documents have, without asking the server if they are known.
pub(super) async fn known_keys(store: &Mongo, generation: &Generation) -> Result<Arc<KeysOf>, StoreError> {
    let known = store.keys.lock().get(generation).map(Arc::clone);
    match known {
        Some(known) => Ok(known),
        None => stored_keys(store, generation).await,
    }
}

/// The keys that the generation's documents have.
pub(super) async fn stored_keys(store: &Mongo, generation: &Generation) -> Result<Arc<KeysOf>, StoreError> {
    let stored = Arc::new(keys(&expect(store, generation).await?)?);
    let mut all = store.keys.lock();
    all.insert(generation.clone(), Arc::clone(&stored));
    Ok(stored)
}

/// Adds keys to those that documents of the generation have.
pub(super) async fn add_keys(
    store: &Mongo,
    generation: &Generation,
    known: &KeysOf,
    all: &KeyFields,
) -> Result<(), StoreError> {
    let entry = doc! { "_id": name(generation), "keysRevision": known.revision };
    let more = doc! { "keysRevision": known.revision + 1, "keys": all.fields(), "lists": all.lists() };
    store.of("generations").update(entry, doc! { "$set": more }, "adding keys").await?;
    Ok(())
}

impl Watched for Mongo {
    /// Compares how often generations were written with the last look.
    async fn check_others(&self) -> Result<(), StoreError> {
        let what = FindOptions::builder().projection(doc! { "collection": 1, "writes": 1 }).build();
        let mut changed = Vec::new();
        for entry in self.of("generations").find(doc! {}, what, "looking for changes").await? {
            let wrong = unreadable("a generation");
            let id = entry.get_str("_id").map_err(&wrong)?;
            let writes = entry.get_i64("writes").map_err(&wrong)?;
            let before = self.seen.lock().insert(id.to_owned(), writes);
            if before != Some(writes) {
                changed.push(entry.get_str("collection").map_err(&wrong)?.to_owned());
            }
        }
        changed.iter().for_each(|collection| self.changes.notify(collection));
        Ok(())
    }
}

async fn read(store: &Mongo, generation: &Generation) -> Result<Option<Document>, StoreError> {
    store.of("generations").get(&name(generation), "reading a generation").await
}

/// The entry of a generation, or [`StoreError::NoGeneration`].
pub(super) async fn expect(store: &Mongo, generation: &Generation) -> Result<Document, StoreError> {
    read(store, generation).await?.ok_or_else(|| store.gone(generation))
}

fn keys(entry: &Document) -> Result<KeysOf, StoreError> {
    let wrong = unreadable("the keys of a generation");
    let texts = |field: &str| -> Result<Vec<String>, StoreError> {
        let all = entry.get_array(field).map_err(&wrong)?;
        Ok(all.iter().filter_map(Bson::as_str).map(str::to_owned).collect())
    };
    let fields = KeyFields::new(texts("keys")?, texts("lists")?);
    Ok(KeysOf { revision: entry.get_i64("keysRevision").map_err(&wrong)?, fields })
}
