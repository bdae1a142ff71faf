//! Pages and their order.

use platform::contract::Checked;

use super::draw::Draw;
use super::{Indexes, ensure};
use crate::port::{Entry, Key, MOST_HITS, Place, Query, Search, SearchError, Sort, SortField};

const CATALOGUES: u64 = 40;
const QUERIES: usize = 15;

pub(super) async fn pages_visit_each_match_once_in_both_directions(indexes: &dyn Indexes) -> Checked {
    for seed in 100..100 + CATALOGUES {
        let mut draw = Draw::new(seed);
        let index = indexes.empty();
        index.put(draw.entries(30)).await?;
        for _ in 0..QUERIES {
            let query = draw.query();
            let all = places(&*index, &Query { limit: MOST_HITS, ..query.clone() }).await?;
            for from_end in [false, true] {
                walk(&*index, &Query { from_end, ..query.clone() }, &all).await?;
            }
        }
    }
    Ok(())
}

async fn places(index: &dyn Search, query: &Query) -> Result<Vec<Place>, SearchError> {
    Ok(index.find(query).await?.hits.into_iter().map(|hit| hit.place).collect())
}

async fn walk(index: &dyn Search, query: &Query, all: &[Place]) -> Checked {
    let mut page = query.clone();
    let mut visited: Vec<Place> = Vec::new();
    loop {
        let answer = index.find(&page).await?;
        ensure!(answer.total == all.len() as u64, "{page:?}\ncounts {}, not {}", answer.total, all.len());
        let places: Vec<Place> = answer.hits.into_iter().map(|hit| hit.place).collect();
        let more = if page.from_end { answer.more_before } else { answer.more_behind };
        let other = if page.from_end { answer.more_behind } else { answer.more_before };
        ensure!(other != visited.is_empty(), "{page:?}\nsays {other} of what was visited");
        if page.from_end {
            page.before = places.first().cloned();
            visited.splice(0..0, places);
        } else {
            page.after = places.last().cloned();
            visited.extend(places);
        }
        ensure!(visited.len() <= all.len(), "{page:?}\nvisits more than there is: {visited:?}");
        if !more {
            break;
        }
    }
    ensure!(visited == all, "{query:?}\nvisits {visited:?}\nnot {all:?}");
    Ok(())
}

pub(super) async fn entries_are_in_the_order_of_the_sort_keys(indexes: &dyn Indexes) -> Checked {
    for seed in 200..200 + CATALOGUES {
        let mut draw = Draw::new(seed);
        let index = indexes.empty();
        let entries = draw.entries(30);
        index.put(entries.clone()).await?;
        for _ in 0..QUERIES {
            let mut query = Query { text: None, limit: MOST_HITS, ..draw.query() };
            query.sort.retain(|sort| sort.field != SortField::Relevance);
            let found = places(&*index, &query).await?;
            let mut expected: Vec<&Entry> =
                entries.iter().filter(|entry| found.iter().any(|place| place.id == entry.id)).collect();
            expected.sort_by(|one, other| compare(one, other, &query.sort));
            let expected: Vec<&str> = expected.iter().map(|entry| entry.id.as_str()).collect();
            let found: Vec<&str> = found.iter().map(|place| place.id.as_str()).collect();
            ensure!(found == expected, "seed {seed}, {query:?}\nfinds {found:?}\nnot {expected:?}");
        }
    }
    Ok(())
}

fn compare(one: &Entry, other: &Entry, sort: &[Sort]) -> std::cmp::Ordering {
    let key = |entry: &Entry, field| match field {
        SortField::Relevance => Key::Null,
        SortField::Title => Key::Text(entry.sort_title.clone()),
        SortField::Price => entry.price.map_or(Key::Null, Key::Integer),
        SortField::Created => Key::Integer(entry.created_at),
        SortField::Updated => Key::Integer(entry.updated_at),
    };
    let directed = |order: std::cmp::Ordering, descending| if descending { order.reverse() } else { order };
    let keys =
        sort.iter().map(|sort| directed(key(one, sort.field).cmp(&key(other, sort.field)), sort.descending));
    let last = directed(one.id.cmp(&other.id), sort.last().is_some_and(|sort| sort.descending));
    keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(last)
}

pub(super) async fn a_cursor_of_another_order_is_refused(indexes: &dyn Indexes) -> Checked {
    let index = indexes.empty();
    index.put(vec![Draw::new(1).entry(1, 1)]).await?;
    let place = Place { keys: vec![Key::Integer(1), Key::Null], id: "p01".to_owned() };
    let query = Query {
        sort: vec![Sort { field: SortField::Title, descending: false }],
        after: Some(place),
        limit: 1,
        ..Query::default()
    };
    let found = index.find(&query).await;
    ensure!(matches!(found, Err(SearchError::Cursor)), "{found:?}");
    Ok(())
}
