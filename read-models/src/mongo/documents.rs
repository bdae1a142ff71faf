//! Documents by id.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;
use platform::bus::Positions;

use super::bulk::Guard;
use super::error::unreadable;
use super::generations::{self, Advanced};
use super::{Mongo, body, bulk, marks};
use crate::backend::in_order;
use crate::port::{ChangeToken, Generation, Keyed, StoreError, Stored, Write, refuse_duplicates};

#[async_trait]
impl Keyed for Mongo {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        if self.is_uncreated(generation) {
            return Ok(vec![None; ids.len()]);
        }
        let asked: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut found = Vec::with_capacity(asked.len());
        if !asked.is_empty() {
            let which = doc! { "_id": { "$in": asked.iter().copied().collect::<Vec<_>>() } };
            let without_keys = FindOptions::builder().projection(doc! { "keys": 0, "lists": 0 }).build();
            for entry in self.documents(generation).find(which, without_keys, "loading documents").await? {
                found.push(stored(generation, &entry)?);
            }
        }
        if found.len() < asked.len() && !self.exists(generation).await? {
            return Err(self.gone(generation));
        }
        Ok(in_order(ids, found))
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError> {
        self.write_guarded(generation, writes, positions, Guard::Older).await?;
        Ok(())
    }

    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError> {
        let writes = std::slice::from_ref(write);
        let kept = self.write_guarded(generation, writes, &Positions::new(), Guard::Older).await?;
        Ok(kept > 0)
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        if self.is_uncreated(generation) {
            return Ok(Positions::new());
        }
        generations::positions(self, generation).await
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        marks::restart_if_lost(self, generation).await?;
        let positions = self.positions(generation).await?;
        self.reached.lock().insert(generation.clone(), positions.clone());
        Ok(positions)
    }

    async fn changed(
        &self,
        collection: &str,
        since: Option<&ChangeToken>,
        timeout: Duration,
    ) -> Result<ChangeToken, StoreError> {
        self.changes.wait(self, collection, since, timeout).await
    }
}

impl Mongo {
    /// Writes documents, then positions. Answers how many documents were kept.
    pub(super) async fn write_guarded(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
        guard: Guard,
    ) -> Result<u64, StoreError> {
        refuse_duplicates(generation, writes)?;
        let mut keys = generations::known_keys(self, generation).await?;
        let mut kept = 0;
        loop {
            let updates = bulk::prepare(generation, &keys, writes, guard)?;
            kept = bulk::write(self, generation, &updates).await?.max(kept);
            match generations::advance(self, generation, positions, keys.revision).await? {
                Advanced::Done => break,
                Advanced::OtherKeys => keys = generations::stored_keys(self, generation).await?,
                Advanced::Restored => {
                    let message = format!("{} was restored to an earlier moment", super::name(generation));
                    return Err(StoreError::Unavailable(message, None));
                }
                Advanced::Gone => {
                    // The write created the collection again, and no generation names it.
                    generations::remove(self, generation).await?;
                    return Err(self.gone(generation));
                }
            }
        }
        self.changes.notify(&generation.collection);
        Ok(kept)
    }
}

/// The document of an entry. Someone may have altered it with another tool: the rest of it is answered as well as it can be, so
/// that one such entry does not stop those beside it.
pub(super) fn stored(generation: &Generation, entry: &Document) -> Result<Stored, StoreError> {
    let wrong = unreadable("a document");
    let id = entry.get_str("_id").map_err(&wrong)?.to_owned();
    let malformed =
        |source| StoreError::Malformed { collection: generation.collection.clone(), id: id.clone(), source };
    // Queries find only what is marked as not deleted.
    let body = match (entry.get("deleted").and_then(Bson::as_bool), entry.get("document")) {
        (Some(false), Some(document)) => Some(body::to_json(document).map_err(malformed)?),
        _ => None,
    };
    Ok(Stored {
        // A version that is no number is older than every other, as for the guards of writes.
        version: entry.get("version").map_or(0, bulk::count).try_into().unwrap_or_default(),
        stale: entry.get("stale").and_then(Bson::as_bool).unwrap_or_default(),
        body,
        id,
    })
}
