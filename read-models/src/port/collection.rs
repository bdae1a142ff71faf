//! Collections and their generations.

/// The declaration of a collection, fixed per shape. Another shape is another set of generations.
#[derive(Clone, Debug)]
pub struct Collection {
    /// `orders`
    pub name: &'static str,
    /// Raised when documents change their shape, so that old and new documents never mix.
    pub shape: u32,
    /// The streams that the documents belong to, which consistency tokens name.
    pub streams: Streams,
    /// Whether it may live in a store without queries, such as Redis: it is read by id only, has no indexes, and everything in
    /// it is in other collections, too, from which readers are answered meanwhile.
    pub hot: bool,
    /// The only fields that can be filtered and sorted by.
    pub indexes: &'static [Index],
}

/// How the documents of a collection belong to streams. Streams are named by their prefix: `order` for `order-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// One document per stream, whose id is the stream's id and whose version is the stream's version.
    Entity(&'static str),
    /// One document per version of each stream: a [`Version`](crate::documents::versions::Version), under its
    /// [`id`](crate::documents::versions::id).
    Versions(&'static str),
    /// Journals and summaries: a document does not show which version of a stream has been applied.
    Other,
}

/// An index of a collection. Fields are named as in the document, with dots into objects (`totals.grand.minor`). A text has
/// a second key, `.natural`, by which numbers in it are sorted by their values (`number.natural`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// A field with one text, whole number or boolean.
    Field(&'static str),
    /// A field with a list of texts, for [`Filter::HasAny`](super::Filter::HasAny).
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
    /// From 1, per collection and shape.
    pub number: u32,
}

/// The state of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationState {
    /// Being built beside the live one.
    Building,
    /// The one that queries read.
    Live,
    /// Was live before. Keeps its documents and positions, and can become live again.
    Retired,
}
