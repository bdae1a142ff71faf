//! The four kinds of projections. A projection is data: its topics, its collection and one pure function. The runner does
//! the rest.

mod entity;
mod journal;
mod summary;
mod versions;

use std::panic::{AssertUnwindSafe, catch_unwind};

use platform::bus::Record;
use read_models::Collection;
use schemas::{DecodeError, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use entity::Entity;
pub(crate) use entity::Evolve;
pub(crate) use journal::Enter;
pub use journal::{Entry, Journal};
pub(crate) use summary::Add;
pub use summary::Summary;
pub(crate) use versions::Keep;
pub use versions::Versions;

/// A read model and the function that makes it.
pub struct Projection {
    collection: &'static Collection,
    topics: &'static [Topic],
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Entity(&'static dyn Evolve),
    Journal(&'static dyn Enter),
    Summary(&'static dyn Add),
    Versions(&'static dyn Keep),
}

impl Projection {
    /// One document per stream of `topics`, under the stream's id.
    pub const fn entity(
        collection: &'static Collection,
        topics: &'static [Topic],
        evolve: &'static dyn Evolve,
    ) -> Self {
        Self { collection, topics, kind: Kind::Entity(evolve) }
    }

    /// Documents that are written once each, under ids derived from the event's id.
    pub const fn journal(
        collection: &'static Collection,
        topics: &'static [Topic],
        enter: &'static dyn Enter,
    ) -> Self {
        Self { collection, topics, kind: Kind::Journal(enter) }
    }

    /// Sums: one document per key and partition.
    pub const fn summary(
        collection: &'static Collection,
        topics: &'static [Topic],
        add: &'static dyn Add,
    ) -> Self {
        Self { collection, topics, kind: Kind::Summary(add) }
    }

    /// One document per version of each stream of `topics`, with the state after that version's event.
    pub const fn versions(
        collection: &'static Collection,
        topics: &'static [Topic],
        keep: &'static dyn Keep,
    ) -> Self {
        Self { collection, topics, kind: Kind::Versions(keep) }
    }

    /// The name of its collection.
    pub fn name(&self) -> &'static str {
        self.collection.name
    }

    /// The collection that it writes.
    pub fn collection(&self) -> &'static Collection {
        self.collection
    }

    /// The topics that it reads.
    pub fn topics(&self) -> &'static [Topic] {
        self.topics
    }

    /// What today's program writes after it has read `body`, a document of the collection.
    pub fn reread(&self, body: &str) -> Result<String, ApplyError> {
        match self.kind {
            Kind::Entity(evolve) => evolve.reread(body),
            Kind::Journal(enter) => enter.reread(body),
            Kind::Summary(add) => add.reread(body),
            Kind::Versions(keep) => keep.reread(body),
        }
    }

    /// `entity`, `journal`, `summary` or `versions`.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Entity(_) => "entity",
            Kind::Journal(_) => "journal",
            Kind::Summary(_) => "summary",
            Kind::Versions(_) => "versions",
        }
    }
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Projection({}, {})", self.name(), self.kind())
    }
}

/// Why a projection cannot apply an event.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The payload cannot be read.
    #[error("the event cannot be read")]
    Unreadable(#[from] DecodeError),
    /// The stored document cannot be read, or the new one cannot be written as JSON.
    #[error("the document does not have its shape")]
    Document(#[from] serde_json::Error),
    /// The projection's function panicked: a mistake in the program.
    #[error("the projection panicked: {0}")]
    Panicked(String),
}

/// Runs a projection's function. A panic becomes an error, so that one event does not stop the others.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, ApplyError>) -> Result<T, ApplyError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().map(|message| (*message).to_owned());
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ApplyError::Panicked(message.unwrap_or_else(|| "without a message".to_owned())))
    })
}

/// Reads a document and writes it again.
fn reread<D: Serialize + DeserializeOwned>(body: &str) -> Result<String, ApplyError> {
    Ok(serde_json::to_string(&serde_json::from_str::<D>(body)?)?)
}

/// Reads the event in a record.
pub(crate) fn read<E: schemas::EventSet>(record: &Record) -> Result<schemas::Recorded<E>, ApplyError> {
    Ok(schemas::Recorded::read((*record.envelope).clone(), &record.payload)?)
}
