//! Bulk writes, guarded by version.

use std::cmp::Ordering;
use std::collections::HashMap;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::error::{DUPLICATE_KEY, refused};
use super::generations::KeysOf;
use super::{Mongo, body, name};
use crate::backend::whole;
use crate::port::{Generation, Keys, StoreError, Value, Write};

/// Updates per command.
const CHUNK: usize = 1_000;

/// A guarded replacement of one entry.
pub(super) struct Update {
    /// Finds the entry if it may be replaced. Names its `_id`.
    pub(super) guard: Document,
    pub(super) entry: Document,
    /// Whether the entry is probably not there.
    pub(super) is_first: bool,
}

/// Which stored documents a write replaces.
#[derive(Clone, Copy)]
pub(super) enum Guard {
    /// Those that are older.
    Older,
    /// Those whose version is not newer than this one. A version that is no number is not newer.
    NotAfter(i64),
}

impl Guard {
    /// Finds the document if it may be replaced.
    fn query(self, write: &Write, keys: &KeysOf, version: i64) -> Document {
        if let Guard::NotAfter(seen) = self {
            return not_after(&write.id, seen);
        }
        let mut older = vec![
            doc! { "version": { "$lt": version } },
            // The same version with keys that were added since.
            doc! { "version": version, "keysRevision": { "$lt": keys.revision } },
        ];
        if write.stale {
            older.push(doc! { "version": version, "stale": false });
        }
        doc! { "_id": &write.id, "$or": older }
    }
}

/// Finds a document unless its version is newer than this one.
pub(super) fn not_after(id: &str, seen: i64) -> Document {
    doc! { "_id": id, "version": { "$not": { "$gt": seen } } }
}

/// The updates of documents, with the keys that the generation's documents have.
pub(super) fn prepare(
    generation: &Generation,
    keys: &KeysOf,
    writes: &[Write],
    guard: Guard,
) -> Result<Vec<Update>, StoreError> {
    writes.iter().map(|write| update(generation, keys, write, guard)).collect()
}

fn update(generation: &Generation, keys: &KeysOf, write: &Write, guard: Guard) -> Result<Update, StoreError> {
    let malformed = |source| StoreError::Malformed {
        collection: generation.collection.clone(),
        id: write.id.clone(),
        source,
    };
    let (document, extracted) = match &write.body {
        Some(text) => {
            (body::to_bson(text).map_err(malformed)?, keys.fields.extract(text).map_err(malformed)?)
        }
        None => (Bson::Null, keys.fields.none()),
    };
    let version = whole(write.version)?;
    let mut entry = doc! {
        "_id": &write.id,
        "version": version,
        "stale": write.stale,
        // A document may be the JSON value null, which a tombstone is not.
        "deleted": write.body.is_none(),
        "document": document,
        "keysRevision": keys.revision,
    };
    entry.extend(keyed(keys, &extracted));
    let is_first = write.version == 1 && matches!(guard, Guard::Older);
    Ok(Update { guard: guard.query(write, keys, version), entry, is_first })
}

/// The fields of a document's entry that have indexes.
pub(super) fn keyed(keys: &KeysOf, extracted: &Keys) -> Document {
    let names = |of: &[String]| of.iter().map(|field| body::encode(field).into_owned()).collect::<Vec<_>>();
    let values: Document =
        names(keys.fields.fields()).into_iter().zip(extracted.values.iter().map(bson)).collect();
    let lists: Document = names(keys.fields.lists())
        .into_iter()
        .zip(extracted.lists.iter().map(|list| Bson::Array(list.iter().map(Bson::from).collect())))
        .collect();
    doc! { "keys": values, "lists": lists }
}

/// A key as BSON, which orders nulls, numbers and texts as [`Value`] does.
pub(super) fn bson(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Integer(number) => Bson::Int64(*number),
        Value::Text(text) => Bson::String(text.clone()),
    }
}

/// Replaces the documents whose guard holds, and inserts those that are not there. Answers how many these were.
pub(super) async fn write(
    store: &Mongo,
    generation: &Generation,
    updates: &[Update],
) -> Result<u64, StoreError> {
    let (first, later): (Vec<&Update>, Vec<&Update>) = updates.iter().partition(|update| update.is_first);
    let collection = name(generation);
    let operation = "writing documents";
    let mut written = 0;
    for chunk in first.chunks(CHUNK) {
        // Most are new: an insert looks only at the id.
        let (kept, there) = insert(store, &collection, chunk, operation).await?;
        written += kept;
        let possible = possible(store, &collection, &there).await?;
        written += upsert_all(store, &collection, &possible, operation).await?;
    }
    Ok(written + upsert_all(store, &collection, &later, operation).await?)
}

/// Of these updates, those whose stored entry is older or not there. Most first versions that are there already were delivered
/// again, and one query for all of them costs less than an update for each.
async fn possible<'u>(
    store: &Mongo,
    collection: &str,
    updates: &[&'u Update],
) -> Result<Vec<&'u Update>, StoreError> {
    if updates.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Bson> = updates.iter().filter_map(|update| update.entry.get("_id").cloned()).collect();
    let versions = doc! { "version": 1, "stale": 1, "keysRevision": 1 };
    let options = FindOptions::builder().projection(versions).build();
    let which = doc! { "_id": { "$in": ids } };
    let found = store.calls.of(collection).find(which, options, "comparing versions").await?;
    let found: HashMap<&str, &Document> =
        found.iter().filter_map(|entry| Some((entry.get_str("_id").ok()?, entry))).collect();
    let may_replace = |update: &&&Update| {
        let stored = update.entry.get_str("_id").ok().and_then(|id| found.get(id));
        stored.is_none_or(|stored| is_older(stored, &update.entry))
    };
    Ok(updates.iter().filter(may_replace).copied().collect())
}

/// [`Guard::Older`], of an entry that was read.
fn is_older(stored: &Document, entry: &Document) -> bool {
    let number = |of: &Document, field| of.get(field).map_or(0, count);
    let is_stale = |of: &Document| of.get("stale").and_then(Bson::as_bool).unwrap_or_default();
    match number(stored, "version").cmp(&number(entry, "version")) {
        Ordering::Less => true,
        Ordering::Equal => {
            number(stored, "keysRevision") < number(entry, "keysRevision")
                || (is_stale(entry) && !is_stale(stored))
        }
        Ordering::Greater => false,
    }
}

/// Replaces the entries of a collection whose guard holds, and inserts those that are not there.
pub(super) async fn upsert(
    store: &Mongo,
    collection: &str,
    updates: &[Update],
    operation: &'static str,
) -> Result<u64, StoreError> {
    upsert_all(store, collection, &updates.iter().collect::<Vec<_>>(), operation).await
}

async fn upsert_all(
    store: &Mongo,
    collection: &str,
    updates: &[&Update],
    operation: &'static str,
) -> Result<u64, StoreError> {
    let mut written = 0;
    for chunk in updates.chunks(CHUNK) {
        let (kept, refused) = run(store, collection, chunk, true, operation).await?;
        written += kept;
        if !refused.is_empty() {
            // The entry is there, and may have been inserted by another writer after the guard was evaluated: now the guard
            // decides alone.
            written += run(store, collection, &refused, false, operation).await?.0;
        }
    }
    Ok(written)
}

/// Replaces the entries of a collection whose guard holds.
pub(super) async fn replace(
    store: &Mongo,
    collection: &str,
    updates: &[Update],
    operation: &'static str,
) -> Result<(), StoreError> {
    let all: Vec<&Update> = updates.iter().collect();
    for chunk in all.chunks(CHUNK) {
        run(store, collection, chunk, false, operation).await?;
    }
    Ok(())
}

/// Inserts entries. Answers how many, and those whose id was there.
async fn insert<'u>(
    store: &Mongo,
    collection: &str,
    updates: &[&'u Update],
    operation: &'static str,
) -> Result<(u64, Vec<&'u Update>), StoreError> {
    let all: Vec<&Document> = updates.iter().map(|update| &update.entry).collect();
    let command = doc! {
        "insert": collection,
        "documents": all,
        "ordered": false,
    };
    let (_, there) = send(store, command, updates, operation).await?;
    // Servers differ in whether they count the others.
    Ok(((updates.len() - there.len()) as u64, there))
}

/// Replaces entries whose guard holds, and inserts those that are not there if `upsert`. Answers how many it wrote, and the
/// updates that met an entry for which their guard does not hold.
async fn run<'u>(
    store: &Mongo,
    collection: &str,
    updates: &[&'u Update],
    upsert: bool,
    operation: &'static str,
) -> Result<(u64, Vec<&'u Update>), StoreError> {
    let all: Vec<Document> = updates
        .iter()
        .map(|update| doc! { "q": &update.guard, "u": &update.entry, "upsert": upsert, "multi": false })
        .collect();
    let command = doc! {
        "update": collection,
        "updates": all,
        "ordered": false,
    };
    send(store, command, updates, operation).await
}

/// Answers how many entries the command wrote, and the updates that met an entry with their id.
async fn send<'u>(
    store: &Mongo,
    command: Document,
    updates: &[&'u Update],
    operation: &'static str,
) -> Result<(u64, Vec<&'u Update>), StoreError> {
    let reply = store.calls.write(command, operation).await?;
    if let Ok(problem) = reply.get_document("writeConcernError") {
        return Err(refused(operation, problem));
    }
    let mut met = Vec::new();
    for problem in reply.get_array("writeErrors").into_iter().flatten().filter_map(Bson::as_document) {
        if problem.get("code").map_or(0, count) != i64::from(DUPLICATE_KEY) {
            return Err(refused(operation, problem));
        }
        let index =
            problem.get("index").and_then(|index| usize::try_from(count(index)).ok()).unwrap_or(usize::MAX);
        met.extend(updates.get(index).copied());
    }
    Ok((reply.get("n").map_or(0, count).try_into().unwrap_or_default(), met))
}

/// A whole number, which servers and people write in several types; 0 if it is none.
pub(super) fn count(number: &Bson) -> i64 {
    match number {
        Bson::Int32(number) => i64::from(*number),
        Bson::Int64(number) => *number,
        Bson::Double(number) => *number as i64,
        _ => 0,
    }
}
