//! Correcting documents.

use async_trait::async_trait;
use platform::bus::Positions;

use super::bulk::{Guard, not_after};
use super::{Mongo, generations};
use crate::backend::whole;
use crate::port::{Generation, Repairs, StoreError, Write};

#[async_trait]
impl Repairs for Mongo {
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError> {
        let (guard, writes) = (Guard::NotAfter(whole(seen)?), std::slice::from_ref(write));
        Ok(self.write_guarded(generation, writes, &Positions::new(), guard).await? > 0)
    }

    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError> {
        let guard = not_after(id, whole(seen)?);
        if !self.exists(generation).await? {
            return Err(self.gone(generation));
        }
        let removed = self.documents(generation).delete(guard, "removing a document").await?;
        generations::touch(self, generation).await?;
        self.changes.notify(&generation.collection);
        Ok(removed)
    }
}
