//! Sorting and cutting pages.

use std::cmp::Ordering;

use super::index::{Index, Item};
use super::scoring::Candidate;
use crate::port::{Answer, Hit, Key, MOST_HITS, Place, Query, SearchError, Sort};

/// The page of a query among all matches. Fills everything but facets.
pub(super) fn page(index: &Index, query: &Query, matches: Vec<Candidate>) -> Result<Answer, SearchError> {
    for place in [&query.after, &query.before].into_iter().flatten() {
        check(place, &query.sort)?;
    }
    let total = matches.len();
    let mut found: Vec<(Candidate, &Item)> = Vec::with_capacity(total);
    found.extend(matches.into_iter().filter_map(|match_| Some((match_, index.item(match_.entry)?))));
    let (mut more_before, mut more_behind) = (false, false);
    if let Some(after) = &query.after {
        let all = found.len();
        found.retain(|(one, item)| compare_place(item, one.score, after, &query.sort) == Ordering::Greater);
        more_before = found.len() < all;
    }
    if let Some(before) = &query.before {
        let all = found.len();
        found.retain(|(one, item)| compare_place(item, one.score, before, &query.sort) == Ordering::Less);
        more_behind = found.len() < all;
    }
    let limit = query.limit.min(MOST_HITS);
    let order = |(one, item): &(Candidate, &Item), (other, other_item): &(Candidate, &Item)| {
        let order = compare(item, one.score, (other_item, other.score), &query.sort);
        if query.from_end { order.reverse() } else { order }
    };
    if found.len() > limit {
        if limit > 0 {
            found.select_nth_unstable_by(limit - 1, order);
        }
        found.truncate(limit);
        *(if query.from_end { &mut more_before } else { &mut more_behind }) = true;
    }
    found.sort_unstable_by(order);
    if query.from_end {
        found.reverse();
    }
    let hits = found.into_iter().map(|(one, item)| Hit { place: place(item, one.score, &query.sort) });
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    Ok(Answer { hits: hits.collect(), total, more_before, more_behind, facets: Vec::new() })
}

fn place(item: &Item, score: u32, sort: &[Sort]) -> Place {
    Place { keys: sort.iter().map(|sort| item.key(score, sort.field)).collect(), id: item.id.to_string() }
}

fn check(place: &Place, sort: &[Sort]) -> Result<(), SearchError> {
    if place.keys.len() == sort.len() { Ok(()) } else { Err(SearchError::Cursor) }
}

fn compare(item: &Item, score: u32, other: (&Item, u32), sort: &[Sort]) -> Ordering {
    for sort in sort {
        let order = directed(item.compare(score, other, sort.field), sort.descending);
        if order != Ordering::Equal {
            return order;
        }
    }
    directed(item.id.cmp(&other.0.id), id_descending(sort))
}

fn compare_place(item: &Item, score: u32, place: &Place, sort: &[Sort]) -> Ordering {
    for (sort, key) in sort.iter().zip(&place.keys) {
        let own: Key = item.key(score, sort.field);
        let order = directed(own.cmp(key), sort.descending);
        if order != Ordering::Equal {
            return order;
        }
    }
    directed((*item.id).cmp(place.id.as_str()), id_descending(sort))
}

fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

fn id_descending(sort: &[Sort]) -> bool {
    sort.last().is_some_and(|sort| sort.descending)
}
