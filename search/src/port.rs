//! The port of search.

mod answer;
mod entry;
mod query;

use async_trait::async_trait;

use crate::words::words;

pub use answer::{Answer, CategorySuggestion, Facet, FacetKind, FacetValue, Hit, Range, Suggestions};
pub use entry::{Category, Entry};
pub use query::{Filters, Key, Place, Query, Sort, SortField};

/// The longest search text, in characters.
pub const LONGEST_TEXT: usize = 200;
/// The most words of a search text.
pub const MOST_WORDS: usize = 10;
/// The most entries of an answer.
pub const MOST_HITS: usize = 1_000;
/// The most attributes that one query may filter by.
pub const MOST_ATTRIBUTE_FILTERS: usize = 20;
/// The most facets of an answer, in addition to category, brand, price, availability and stock.
pub const MOST_ATTRIBUTE_FACETS: usize = 20;
/// The most values of a facet.
pub const MOST_FACET_VALUES: usize = 100;

/// An index of the catalogue.
#[async_trait]
pub trait Search: Send + Sync {
    /// Puts each entry that is newer than the indexed one, by version and revision. Of an id that occurs twice the newest counts. Readers see
    /// all of them or none.
    async fn put(&self, entries: Vec<Entry>) -> Result<(), SearchError>;

    /// Removes the entries with these ids. An entry that was removed can be put again with any version.
    async fn remove(&self, ids: &[String]) -> Result<(), SearchError>;

    /// The indexed versions, in the order of `ids`; `None` for an id that is not indexed.
    async fn versions(&self, ids: &[String]) -> Result<Vec<Option<u64>>, SearchError>;

    /// Ids of the entries in any of these categories, in no particular order.
    async fn in_categories(&self, categories: &[String]) -> Result<Vec<String>, SearchError>;

    /// A page of the entries that match.
    async fn find(&self, query: &Query) -> Result<Answer, SearchError>;

    /// Categories with entries of these statuses, and such entries, for a text that is still being typed: at most `limit` of
    /// each.
    async fn suggest(
        &self,
        text: &str,
        statuses: &[String],
        limit: usize,
    ) -> Result<Suggestions, SearchError>;
}

/// Refuses a text that every index refuses, with [`SearchError::TooLong`].
pub fn check_text(text: &str) -> Result<(), SearchError> {
    let fits = text.chars().count() <= LONGEST_TEXT && words(text).len() <= MOST_WORDS;
    if fits { Ok(()) } else { Err(SearchError::TooLong) }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The text is longer than [`LONGEST_TEXT`] or has more words than [`MOST_WORDS`].
    #[error("search must have at most {MOST_WORDS} words and {LONGEST_TEXT} characters")]
    TooLong,
    /// The query filters by more than [`MOST_ATTRIBUTE_FILTERS`] attributes.
    #[error("a search can filter by at most {MOST_ATTRIBUTE_FILTERS} attributes")]
    TooManyFilters,
    /// The cursor was taken from a query with another sort order.
    #[error("the cursor belongs to another sort order")]
    Cursor,
    /// The index does not respond. Never from [`MemorySearch`](crate::MemorySearch).
    #[error("the search index does not respond: {0}")]
    Unavailable(String),
}
