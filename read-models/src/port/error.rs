//! Errors of a document store.

use super::Generation;

/// Why a store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer, or fails.
    #[error("the document store cannot be used: {0}")]
    Unavailable(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The disk is full.
    #[error("the document store has no space left")]
    NoSpace,
    /// The collection's indexes cannot answer the query: a mistake in the program.
    #[error("collection {collection} has no index for {field}")]
    NoIndex {
        /// The collection.
        collection: String,
        /// The field in the query.
        field: String,
    },
    /// A batch names the same document twice: a mistake in the program.
    #[error("the batch writes document {id} of {collection} twice")]
    DuplicateId {
        /// The collection.
        collection: String,
        /// The id that occurs twice.
        id: String,
    },
    /// The generation does not exist, or was dropped.
    #[error("generation {0:?} does not exist")]
    NoGeneration(Generation),
    /// The generation is live and cannot be dropped.
    #[error("generation {0:?} is live and cannot be dropped")]
    Live(Generation),
    /// A cursor without exactly one value per sort field: it belongs to another query.
    #[error("the cursor does not fit the sort order of the query on {collection}")]
    Cursor {
        /// The collection.
        collection: String,
    },
    /// The address names no supported store.
    #[error("{0} is not an address of a document store; use sqlite://PATH or mongodb://HOST/DATABASE")]
    Address(String),
    /// The address names no store for hot views.
    #[error("the address of the hot views cannot be used: {0}")]
    HotAddress(String),
    /// The store is on a server for which this build has no client.
    #[error("the document store cannot be used")]
    NoClient(#[from] platform::servers::NoClient),
    /// A document cannot be read as what its collection declares.
    #[error("document {id} of {collection} cannot be read")]
    Malformed {
        /// The collection.
        collection: String,
        /// The document.
        id: String,
        /// The error of the JSON reader.
        source: serde_json::Error,
    },
}
