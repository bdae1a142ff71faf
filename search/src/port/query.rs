//! What is asked.

/// A query for a page of entries.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// What was typed; `None` for all entries. A text without a letter or digit finds nothing.
    pub text: Option<String>,
    /// All must hold.
    pub filters: Filters,
    /// In order of importance. The id is always the last key, ascending unless the last of these is descending.
    pub sort: Vec<Sort>,
    /// Only entries behind this place.
    pub after: Option<Place>,
    /// Only entries before this place.
    pub before: Option<Place>,
    /// Take the last matches instead of the first. The answer is still in the order of `sort`.
    pub from_end: bool,
    /// Most entries to answer; more than [`MOST_HITS`](super::MOST_HITS) is cut.
    pub limit: usize,
    /// Whether to count facets.
    pub facets: bool,
}

/// Conditions. `None` or an empty list of attributes is no condition; an empty list of values matches nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filters {
    /// Entries with any of these statuses; no facet.
    pub statuses: Option<Vec<String>>,
    /// Entries with any of these codes, exactly; no facet.
    pub codes: Option<Vec<String>>,
    /// Entries in any of these categories.
    pub categories: Option<Vec<String>>,
    /// Entries of any of these brands.
    pub brands: Option<Vec<String>>,
    /// Entries whose price is in this range, ends included. An entry without a price is in none.
    pub price: Option<(Option<i64>, Option<i64>)>,
    /// Entries that can be bought, or that cannot.
    pub available: Option<bool>,
    /// Entries that are in stock, or that are not.
    pub in_stock: Option<bool>,
    /// For each of these names, entries with any of its values.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// A sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub field: SortField,
    /// Largest first.
    pub descending: bool,
}

/// What entries can be sorted by. A missing price counts as smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// The rank: ascending is the best match first.
    Relevance,
    Title,
    Price,
    Created,
    Updated,
}

/// The value of a sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Missing; the smallest.
    Null,
    Integer(i64),
    /// Compared by its bytes.
    Text(String),
}

/// A position in a sorted list. No entry need be at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Values of the sort keys, in their order.
    pub keys: Vec<Key>,
    /// The entry's id.
    pub id: String,
}
