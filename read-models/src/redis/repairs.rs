//! Correcting documents.

use async_trait::async_trait;

use super::error::{failed_at, unreadable};
use super::{Redis, name, scripts, value};
use crate::port::{Generation, Repairs, StoreError, Write};

#[async_trait]
impl Repairs for Redis {
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError> {
        self.refuse_malformed(generation, std::slice::from_ref(write))?;
        self.repair(generation, &write.id, seen, Some(write)).await
    }

    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError> {
        self.repair(generation, id, seen, None).await
    }
}

impl Redis {
    async fn repair(
        &self,
        generation: &Generation,
        id: &str,
        seen: u64,
        write: Option<&Write>,
    ) -> Result<bool, StoreError> {
        self.require_writable()?;
        let mut call = scripts::REPLACE.key(&self.keys.store);
        call.key(&self.keys.generations)
            .key(self.keys.documents(generation))
            .arg(name(generation))
            .arg(&generation.collection)
            .arg(id)
            .arg(seen);
        if let Some(write) = write {
            let body = write.body.as_deref().unwrap_or_default();
            call.arg(write.version).arg(value::kind(write)).arg(body);
        }
        let answer: Vec<String> =
            self.connection.invoke(&call).await.map_err(failed_at("repairing a document"))?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["done", repaired] => {
                self.changes.notify(&generation.collection);
                Ok(*repaired == "1")
            }
            ["gone"] => Err(StoreError::NoGeneration(generation.clone())),
            other => Err(unreadable("the outcome of a repair", &other.join(" "))),
        }
    }
}
