//! Pages and counts.

use std::cmp::Ordering;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, TypeInfo, ValueRef};

use super::documents::stored;
use super::error::{failed_at, not_a_value};
use super::fan_out::WideFilters;
use super::keyset::{self, Key, Range};
use super::{conditions, schema};
use crate::backend::whole;
use crate::port::{Cursor, Direction, Filter, Found, Generation, MAX_PAGE, Query, StoreError, Value};

/// What of a document is read.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    All,
    NoBody,
}

/// Columns of a document, before those of the sort fields.
const DOCUMENT: usize = 4;

/// The statement of a page: one part for each range beyond the cursor that it starts from.
pub(super) fn page(
    generation: &Generation,
    query: &Query,
    wide: &WideFilters,
    columns: Columns,
) -> QueryBuilder<Sqlite> {
    let keys = keyset::keys(query, query.from_end);
    let opposite = keyset::keys(query, !query.from_end);
    let (start, end) =
        if query.from_end { (&query.before, &query.after) } else { (&query.after, &query.before) };
    let start = start.as_ref().map(keyset::values);
    let end = end.as_ref().map(keyset::values);
    let mut sql = QueryBuilder::new("");
    let part = |sql: &mut QueryBuilder<Sqlite>, range: Option<(&[Value], Range)>| {
        push_select(sql, generation, query, columns);
        conditions::push(sql, generation, &query.filters, |filter| wide.holds(filter));
        if let Some((values, range)) = range {
            sql.push(" AND ");
            keyset::push_range(sql, &keys, values, range);
        }
        if let Some(values) = &end {
            sql.push(" AND ");
            keyset::push_any(sql, &opposite, values, &keyset::ranges(&opposite, values));
        }
        keyset::push_order(sql, &keys);
        // The cast is of at most a thousand.
        sql.push(" LIMIT ").push_bind(limit(query) as i64).push(")");
    };
    match &start {
        None => part(&mut sql, None),
        Some(values) => {
            for (index, range) in keyset::ranges(&keys, values).into_iter().enumerate() {
                if index > 0 {
                    sql.push(" UNION ALL ");
                }
                part(&mut sql, Some((values, range)));
            }
        }
    }
    sql
}

fn push_select(sql: &mut QueryBuilder<Sqlite>, generation: &Generation, query: &Query, columns: Columns) {
    let body = match columns {
        Columns::All => "body",
        Columns::NoBody => "NULL",
    };
    sql.push(format_args!("SELECT * FROM (SELECT id, version, {body}, stale"));
    for (index, (name, _)) in query.sort.iter().enumerate() {
        sql.push(format_args!(", {} AS sort{index}", schema::column(name)));
    }
    sql.push(format_args!(" FROM {} WHERE ", schema::table(generation)));
}

fn limit(query: &Query) -> usize {
    query.limit.min(MAX_PAGE)
}

/// The rows of [`page`]: the parts merged and cut to the limit.
pub(super) fn read(
    generation: &Generation,
    query: &Query,
    rows: &[SqliteRow],
) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let document = stored(row).map_err(failed_at("reading a document"))?;
        let mut values = Vec::with_capacity(query.sort.len());
        for (index, (name, _)) in query.sort.iter().enumerate() {
            let value = value(row, DOCUMENT + index).map_err(failed_at("reading a document"))?;
            values.push(value.ok_or_else(|| not_a_value(&generation.collection, &document.id, name))?);
        }
        let cursor = Cursor { values, id: document.id.clone() };
        found.push(Found { document, cursor });
    }
    let keys = keyset::keys(query, query.from_end);
    found.sort_by(|a, b| order(&keys, &a.cursor, &b.cursor));
    found.truncate(limit(query));
    if query.from_end {
        found.reverse();
    }
    Ok(found)
}

fn order(keys: &[Key], a: &Cursor, b: &Cursor) -> Ordering {
    let values = a.values.iter().zip(&b.values).map(|(a, b)| a.cmp(b));
    let id = std::iter::once_with(|| a.id.cmp(&b.id));
    for (key, ordering) in keys.iter().zip(values.chain(id)) {
        let ordering = match key.direction {
            Direction::Ascending => ordering,
            Direction::Descending => ordering.reverse(),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// `None` for a value that is no key.
fn value(row: &SqliteRow, column: usize) -> Result<Option<Value>, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Some(Value::Null));
    }
    match raw.type_info().name() {
        "INTEGER" => Ok(Some(Value::Integer(row.try_get(column)?))),
        "TEXT" => Ok(Some(Value::Text(row.try_get(column)?))),
        _ => Ok(None),
    }
}

/// The statement of a count.
pub(super) fn count(
    generation: &Generation,
    filters: &[Filter],
    limit: u64,
) -> Result<QueryBuilder<Sqlite>, StoreError> {
    let table = schema::table(generation);
    let mut sql = QueryBuilder::new(format!("SELECT count(*) FROM (SELECT 1 FROM {table} WHERE "));
    conditions::push(&mut sql, generation, filters, |_| false);
    sql.push(" LIMIT ").push_bind(whole(limit.min(i64::MAX as u64))?).push(")");
    Ok(sql)
}
