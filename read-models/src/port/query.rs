//! Queries over indexed fields, and the check that the indexes can answer them: the same for every backend.

use super::{Collection, Index, StoreError, Stored, Value};

/// Most documents in an answer of [`Queries::find`](super::Queries::find).
pub const MAX_PAGE: usize = 1_000;

/// A condition. All conditions of a query must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// The field equals one of these.
    In(&'static str, Vec<Value>),
    /// The field is at least the first and at most the second; `None` is open. Only values of the bounds' own kind are in a
    /// range: a missing field is in none, and a range with a bound of `Null`, or from a number to a text, is empty.
    Between(&'static str, Option<Value>, Option<Value>),
    /// The list holds at least one of these.
    HasAny(&'static str, Vec<String>),
}

/// The direction of a sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A query for a page of documents. Tombstones are never found. The id is always the last sort key, ascending unless the
/// last field of `sort` is descending.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// All must hold.
    pub filters: Vec<Filter>,
    /// In order of importance.
    pub sort: Vec<(&'static str, Direction)>,
    /// Only documents behind this cursor.
    pub after: Option<Cursor>,
    /// Only documents before this cursor.
    pub before: Option<Cursor>,
    /// Take the last matches instead of the first. The answer is still in the order of `sort`.
    pub from_end: bool,
    /// Most documents to answer; 1 to [`MAX_PAGE`] (0 finds nothing, more is cut).
    pub limit: usize,
}

/// A position in a sorted list. No document need be at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// Values of the sort fields, in their order.
    pub values: Vec<Value>,
    /// The document's id.
    pub id: String,
}

/// A found document and its position in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The document.
    pub document: Stored,
    /// Its position in the order of the query.
    pub cursor: Cursor,
}

/// The place of a document in the order of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The document's version.
    pub version: u64,
    /// Its position in the order of the query, with its id.
    pub cursor: Cursor,
}

impl Collection {
    /// Refuses what the indexes cannot answer, with [`StoreError::NoIndex`] or [`StoreError::Cursor`].
    pub fn check(&self, query: &Query) -> Result<(), StoreError> {
        self.check_filters(&query.filters)?;
        for (field, _) in &query.sort {
            self.check_field(field, &query.filters)?;
        }
        for cursor in [&query.after, &query.before].into_iter().flatten() {
            if cursor.values.len() != query.sort.len() {
                return Err(StoreError::Cursor { collection: self.name.to_owned() });
            }
        }
        Ok(())
    }

    /// Refuses filters on fields without an index.
    pub fn check_filters(&self, filters: &[Filter]) -> Result<(), StoreError> {
        for filter in filters {
            match filter {
                Filter::In(field, _) | Filter::Between(field, _, _) => self.check_field(field, filters)?,
                Filter::HasAny(field, _) => {
                    if !self.indexes.contains(&Index::List(field)) {
                        return Err(self.no_index(field));
                    }
                }
            }
        }
        Ok(())
    }

    /// The second field of a pair can only be used beside an equality on the first.
    fn check_field(&self, field: &str, filters: &[Filter]) -> Result<(), StoreError> {
        let equal =
            |name: &str| filters.iter().any(|filter| matches!(filter, Filter::In(f, _) if *f == name));
        let covered = self.indexes.iter().any(|index| match index {
            Index::Field(name) => *name == field,
            Index::Pair(first, second) => *first == field || (*second == field && equal(first)),
            Index::List(_) => false,
        });
        if covered { Ok(()) } else { Err(self.no_index(field)) }
    }

    fn no_index(&self, field: &str) -> StoreError {
        StoreError::NoIndex { collection: self.name.to_owned(), field: field.to_owned() }
    }
}

impl Direction {
    /// The opposite direction.
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

impl Query {
    /// The direction of the id, the last sort key.
    pub fn id_direction(&self) -> Direction {
        self.sort.last().map_or(Direction::Ascending, |(_, direction)| *direction)
    }
}
