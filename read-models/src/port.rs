//! The document store port.
//!
//! A store holds **generations** of collections. A document has a version and a write is kept only when it is newer than
//! what is there, so of two writers the older never wins, and writing twice is writing once. A deletion leaves a
//! tombstone with its version. Positions of the feeding topics are kept in the same store, after the data.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

/// What a collection looks like: fixed per shape; another shape is another set of generations.
#[derive(Clone, Debug)]
pub struct Collection {
    /// `orders`
    pub name: &'static str,
    /// Raised when documents change their shape, so that old and new documents never mix.
    pub shape: u32,
    /// What can be filtered and sorted by. Only indexed fields can.
    pub indexes: &'static [Index],
}

/// An index of a collection. Fields are named as in the document, with dots into objects (`totals.grand.minor`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// A field with one text or whole number.
    Field(&'static str),
    /// A field with a list of texts, for [`Filter::HasAny`] and [`Filter::Words`].
    List(&'static str),
    /// Two fields: filter for equality by the first, sort by the second.
    Pair(&'static str, &'static str),
}

/// One generation of a collection: a complete set of documents with its own positions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Generation {
    /// The collection's name.
    pub collection: String,
    /// The shape of its documents.
    pub shape: u32,
    /// 1, 2, 3 … per collection and shape.
    pub number: u32,
}

/// What a generation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationState {
    /// Being built beside the live one.
    Building,
    /// The one that is read.
    Live,
    /// Was live once; keeps its positions, can be gone back to.
    Retired,
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Unique in its generation.
    pub id: String,
    /// Rises with every write.
    pub version: u64,
    /// The JSON text; `None` is a tombstone.
    pub body: Option<String>,
    /// An event of its stream could not be digested; the document stands still until that is mended.
    pub stale: bool,
}

/// A write of one document, kept only when `version` is newer than what is stored (a tombstone counts), or when it marks the
/// document stale at the same version.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Which document.
    pub id: String,
    /// Its version after the write; from 1.
    pub version: u64,
    /// The JSON text; `None` deletes and leaves a tombstone.
    pub body: Option<String>,
    /// See [`Stored::stale`].
    pub stale: bool,
}

/// Positions per feeding partition; the key is `<topic>/<partition>`.
pub type Checkpoint = BTreeMap<String, u64>;

/// A value that a document is filtered or sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// The field is missing or null; sorts first.
    Null,
    /// A whole number, or a boolean as 0 and 1.
    Integer(i64),
    /// A text, compared by bytes.
    Text(String),
}

/// A condition. All conditions of a query must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// The field equals one of these.
    In(&'static str, Vec<Value>),
    /// The field is at least the first and at most the second; `None` is open. Only values of the bounds' own kind are
    /// in a range: a missing field is in none, and nothing lies beside a bound of `Null` or between a number and a text.
    Between(&'static str, Option<Value>, Option<Value>),
    /// The list holds at least one of these.
    HasAny(&'static str, Vec<String>),
    /// For each of these the list holds a text that begins with it.
    Words(&'static str, Vec<String>),
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A question for a page of documents. Tombstones are never found. The id is always the last sort key, ascending unless
/// the last field of `sort` is descending.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// In order of importance.
    pub sort: Vec<(&'static str, Direction)>,
    /// Only what stands after this place: the values of the sort fields, then the id.
    pub after: Option<Place>,
    /// Only what stands before this place.
    pub before: Option<Place>,
    /// Take the last of what matches instead of the first (answers still come in the order of `sort`).
    pub from_end: bool,
    /// At most so many; 1 to 1 000 (0 finds nothing, more is cut to 1 000).
    pub limit: usize,
}

/// A place in a sorted list: where a cursor points.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Values of the sort fields, in their order.
    pub values: Vec<Value>,
    /// The document's id.
    pub id: String,
}

/// A found document and its place, for cursors.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The document.
    pub document: Stored,
    /// Where it stands in the order asked for.
    pub place: Place,
}

/// The documents of a store.
#[async_trait]
pub trait Documents: Send + Sync {
    /// The documents with these ids, in their order; `None` for one that was never written. Tombstones are answered.
    async fn load(&self, generation: &Generation, ids: &[String]) -> Result<Vec<Option<Stored>>, StoreError>;

    /// Writes what is newer than what is there, then sets the given positions (others stay). Durable when it returns; the
    /// positions never before the documents. Answers for each write whether it was kept.
    async fn write(
        &self,
        generation: &Generation,
        writes: &[Write],
        positions: &Checkpoint,
    ) -> Result<Vec<bool>, StoreError>;

    /// A page.
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError>;

    /// How many match `filters`, counting no further than `limit`.
    async fn count(&self, generation: &Generation, filters: &[Filter], limit: u64)
    -> Result<u64, StoreError>;

    /// The positions of a generation.
    async fn positions(&self, generation: &Generation) -> Result<Checkpoint, StoreError>;

    /// Waits until something was written to the collection after `since` (a counter that this answers), at most `patience`.
    /// Start with 0, which answers at once. The counter belongs to this handle and may move without a write to this very
    /// collection; it never stands still when there was one, whoever wrote.
    async fn changed(&self, collection: &str, since: u64, patience: Duration) -> u64;
}

/// The generations of a store.
#[async_trait]
pub trait Generations: Send + Sync {
    /// All of them with their state, sorted.
    async fn list(&self) -> Result<Vec<(Generation, GenerationState)>, StoreError>;

    /// The live one of the collection's shape; the first caller creates generation 1 as live.
    async fn live(&self, collection: &Collection) -> Result<Generation, StoreError>;

    /// A new, empty one beside the live one.
    async fn create(&self, collection: &Collection) -> Result<Generation, StoreError>;

    /// Makes this one live and retires the live one: one atomic step, seen by every reader from its next request on.
    async fn switch(&self, to: &Generation) -> Result<(), StoreError>;

    /// Drops a generation that is not live, with documents and positions. Its number is never given again.
    async fn drop_generation(&self, generation: &Generation) -> Result<(), StoreError>;
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer.
    #[error("the document store cannot be used: {0}")]
    Unavailable(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The disk is full.
    #[error("the document store has no space left")]
    NoSpace,
    /// A question that the collection's indexes cannot answer: a mistake in the program.
    #[error("collection {collection} has no index for {field}")]
    NoIndex {
        /// The collection.
        collection: String,
        /// The field that was asked for.
        field: String,
    },
    /// The generation is not there (any more).
    #[error("generation {0:?} does not exist")]
    NoGeneration(Generation),
    /// The generation is live and cannot be dropped.
    #[error("generation {0:?} is live and cannot be dropped")]
    Live(Generation),
    /// A place without exactly one value per sort field: it was made for another question.
    #[error("the place does not fit the order that collection {collection} is asked in")]
    Place {
        /// The collection.
        collection: String,
    },
    /// The address names no kind of store.
    #[error("{0} is not an address of a document store; use sqlite://PATH")]
    Address(String),
    /// A document in the store is not what its collection says.
    #[error("document {id} of {collection} cannot be read")]
    Malformed {
        /// The collection.
        collection: String,
        /// The document.
        id: String,
        /// What serde found.
        source: serde_json::Error,
    },
}
