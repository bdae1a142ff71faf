//! Filters, by numbers of values: one pass over an entry's values answers all of them.

use std::collections::HashSet;

use super::index::{Index, Item};
use crate::port::{FacetKind, Filters, MOST_ATTRIBUTE_FILTERS, SearchError};
use crate::words::code;

/// A condition on a facet.
#[derive(Debug)]
struct Condition {
    kind: FacetKind,
    /// The number of the facet; `None` if no entry has it.
    group: Option<u32>,
}

/// The filters of a query, prepared for an index.
#[derive(Debug)]
pub(super) struct Prepared {
    statuses: Option<Vec<u32>>,
    codes: Option<HashSet<u32>>,
    price: Option<(u32, Option<i64>, Option<i64>)>,
    conditions: Vec<Condition>,
    /// By value: the conditions that it fulfils, as bits.
    fulfils: Vec<u32>,
}

impl Prepared {
    pub(super) fn new(index: &Index, filters: &Filters) -> Result<Self, SearchError> {
        if filters.attributes.len() > MOST_ATTRIBUTE_FILTERS {
            return Err(SearchError::TooManyFilters);
        }
        let statuses = filters.statuses.as_ref();
        let codes = filters.codes.as_ref();
        let mut prepared = Self {
            statuses: statuses.map(|names| names.iter().filter_map(|name| index.status(name)).collect()),
            codes: codes
                .map(|codes| codes.iter().flat_map(|text| index.codes.exact(&code(text))).copied().collect()),
            price: None,
            conditions: Vec::new(),
            fulfils: vec![0; index.values.all().len()],
        };
        let named = [(FacetKind::Category, &filters.categories), (FacetKind::Brand, &filters.brands)];
        for (kind, values) in named {
            if let Some(values) = values {
                prepared.require(index, kind, values);
            }
        }
        let flags = [(FacetKind::Available, filters.available), (FacetKind::InStock, filters.in_stock)];
        for (kind, value) in flags {
            if let Some(value) = value {
                prepared.require(index, kind, &[value.to_string()]);
            }
        }
        for (name, values) in &filters.attributes {
            prepared.require(index, FacetKind::Attribute(name.clone()), values);
        }
        if let Some((min, max)) = filters.price {
            let bit = prepared.condition(index, FacetKind::Price);
            prepared.price = Some((bit, min, max));
        }
        Ok(prepared)
    }

    /// Whether the conditions hold that are no facets.
    pub(super) fn eligible(&self, entry: u32, item: &Item) -> bool {
        self.statuses.as_ref().is_none_or(|statuses| statuses.contains(&item.status))
            && self.codes.as_ref().is_none_or(|entries| entries.contains(&entry))
    }

    /// The conditions that the entry does not fulfil, as bits.
    pub(super) fn failed(&self, item: &Item) -> u32 {
        if self.conditions.is_empty() {
            return 0;
        }
        let mut fulfilled = item.values.iter().fold(0, |bits, value| bits | self.fulfils[*value as usize]);
        if let Some((bit, min, max)) = self.price {
            let within = item.price.is_some_and(|price| {
                min.is_none_or(|min| min <= price) && max.is_none_or(|max| price <= max)
            });
            fulfilled |= if within { bit } else { 0 };
        }
        self.all() & !fulfilled
    }

    /// The facet that all these failed conditions are on. `None`: they are on several, or on one that no entry has.
    pub(super) fn only_facet(&self, failed: u32) -> Option<u32> {
        let first = self.conditions.get(failed.trailing_zeros() as usize)?;
        let same =
            |(at, condition): (usize, &Condition)| failed & (1 << at) == 0 || condition.kind == first.kind;
        self.conditions.iter().enumerate().all(same).then_some(first.group).flatten()
    }

    fn all(&self) -> u32 {
        // At most 20 attributes and five other conditions.
        (1 << self.conditions.len()) - 1
    }

    fn condition(&mut self, index: &Index, kind: FacetKind) -> u32 {
        let bit = 1 << self.conditions.len();
        let group = index.values.group(&kind);
        self.conditions.push(Condition { kind, group });
        bit
    }

    fn require(&mut self, index: &Index, kind: FacetKind, values: &[String]) {
        let numbers: Vec<u32> = values.iter().filter_map(|value| index.values.find(&kind, value)).collect();
        let bit = self.condition(index, kind);
        for number in numbers {
            self.fulfils[number as usize] |= bit;
        }
    }
}
