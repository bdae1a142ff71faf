//! Which generations of a collection exist, and which one is live.
//!
//! Nothing is cached: the pointer is one small read, and one server answers reads in the order in which it was asked.

use std::collections::BTreeMap;

use async_trait::async_trait;
use redis::Cmd;
use uuid::Uuid;

use super::error::{failed_at, unreadable};
use super::{FORMAT, Redis, name, named, scripts, shape_name};
use crate::port::{Collection, Generation, GenerationState, Generations, StoreError};

#[async_trait]
impl Generations for Redis {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        let all = Cmd::hgetall(&self.keys.generations);
        let fields: BTreeMap<String, String> =
            self.connection.query(&all).await.map_err(failed_at("listing generations"))?;
        let mut all = Vec::with_capacity(fields.len());
        for (field, state) in fields {
            // The others are about shapes.
            let Some(generation) = named(&field) else { continue };
            let state = match state.as_str() {
                "building" => GenerationState::Building,
                "live" => GenerationState::Live,
                "retired" => GenerationState::Retired,
                other => return Err(unreadable("the state of a generation", other)),
            };
            all.push((generation, state));
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        let pointer = format!("{} live", shape_name(collection.name, collection.shape));
        let pointer = Cmd::hget(&self.keys.generations, pointer);
        let live: Option<u32> =
            self.connection.query(&pointer).await.map_err(failed_at("reading the live generation"))?;
        let number = match live {
            Some(number) => number,
            None if self.read_only => 0,
            None => self.add(collection, "live").await?,
        };
        Ok(generation(collection, number))
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        self.require_writable()?;
        Ok(generation(collection, self.add(collection, "building").await?))
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        self.require_writable()?;
        let mut call = scripts::SWITCH.key(&self.keys.store);
        call.key(&self.keys.generations)
            .arg(shape_name(&to.collection, to.shape))
            .arg(to.number)
            .arg(&to.collection);
        let answer: String =
            self.connection.invoke(&call).await.map_err(failed_at("switching generations"))?;
        if answer == "gone" {
            return Err(StoreError::NoGeneration(to.clone()));
        }
        self.changes.notify(&to.collection);
        Ok(())
    }

    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        self.require_writable()?;
        let mut call = scripts::DROP.key(&self.keys.generations);
        call.key(self.keys.documents(generation)).key(self.keys.positions(generation)).arg(name(generation));
        let answer: String =
            self.connection.invoke(&call).await.map_err(failed_at("dropping a generation"))?;
        match answer.as_str() {
            "gone" => Err(StoreError::NoGeneration(generation.clone())),
            "live" => Err(StoreError::Live(generation.clone())),
            _ => {
                self.reached.lock().remove(generation);
                Ok(())
            }
        }
    }
}

impl Redis {
    /// Adds the next generation in this state, and the store with the first one; with `live` only if there is none.
    async fn add(&self, collection: &Collection, state: &str) -> Result<u32, StoreError> {
        let mut call = scripts::CREATE.key(&self.keys.store);
        call.key(&self.keys.generations)
            .arg(shape_name(collection.name, collection.shape))
            .arg(state)
            .arg(FORMAT)
            .arg(Uuid::new_v4().to_string());
        self.connection.invoke(&call).await.map_err(failed_at("creating a generation"))
    }
}

fn generation(collection: &Collection, number: u32) -> Generation {
    Generation { collection: collection.name.to_owned(), shape: collection.shape, number }
}
