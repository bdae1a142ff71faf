//! Correcting documents.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use platform::bus::Positions;

use super::{Mongo, generations};
use crate::backend::whole;
use crate::port::{Generation, Repairs, StoreError, Write};

#[async_trait]
impl Repairs for Mongo {
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError> {
        let guard = not_after(&write.id, seen)?;
        let writes = std::slice::from_ref(write);
        let kept =
            self.write_guarded(generation, writes, &Positions::new(), &move |_, _, _| guard.clone()).await?;
        Ok(kept > 0)
    }

    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError> {
        let guard = not_after(id, seen)?;
        if !self.exists(generation).await? {
            return Err(self.gone(generation));
        }
        let removed = self.documents(generation).delete(guard, "removing a document").await?;
        generations::touch(self, generation).await?;
        self.changes.notify(&generation.collection);
        Ok(removed)
    }
}

/// Finds the document unless its version is newer. A version that is no number is not newer.
fn not_after(id: &str, seen: u64) -> Result<Document, StoreError> {
    Ok(doc! { "_id": id, "version": { "$not": { "$gt": whole(seen)? } } })
}
