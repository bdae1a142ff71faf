//! What a collection's indexes can answer: the same for every backend.

use crate::port::{Collection, Direction, Filter, Index, Query, StoreError};

impl Collection {
    /// Refuses what the indexes cannot answer, with [`StoreError::NoIndex`] or [`StoreError::Place`].
    pub(crate) fn check(&self, query: &Query) -> Result<(), StoreError> {
        self.check_filters(&query.filters)?;
        for (field, _) in &query.sort {
            self.check_scalar(field, &query.filters)?;
        }
        for place in [&query.after, &query.before].into_iter().flatten() {
            if place.values.len() != query.sort.len() {
                return Err(StoreError::Place { collection: self.name.to_owned() });
            }
        }
        Ok(())
    }

    /// Refuses filters on what has no index.
    pub(crate) fn check_filters(&self, filters: &[Filter]) -> Result<(), StoreError> {
        for filter in filters {
            match filter {
                Filter::In(field, _) | Filter::Between(field, _, _) => self.check_scalar(field, filters)?,
                Filter::HasAny(field, _) | Filter::Words(field, _) => {
                    if !self.indexes.contains(&Index::List(field)) {
                        return Err(self.no_index(field));
                    }
                }
            }
        }
        Ok(())
    }

    /// The second field of a pair can only be used beside an equality on the first.
    fn check_scalar(&self, field: &str, filters: &[Filter]) -> Result<(), StoreError> {
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
    /// The other way round.
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
