//! Counting facets.

use super::filters::Prepared;
use super::index::{Index, Item};
use super::values::Value;
use crate::port::{Facet, FacetKind, FacetValue, Filters, MOST_ATTRIBUTE_FACETS, MOST_FACET_VALUES, Range};

/// Entries by value.
pub(super) struct Counts(Vec<u64>);

impl Counts {
    pub(super) fn new(index: &Index) -> Self {
        Self(vec![0; index.values.all().len()])
    }

    /// An entry that matches the text and fails these conditions. It counts for every facet if it fails none, and for one if it
    /// fails that facet's own conditions only.
    pub(super) fn add(&mut self, index: &Index, filters: &Prepared, item: &Item, failed: u32) {
        if failed == 0 {
            for value in &item.values {
                self.0[*value as usize] += 1;
            }
        } else if let Some(group) = filters.only_facet(failed) {
            let values = index.values.all();
            for value in item.values.iter().filter(|value| values[**value as usize].group == group) {
                self.0[*value as usize] += 1;
            }
        }
    }

    pub(super) fn facets(&self, index: &Index, filters: &Filters) -> Vec<Facet> {
        let mut by_group: Vec<Vec<FacetValue>> = vec![Vec::new(); index.values.groups()];
        for (value, count) in index.values.all().iter().zip(&self.0) {
            let selected = selected(index.values.kind(value.group), value, filters);
            // One that no entry has any more is like one that no entry ever had.
            if *count > 0 || (selected && value.by_status.iter().any(|entries| *entries > 0)) {
                by_group[value.group as usize].push(FacetValue {
                    value: value.value.to_string(),
                    label: value.label.to_string(),
                    range: value.range,
                    count: *count,
                    selected,
                });
            }
        }
        let mut facets: Vec<(u64, Facet)> = Vec::new();
        for (group, mut values) in (0..).zip(by_group) {
            if values.is_empty() {
                continue;
            }
            let kind = index.values.kind(group).clone();
            let total = values.iter().map(|value| value.count).sum();
            shorten(&kind, &mut values);
            facets.push((total, Facet { kind, values }));
        }
        ordered(facets)
    }
}

/// Whether the query filters by a value. A price band is selected if the range of the filter is the band.
fn selected(kind: &FacetKind, value: &Value, filters: &Filters) -> bool {
    let among = |values: &Option<Vec<String>>| {
        values.as_ref().is_some_and(|values| values.iter().any(|one| **one == *value.value))
    };
    match kind {
        FacetKind::Category => among(&filters.categories),
        FacetKind::Brand => among(&filters.brands),
        FacetKind::Available => {
            filters.available.is_some_and(|available| available.to_string() == *value.value)
        }
        FacetKind::InStock => filters.in_stock.is_some_and(|in_stock| in_stock.to_string() == *value.value),
        FacetKind::Price => match (filters.price, value.range) {
            (Some((Some(min), Some(max))), Some(range)) => range == Range { min, max },
            _ => false,
        },
        FacetKind::Attribute(name) => {
            let mut filters = filters.attributes.iter().filter(|(filtered, _)| filtered == name);
            filters.any(|(_, values)| values.iter().any(|one| **one == *value.value))
        }
    }
}

/// Sorts the values, and keeps the first and the selected ones.
fn shorten(kind: &FacetKind, values: &mut Vec<FacetValue>) {
    match kind {
        FacetKind::Price => values.sort_by_key(|value| value.range.map(|range| range.min)),
        _ => values.sort_by(|one, other| {
            other
                .count
                .cmp(&one.count)
                .then_with(|| (&one.label, &one.value).cmp(&(&other.label, &other.value)))
        }),
    }
    let mut room = MOST_FACET_VALUES.saturating_sub(values.iter().filter(|value| value.selected).count());
    values.retain(|value| {
        let kept = value.selected || room > 0;
        room = room.saturating_sub(usize::from(!value.selected));
        kept
    });
    values.truncate(MOST_FACET_VALUES);
}

/// The facets of every catalogue, then the attributes that most values were counted of, and those that the query filters by.
fn ordered(mut facets: Vec<(u64, Facet)>) -> Vec<Facet> {
    facets.sort_by(|(one_total, one), (other_total, other)| {
        let key = |facet: &Facet| match &facet.kind {
            FacetKind::Attribute(_) => None,
            kind => Some(kind.clone()),
        };
        match (key(one), key(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => other_total.cmp(one_total).then_with(|| one.kind.cmp(&other.kind)),
        }
    });
    let mut attributes = 0;
    let mut all = Vec::new();
    for (_, facet) in facets {
        let is_attribute = matches!(facet.kind, FacetKind::Attribute(_));
        attributes += usize::from(is_attribute);
        if !is_attribute
            || attributes <= MOST_ATTRIBUTE_FACETS
            || facet.values.iter().any(|value| value.selected)
        {
            all.push(facet);
        }
    }
    all
}
