//! Places in a sorted list, as SQL.
//!
//! "After this place" falls into ranges, each of which an index answers: equal in the first keys and beyond in the next
//! one. Nulls sort first, so going down they are a range of their own.

use sqlx::{QueryBuilder, Sqlite};

use super::conditions::push_value;
use super::schema::field;
use crate::port::{Direction, Place, Query, Value};

/// One sort key.
pub(super) struct Key {
    /// Its SQL.
    pub(super) sql: String,
    /// Which way the question reads.
    pub(super) direction: Direction,
}

/// The keys of a question, the id last. `backwards` turns all of them round.
pub(super) fn keys(query: &Query, backwards: bool) -> Vec<Key> {
    let fields = query.sort.iter().map(|(name, direction)| (field(name), *direction));
    let id = ("id".to_owned(), query.id_direction());
    fields
        .chain([id])
        .map(|(sql, direction)| Key {
            sql,
            direction: if backwards { direction.reversed() } else { direction },
        })
        .collect()
}

/// A range beyond a place: the first `equal` keys are the same, the next one is beyond.
#[derive(Clone, Copy)]
pub(super) struct Range {
    equal: usize,
    beyond: Beyond,
}

#[derive(Clone, Copy)]
enum Beyond {
    Above,
    Below,
    Null,
    NotNull,
}

/// The ranges that together hold everything beyond the place, none of it twice.
pub(super) fn ranges(keys: &[Key], values: &[Value]) -> Vec<Range> {
    let mut ranges = Vec::new();
    for (equal, (key, value)) in keys.iter().zip(values).enumerate() {
        let beyond: &[Beyond] = match (key.direction, value) {
            (Direction::Ascending, Value::Null) => &[Beyond::NotNull],
            (Direction::Ascending, _) => &[Beyond::Above],
            (Direction::Descending, Value::Null) => &[],
            // The id is never null.
            (Direction::Descending, _) if equal + 1 == keys.len() => &[Beyond::Below],
            (Direction::Descending, _) => &[Beyond::Below, Beyond::Null],
        };
        ranges.extend(beyond.iter().map(|beyond| Range { equal, beyond: *beyond }));
    }
    ranges
}

/// The values of all keys at a place.
pub(super) fn values(place: &Place) -> Vec<Value> {
    place.values.iter().cloned().chain([Value::Text(place.id.clone())]).collect()
}

/// Appends the condition of one range.
pub(super) fn push_range(query: &mut QueryBuilder<Sqlite>, keys: &[Key], values: &[Value], range: Range) {
    for (key, value) in keys.iter().zip(values).take(range.equal) {
        query.push(&key.sql);
        if *value == Value::Null {
            query.push(" IS NULL AND ");
        } else {
            query.push(" = ");
            push_value(query, value);
            query.push(" AND ");
        }
    }
    let (key, value) = (&keys[range.equal], &values[range.equal]);
    query.push(&key.sql);
    match range.beyond {
        Beyond::Above => query.push(" > "),
        Beyond::Below => query.push(" < "),
        Beyond::Null => query.push(" IS NULL"),
        Beyond::NotNull => query.push(" IS NOT NULL"),
    };
    if matches!(range.beyond, Beyond::Above | Beyond::Below) {
        push_value(query, value);
    }
}

/// Appends the condition of several ranges.
pub(super) fn push_any(query: &mut QueryBuilder<Sqlite>, keys: &[Key], values: &[Value], ranges: &[Range]) {
    query.push("(0");
    for range in ranges {
        query.push(" OR (");
        push_range(query, keys, values, *range);
        query.push(")");
    }
    query.push(")");
}

/// Appends the order.
pub(super) fn push_order(query: &mut QueryBuilder<Sqlite>, keys: &[Key]) {
    for (place, key) in keys.iter().enumerate() {
        query.push(if place == 0 { " ORDER BY " } else { ", " }).push(&key.sql).push(match key.direction {
            Direction::Ascending => " ASC",
            Direction::Descending => " DESC",
        });
    }
}
