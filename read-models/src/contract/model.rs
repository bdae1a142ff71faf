//! A store that is too simple to be wrong: all documents in a list.

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::port::{Cursor, Direction, Filter, Query, Value};

/// An id and a body.
pub(super) type Book = (String, Json);

/// The cursors of the documents that a query finds.
pub(super) fn find(books: &[Book], query: &Query) -> Vec<Cursor> {
    let mut cursors: Vec<Cursor> = books
        .iter()
        .filter(|(_, book)| matches(book, &query.filters))
        .map(|(id, book)| Cursor {
            values: query.sort.iter().map(|(field, _)| value(book, field)).collect(),
            id: id.clone(),
        })
        .collect();
    cursors.sort_by(|a, b| order(query, a, b));
    cursors.retain(|cursor| {
        let after = query.after.as_ref().is_none_or(|after| order(query, cursor, after).is_gt());
        let before = query.before.as_ref().is_none_or(|before| order(query, cursor, before).is_lt());
        after && before
    });
    if query.from_end {
        cursors.drain(..cursors.len().saturating_sub(query.limit));
    }
    cursors.truncate(query.limit);
    cursors
}

/// Whether all filters hold.
pub(super) fn matches(book: &Json, filters: &[Filter]) -> bool {
    filters.iter().all(|filter| match filter {
        Filter::In(field, values) => values.contains(&value(book, field)),
        Filter::Between(field, low, high) => {
            let value = value(book, field);
            let alike = |bound: &Value| {
                std::mem::discriminant(bound) == std::mem::discriminant(&value) && *bound != Value::Null
            };
            value != Value::Null
                && low.as_ref().is_none_or(|low| alike(low) && *low <= value)
                && high.as_ref().is_none_or(|high| alike(high) && value <= *high)
        }
        Filter::HasAny(field, any) => list(book, field).iter().any(|text| any.contains(text)),
    })
}

fn order(query: &Query, a: &Cursor, b: &Cursor) -> Ordering {
    for ((_, direction), (a, b)) in query.sort.iter().zip(a.values.iter().zip(&b.values)) {
        match turned(*direction, a.cmp(b)) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
    let last = query.sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    turned(last, a.id.cmp(&b.id))
}

fn turned(direction: Direction, ordering: Ordering) -> Ordering {
    match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    }
}

pub(super) fn value(book: &Json, field: &str) -> Value {
    match at(book, field) {
        Some(Json::String(text)) => Value::Text(text.clone()),
        Some(Json::Bool(yes)) => Value::Integer(i64::from(*yes)),
        Some(Json::Number(number)) => number.as_i64().map_or(Value::Null, Value::Integer),
        _ => Value::Null,
    }
}

pub(super) fn list(book: &Json, field: &str) -> Vec<String> {
    let texts = at(book, field).and_then(Json::as_array).into_iter().flatten();
    texts.filter_map(Json::as_str).map(str::to_owned).collect()
}

fn at<'a>(book: &'a Json, field: &str) -> Option<&'a Json> {
    field.split('.').try_fold(book, |inside, name| inside.get(name))
}
