//! What is answered.

use super::query::Place;

/// A page of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// In the order of the query.
    pub hits: Vec<Hit>,
    /// How many entries match on all pages.
    pub total: u64,
    /// Whether entries match before this page. An empty page counts as being at its cursor.
    pub more_before: bool,
    /// Whether entries match behind this page.
    pub more_behind: bool,
    /// If they were asked for: category, brand, price, availability and stock, then attributes, the most frequent first. A facet
    /// without values is left out.
    pub facets: Vec<Facet>,
}

/// A found entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its place in the order of the query; the id is in it.
    pub place: Place,
}

/// A property by which results can be narrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    pub kind: FacetKind,
    /// The most frequent first, then by label; price bands in the order of prices. At most
    /// [`MOST_FACET_VALUES`](super::MOST_FACET_VALUES), the selected ones among them.
    pub values: Vec<FacetValue>,
}

/// What a facet is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FacetKind {
    /// Values are ids of categories. An entry counts for its categories and their ancestors.
    Category,
    /// Values are brands.
    Brand,
    /// Values are bands of the price.
    Price,
    /// Whether it can be bought. Values are `true` and `false`.
    Available,
    /// Whether it is in stock. Values are `true` and `false`.
    InStock,
    /// Values of the attribute with this name.
    Attribute(String),
}

/// A value of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// The value to filter by.
    pub value: String,
    /// How to show it; the name of a category.
    pub label: String,
    /// Of a price band its bounds, in minor units, both included.
    pub range: Option<Range>,
    /// How many entries match the text and the filters of all *other* facets, and have the value.
    pub count: u64,
    /// Whether the query filters by it.
    pub selected: bool,
}

/// A price band, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest price in it.
    pub min: i64,
    /// The largest price in it.
    pub max: i64,
}

/// Suggestions for a text that is being typed, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    pub categories: Vec<CategorySuggestion>,
    /// Ids of entries.
    pub entries: Vec<String>,
}

/// A suggested category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategorySuggestion {
    pub id: String,
    /// How many entries of the asked statuses are in it.
    pub count: u64,
}
