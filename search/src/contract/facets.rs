//! Facets, against a count over all entries.

use std::collections::{BTreeMap, BTreeSet};

use platform::contract::Checked;

use super::draw::Draw;
use super::{Indexes, ensure};
use crate::port::{Entry, Facet, FacetKind, Filters, MOST_HITS, Query};

const CATALOGUES: u64 = 60;
const QUERIES: usize = 20;

pub(super) async fn facets_count_what_the_other_filters_leave(indexes: &dyn Indexes) -> Checked {
    for seed in 0..CATALOGUES {
        let mut draw = Draw::new(seed);
        let index = indexes.empty();
        let entries = draw.entries(40);
        index.put(entries.clone()).await?;
        for _ in 0..QUERIES {
            let query = draw.query();
            // What the text finds is not what is tested here.
            let Filters { statuses, codes, .. } = query.filters.clone();
            let filters = Filters { statuses, codes, ..Filters::default() };
            let all = Query { filters, limit: MOST_HITS, facets: false, ..query.clone() };
            let found: BTreeSet<String> =
                index.find(&all).await?.hits.into_iter().map(|hit| hit.place.id).collect();
            let matching: Vec<&Entry> = entries.iter().filter(|entry| found.contains(&entry.id)).collect();
            let answer = index.find(&query).await?;
            let counted = counted(&answer.facets);
            let expected = expected(&matching, &query.filters);
            ensure!(counted == expected, "seed {seed}, {query:?}\ncounts {counted:?}\nnot {expected:?}");
            let total = matching.iter().filter(|entry| passes(entry, &query.filters, None)).count() as u64;
            ensure!(answer.total == total, "seed {seed}, {query:?}\nfinds {}, not {total}", answer.total);
        }
    }
    Ok(())
}

pub(super) async fn a_facet_is_not_counted_unless_asked_for(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    index.put(vec![Draw::new(1).entry(1, 1)]).await?;
    let facets = index.find(&Query { limit: 1, ..Query::default() }).await?.facets;
    ensure!(facets.is_empty(), "{facets:?}");
    Ok(())
}

type Counted = BTreeMap<(FacetKind, String), u64>;

/// Without the values that are only shown because they are selected.
fn counted(facets: &[Facet]) -> Counted {
    let values = facets.iter().flat_map(|facet| facet.values.iter().map(|value| (facet.kind.clone(), value)));
    // A price band is named by its bounds.
    let name = |value: &crate::port::FacetValue| {
        value.range.map_or_else(|| value.value.clone(), |range| format!("{}..{}", range.min, range.max))
    };
    values
        .filter(|(_, value)| value.count > 0)
        .map(|(kind, value)| ((kind, name(value)), value.count))
        .collect()
}

fn expected(entries: &[&Entry], filters: &Filters) -> Counted {
    let mut counted = Counted::new();
    for entry in entries {
        for (kind, value) in values(entry) {
            if passes(entry, filters, Some(&kind)) {
                *counted.entry((kind, value)).or_default() += 1;
            }
        }
    }
    counted
}

fn values(entry: &Entry) -> BTreeSet<(FacetKind, String)> {
    let mut values: BTreeSet<_> =
        entry.categories.iter().map(|category| (FacetKind::Category, category.id.clone())).collect();
    values.extend(entry.brand.clone().map(|brand| (FacetKind::Brand, brand)));
    values.extend(entry.price.map(|price| (FacetKind::Price, band(price).to_owned())));
    values.insert((FacetKind::Available, entry.available.to_string()));
    values.insert((FacetKind::InStock, entry.in_stock.to_string()));
    values.extend(entry.attributes.iter().cloned().map(|(name, value)| (FacetKind::Attribute(name), value)));
    values
}

/// Of the prices that are drawn.
fn band(price: i64) -> &'static str {
    match price {
        0..=99 => "0..99",
        100..=199 => "100..199",
        200..=499 => "200..499",
        500..=999 => "500..999",
        _ => "10000..19999",
    }
}

/// Whether the entry passes all filters but those on one facet.
fn passes(entry: &Entry, filters: &Filters, but: Option<&FacetKind>) -> bool {
    let ignored = |kind: FacetKind| but == Some(&kind);
    let category = |wanted: &Vec<String>| entry.categories.iter().any(|one| wanted.contains(&one.id));
    let brand = |wanted: &Vec<String>| entry.brand.as_ref().is_some_and(|brand| wanted.contains(brand));
    let price = |(min, max): (Option<i64>, Option<i64>)| {
        entry
            .price
            .is_some_and(|price| min.is_none_or(|min| min <= price) && max.is_none_or(|max| price <= max))
    };
    let attribute = |(name, wanted): &(String, Vec<String>)| {
        ignored(FacetKind::Attribute(name.clone()))
            || entry.attributes.iter().any(|(own, value)| own == name && wanted.contains(value))
    };
    (ignored(FacetKind::Category) || filters.categories.as_ref().is_none_or(category))
        && (ignored(FacetKind::Brand) || filters.brands.as_ref().is_none_or(brand))
        && (ignored(FacetKind::Price) || filters.price.is_none_or(price))
        && (ignored(FacetKind::Available) || filters.available.is_none_or(|wanted| wanted == entry.available))
        && (ignored(FacetKind::InStock) || filters.in_stock.is_none_or(|wanted| wanted == entry.in_stock))
        && filters.attributes.iter().all(attribute)
}
