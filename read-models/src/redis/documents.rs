//! Documents by id.

use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{self, Positions};
use redis::Value;

use super::error::{failed_at, unreadable};
use super::{Reached, Redis, name, scripts, value};
use crate::changes::Watched;
use crate::port::{ChangeToken, Generation, KeyFields, Keyed, StoreError, Stored, Write, refuse_duplicates};

/// Documents per command.
pub(super) const CHUNK: usize = 1_000;

#[async_trait]
impl Keyed for Redis {
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError> {
        if self.is_uncreated(generation) {
            return Ok(vec![None; ids.len()]);
        }
        let mut loaded = Vec::with_capacity(ids.len());
        for ids in ids.chunks(CHUNK) {
            loaded.extend(self.load_chunk(generation, ids).await?);
        }
        Ok(loaded)
    }

    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<(), StoreError> {
        self.write_all(generation, writes, positions).await?;
        Ok(())
    }

    async fn put_if_newer(&self, generation: &Generation, write: &Write) -> Result<bool, StoreError> {
        let kept = self.write_all(generation, std::slice::from_ref(write), &Positions::new()).await?;
        Ok(kept == 1)
    }

    async fn positions(&self, generation: &Generation) -> Result<Positions, StoreError> {
        if self.is_uncreated(generation) {
            return Ok(Positions::new());
        }
        Ok(self.stored(generation).await?.positions)
    }

    async fn resume(&self, generation: &Generation) -> Result<Positions, StoreError> {
        // The server may be another one by now, or have other settings.
        super::connection::check(&self.connection, &self.keys.store).await?;
        let reached = self.stored(generation).await?;
        self.reached.lock().insert(generation.clone(), reached.clone());
        Ok(reached.positions)
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

impl Redis {
    async fn load_chunk(
        &self,
        generation: &Generation,
        ids: &[String],
    ) -> Result<Vec<Option<Stored>>, StoreError> {
        // After the documents, so that those of a generation that is dropped now are not taken for missing.
        let mut both = redis::pipe();
        both.cmd("HMGET")
            .arg(self.keys.documents(generation))
            .arg(ids)
            .hexists(&self.keys.generations, name(generation));
        let (values, exists): (Vec<Option<String>>, bool) =
            self.connection.pipeline(&both).await.map_err(failed_at("loading documents"))?;
        if !exists {
            return Err(StoreError::NoGeneration(generation.clone()));
        }
        let read =
            |(id, value): (&String, Option<String>)| value.map(|value| value::read(id, &value)).transpose();
        ids.iter().zip(values).map(read).collect()
    }

    /// Writes a batch with one script. Answers how many documents were kept.
    async fn write_all(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Positions,
    ) -> Result<u64, StoreError> {
        self.require_writable()?;
        refuse_duplicates(generation, writes)?;
        self.refuse_malformed(generation, writes)?;
        let relied_on = self.reached.lock().get(generation).cloned().unwrap_or_default();
        let mut call = scripts::WRITE.key(&self.keys.store);
        call.key(&self.keys.generations)
            .key(self.keys.documents(generation))
            .key(self.keys.positions(generation))
            .arg(name(generation))
            .arg(&generation.collection)
            .arg(relied_on.incarnation)
            .arg(relied_on.positions.len())
            .arg(positions.len());
        for (partition, position) in relied_on.positions.iter().chain(positions) {
            call.arg(partition.to_string()).arg(*position);
        }
        for write in writes {
            let body = write.body.as_deref().unwrap_or_default();
            call.arg(&write.id).arg(write.version).arg(value::kind(write)).arg(body);
        }
        let answer: Vec<Value> =
            self.connection.invoke(&call).await.map_err(failed_at("writing documents"))?;
        let texts: Vec<String> = redis::from_redis_value(Value::Array(answer)).map_err(|error| {
            StoreError::Unavailable("writing documents".to_owned(), Some(Box::new(error)))
        })?;
        match texts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["done", incarnation, kept] => {
                self.reach(generation, incarnation, positions);
                self.changes.notify(&generation.collection);
                kept.parse().map_err(|_| unreadable("the outcome of a write", kept))
            }
            ["gone"] => Err(StoreError::NoGeneration(generation.clone())),
            ["restored"] => {
                let message = format!("{} was emptied or restored to an earlier moment", name(generation));
                Err(StoreError::Unavailable(message, None))
            }
            other => Err(unreadable("the outcome of a write", &other.join(" "))),
        }
    }

    /// Nothing has indexes here, but every backend refuses the same.
    pub(super) fn refuse_malformed(
        &self,
        generation: &Generation,
        writes: &[Write],
    ) -> Result<(), StoreError> {
        let fields =
            self.collections.of(generation).map_or_else(KeyFields::default, |known| known.key_fields());
        for write in writes {
            if let Some(Err(source)) = write.body.as_deref().map(|body| fields.extract(body)) {
                let (collection, id) = (generation.collection.clone(), write.id.clone());
                return Err(StoreError::Malformed { collection, id, source });
            }
        }
        Ok(())
    }

    fn reach(&self, generation: &Generation, incarnation: &str, positions: &Positions) {
        let mut all = self.reached.lock();
        let reached = all.entry(generation.clone()).or_default();
        incarnation.clone_into(&mut reached.incarnation);
        for (partition, position) in positions {
            let known = reached.positions.entry(*partition).or_default();
            *known = (*known).max(*position);
        }
    }

    /// What is stored of a generation beside its documents.
    async fn stored(&self, generation: &Generation) -> Result<Reached, StoreError> {
        let mut all = redis::pipe();
        all.atomic()
            .hget(&self.keys.store, "incarnation")
            .hexists(&self.keys.generations, name(generation))
            .hgetall(self.keys.positions(generation));
        let (incarnation, exists, positions): (Option<String>, bool, Vec<(String, u64)>) =
            self.connection.pipeline(&all).await.map_err(failed_at("reading positions"))?;
        match incarnation {
            Some(incarnation) if exists => {
                Ok(Reached { incarnation, positions: bus::decode_positions(positions) })
            }
            _ => Err(StoreError::NoGeneration(generation.clone())),
        }
    }
}

impl Watched for Redis {
    /// Compares how often collections were written with the last look. After the loss of everything, each counts as written.
    async fn check_others(&self) -> Result<(), StoreError> {
        let all = redis::Cmd::hgetall(&self.keys.store);
        let now: std::collections::HashMap<String, String> =
            self.connection.query(&all).await.map_err(failed_at("looking for changes"))?;
        let before = std::mem::replace(&mut *self.seen.lock(), now.clone());
        if before.get("incarnation") != now.get("incarnation") {
            self.changes.notify_all();
        }
        for (field, writes) in &now {
            if let Some(collection) = field.strip_prefix("writes:")
                && before.get(field) != Some(writes)
            {
                self.changes.notify(collection);
            }
        }
        Ok(())
    }
}
