//! Which generations of a collection exist, and which one is live: one entry per shape, changed by compare-and-set.

use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;
use tokio::time::Instant;

use super::error::unreadable;
use super::{Mongo, generations, indexes, name};
use crate::port::{Collection, Generation, GenerationState, Generations, StoreError};

/// How long a cached pointer is answered: well below [`SWITCH_VISIBLE_WITHIN`](crate::port::SWITCH_VISIBLE_WITHIN).
const FRESH: Duration = Duration::from_millis(250);

/// A cached pointer to the live generation.
pub(super) struct Pointer {
    revision: i64,
    live: u32,
    read: Instant,
}

impl Pointer {
    /// Whether it is to this generation of its shape.
    pub(super) fn is_to(&self, generation: &Generation) -> bool {
        self.live == generation.number
    }
}

/// The entry of a shape.
#[derive(Clone, Debug)]
struct Shape {
    collection: String,
    shape: u32,
    /// Rises with every change; 0 before the first one.
    revision: i64,
    /// The highest number that was ever used.
    last: u32,
    live: Option<u32>,
    building: Vec<u32>,
    retired: Vec<u32>,
    /// Retired, and perhaps without documents already: only dropping them again is possible.
    dropping: Vec<u32>,
}

impl Shape {
    fn new(collection: &str, shape: u32) -> Self {
        Self {
            collection: collection.to_owned(),
            shape,
            revision: 0,
            last: 0,
            live: None,
            building: Vec::new(),
            retired: Vec::new(),
            dropping: Vec::new(),
        }
    }

    fn id(&self) -> String {
        id(&self.collection, self.shape)
    }

    fn generation(&self, number: u32) -> Generation {
        Generation { collection: self.collection.clone(), shape: self.shape, number }
    }

    fn exists(&self, number: u32) -> bool {
        self.live == Some(number) || self.building.contains(&number) || self.retired.contains(&number)
    }

    fn forget(&mut self, number: u32) {
        self.building.retain(|one| *one != number);
        self.retired.retain(|one| *one != number);
        self.dropping.retain(|one| *one != number);
    }

    fn write(&self) -> Document {
        let numbers = |of: &[u32]| of.iter().map(|one| Bson::Int64(i64::from(*one))).collect::<Vec<_>>();
        doc! {
            "_id": self.id(),
            "collection": &self.collection,
            "shape": i64::from(self.shape),
            "revision": self.revision,
            "last": i64::from(self.last),
            "live": self.live.map(i64::from),
            "building": numbers(&self.building),
            "retired": numbers(&self.retired),
            "dropping": numbers(&self.dropping),
        }
    }

    fn read(entry: &Document) -> Result<Self, StoreError> {
        let wrong = unreadable("the generations of a collection");
        let small = |value: i64| u32::try_from(value).unwrap_or_default();
        let numbers = |field: &str| -> Result<Vec<u32>, StoreError> {
            let all = entry.get_array(field).map_err(unreadable("the generations of a collection"))?;
            Ok(all.iter().filter_map(Bson::as_i64).map(small).collect())
        };
        Ok(Self {
            collection: entry.get_str("collection").map_err(&wrong)?.to_owned(),
            shape: small(entry.get_i64("shape").map_err(&wrong)?),
            revision: entry.get_i64("revision").map_err(&wrong)?,
            last: small(entry.get_i64("last").map_err(&wrong)?),
            live: entry.get("live").and_then(Bson::as_i64).map(small),
            building: numbers("building")?,
            retired: numbers("retired")?,
            // An earlier program does not write it.
            dropping: if entry.contains_key("dropping") { numbers("dropping")? } else { Vec::new() },
        })
    }
}

/// The id of the entry of a shape.
pub(super) fn id(collection: &str, shape: u32) -> String {
    format!("{collection}_v{shape}")
}

#[async_trait]
impl Generations for Mongo {
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError> {
        let mut all = Vec::new();
        for entry in self.of("shapes").find(doc! {}, FindOptions::default(), "listing generations").await? {
            let shape = Shape::read(&entry)?;
            let states = [
                (GenerationState::Building, shape.building.as_slice()),
                (GenerationState::Live, shape.live.as_slice()),
                (GenerationState::Retired, shape.retired.as_slice()),
                (GenerationState::Retired, shape.dropping.as_slice()),
            ];
            for (state, numbers) in states {
                all.extend(numbers.iter().map(|number| (shape.generation(*number), state)));
            }
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError> {
        let id = id(collection.name, collection.shape);
        let generation =
            |number| Generation { collection: collection.name.to_owned(), shape: collection.shape, number };
        let asked = Instant::now();
        let known = self.pointers.lock().get(&id).map(|pointer| (pointer.live, pointer.read));
        if let Some((live, read)) = known
            && asked.duration_since(read) < FRESH
        {
            return Ok(generation(live));
        }
        let mut shape = self.shape(collection.name, collection.shape).await?;
        while shape.live.is_none() {
            if self.read_only {
                return Ok(generation(0));
            }
            shape = self.add(collection, shape, GenerationState::Live).await?.0;
        }
        let live = generation(self.point(&shape, asked));
        if known.is_none() && !self.read_only {
            // There is one, unless someone has dropped the collection of these entries.
            generations::ensure(self, collection, &live).await?;
        }
        Ok(live)
    }

    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError> {
        loop {
            let shape = self.shape(collection.name, collection.shape).await?;
            if let (_, Some(number)) = self.add(collection, shape, GenerationState::Building).await? {
                return Ok(Generation {
                    collection: collection.name.to_owned(),
                    shape: collection.shape,
                    number,
                });
            }
        }
    }

    async fn switch(&self, to: &Generation) -> Result<(), StoreError> {
        let began = Instant::now();
        let switched = |shape: &mut Shape| {
            if shape.dropping.contains(&to.number) {
                return Err(self.gone(to));
            }
            if shape.live != Some(to.number) {
                shape.forget(to.number);
                shape.retired.extend(shape.live.replace(to.number));
            }
            Ok(())
        };
        let shape = self.change(to, switched).await?;
        self.point(&shape, began);
        // Readers that wait for a change look at the new generation.
        generations::touch(self, to).await?;
        self.changes.notify(&to.collection);
        Ok(())
    }

    /// In three steps, each of which can be repeated, so that a call that fails half way leaves a generation that is listed and can
    /// be dropped again.
    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError> {
        let dropping = |shape: &mut Shape| {
            if shape.live == Some(generation.number) {
                return Err(StoreError::Live(generation.clone()));
            }
            shape.forget(generation.number);
            shape.dropping.push(generation.number);
            Ok(())
        };
        self.change(generation, dropping).await?;
        generations::remove(self, generation).await?;
        let dropped = |shape: &mut Shape| {
            shape.forget(generation.number);
            Ok(())
        };
        match self.change(generation, dropped).await {
            // Another caller has dropped it at the same time.
            Ok(_) | Err(StoreError::NoGeneration(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Mongo {
    /// The entry of a shape, or what it is before the first generation.
    async fn shape(&self, collection: &str, shape: u32) -> Result<Shape, StoreError> {
        let operation = "reading the generations of a collection";
        match self.of("shapes").get(&id(collection, shape), operation).await? {
            Some(entry) => Shape::read(&entry),
            None => Ok(Shape::new(collection, shape)),
        }
    }

    /// Adds the next generation, unless the entry has changed. Answers the entry as it is then, and the number.
    async fn add(
        &self,
        collection: &Collection,
        mut shape: Shape,
        state: GenerationState,
    ) -> Result<(Shape, Option<u32>), StoreError> {
        let number = shape.last + 1;
        let generation = shape.generation(number);
        // Before it is in the entry, so that every generation that is there is complete. Several callers may do it at once.
        generations::ensure(self, collection, &generation).await?;
        indexes::build(self, collection, &generation).await?;
        shape.last = number;
        match state {
            GenerationState::Live => shape.live = Some(number),
            _ => shape.building.push(number),
        }
        if self.replace(&mut shape).await? {
            return Ok((shape, Some(number)));
        }
        let shape = self.shape(collection.name, collection.shape).await?;
        if number <= shape.last && !shape.exists(number) {
            // Another caller created and dropped it meanwhile.
            generations::remove(self, &generation).await?;
        }
        Ok((shape, None))
    }

    /// Changes the entry of a generation that exists. Answers it.
    async fn change(
        &self,
        generation: &Generation,
        change: impl Fn(&mut Shape) -> Result<(), StoreError> + Send + Sync,
    ) -> Result<Shape, StoreError> {
        loop {
            let mut shape = self.shape(&generation.collection, generation.shape).await?;
            if !shape.exists(generation.number) && !shape.dropping.contains(&generation.number) {
                return Err(self.gone(generation));
            }
            change(&mut shape)?;
            if self.replace(&mut shape).await? {
                return Ok(shape);
            }
        }
    }

    /// Writes the entry, unless it has changed since it was read.
    async fn replace(&self, shape: &mut Shape) -> Result<bool, StoreError> {
        let before = shape.revision;
        shape.revision += 1;
        let operation = "changing the generations of a collection";
        if before == 0 {
            return self.of("shapes").insert(shape.write(), operation).await;
        }
        let unchanged = doc! { "_id": shape.id(), "revision": before };
        self.of("shapes").replace(unchanged, shape.write(), operation).await
    }

    /// Remembers the live generation of an entry, and answers it or the one of a newer entry that is already known.
    fn point(&self, shape: &Shape, read: Instant) -> u32 {
        let mut pointers = self.pointers.lock();
        let live = shape.live.unwrap_or_default();
        match pointers.get_mut(&shape.id()) {
            Some(known) if known.revision > shape.revision => known.live,
            Some(known) => {
                *known = Pointer { revision: shape.revision, live, read: known.read.max(read) };
                live
            }
            None => {
                pointers.insert(shape.id(), Pointer { revision: shape.revision, live, read });
                live
            }
        }
    }

    /// Whether the generation exists.
    pub(super) async fn exists(&self, generation: &Generation) -> Result<bool, StoreError> {
        Ok(self.of("generations").get(&name(generation), "looking for a generation").await?.is_some())
    }
}
