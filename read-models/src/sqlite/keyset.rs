//! Cursors as SQL.
//!
//! "Behind this cursor" is a union of ranges, each of which an index can answer: equal in the first keys and beyond in the
//! next one. Nulls sort first, so in descending order they are a range of their own.

use sqlx::{QueryBuilder, Sqlite};

use super::conditions::push_value;
use super::schema::column;
use crate::port::{Cursor, Direction, Query, Value};

/// One sort key.
pub(super) struct Key {
    /// The column.
    pub(super) sql: String,
    pub(super) direction: Direction,
}

/// The keys of a query, the id last; all reversed if `backwards`.
pub(super) fn keys(query: &Query, backwards: bool) -> Vec<Key> {
    let fields = query.sort.iter().map(|(name, direction)| (column(name), *direction));
    let id = ("id".to_owned(), query.id_direction());
    fields
        .chain([id])
        .map(|(sql, direction)| Key {
            sql,
            direction: if backwards { direction.reversed() } else { direction },
        })
        .collect()
}

/// A range beyond a cursor: the first `equal` keys are the same, the next one is beyond.
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

/// The disjoint ranges that together hold everything beyond the cursor.
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

/// The values of all keys at a cursor.
pub(super) fn values(cursor: &Cursor) -> Vec<Value> {
    cursor.values.iter().cloned().chain([Value::Text(cursor.id.clone())]).collect()
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
    for (index, key) in keys.iter().enumerate() {
        query.push(if index == 0 { " ORDER BY " } else { ", " }).push(&key.sql).push(match key.direction {
            Direction::Ascending => " ASC",
            Direction::Descending => " DESC",
        });
    }
}
