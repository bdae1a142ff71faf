//! The three kinds of projections. A projection is data: where it listens, what it writes, and one pure function; the runner
//! does the rest for all of them.

mod entity;
mod journal;
mod summary;

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

/// A read model and how it is made.
pub struct Projection {
    collection: &'static Collection,
    topics: &'static [Topic],
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Entity(&'static dyn Evolve),
    Journal(&'static dyn Enter),
    Summary(&'static dyn Add),
}

impl Projection {
    /// One document per stream of `topics`, with the stream's id.
    pub const fn entity(
        collection: &'static Collection,
        topics: &'static [Topic],
        evolve: &'static dyn Evolve,
    ) -> Self {
        Self { collection, topics, kind: Kind::Entity(evolve) }
    }

    /// Documents that are written once each, with ids made from the event's.
    pub const fn journal(
        collection: &'static Collection,
        topics: &'static [Topic],
        enter: &'static dyn Enter,
    ) -> Self {
        Self { collection, topics, kind: Kind::Journal(enter) }
    }

    /// Sums, one document per key and partition.
    pub const fn summary(
        collection: &'static Collection,
        topics: &'static [Topic],
        add: &'static dyn Add,
    ) -> Self {
        Self { collection, topics, kind: Kind::Summary(add) }
    }

    /// Its name, which is its collection's.
    pub fn name(&self) -> &'static str {
        self.collection.name
    }

    /// What it writes.
    pub fn collection(&self) -> &'static Collection {
        self.collection
    }

    /// Where it listens.
    pub fn topics(&self) -> &'static [Topic] {
        self.topics
    }

    /// What today's program writes after it has read `body`, a document of the collection.
    pub fn reread(&self, body: &str) -> Result<String, Indigestible> {
        match self.kind {
            Kind::Entity(evolve) => evolve.reread(body),
            Kind::Journal(enter) => enter.reread(body),
            Kind::Summary(add) => add.reread(body),
        }
    }

    /// `entity`, `journal` or `summary`.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Entity(_) => "entity",
            Kind::Journal(_) => "journal",
            Kind::Summary(_) => "summary",
        }
    }
}

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Projection({}, {})", self.name(), self.kind())
    }
}

/// Why a projection cannot take in an event.
#[derive(Debug, thiserror::Error)]
pub enum Indigestible {
    /// The payload cannot be read.
    #[error("the event cannot be read")]
    Unreadable(#[from] DecodeError),
    /// The document in the store cannot be read, or the one that was made not be written.
    #[error("the document does not have its shape")]
    Document(#[from] serde_json::Error),
    /// The projection's function panicked: a mistake in the program.
    #[error("the projection panicked: {0}")]
    Panicked(String),
}

/// Runs a projection's function; its panic becomes an error, because one event must never stop the others.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Indigestible>) -> Result<T, Indigestible> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Indigestible::Panicked(said.unwrap_or_else(|| "without a word".to_owned())))
    })
}

/// Reads a document and writes it again.
fn reread<D: Serialize + DeserializeOwned>(body: &str) -> Result<String, Indigestible> {
    Ok(serde_json::to_string(&serde_json::from_str::<D>(body)?)?)
}

/// Reads the event in a record.
pub(crate) fn read<E: schemas::EventSet>(record: &Record) -> Result<schemas::Recorded<E>, Indigestible> {
    Ok(schemas::Recorded::read((*record.envelope).clone(), &record.payload)?)
}
