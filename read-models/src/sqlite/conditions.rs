//! Filters as SQL.

use sqlx::{QueryBuilder, Sqlite};

use super::schema::{column, list_table};
use crate::port::{Filter, Generation, Value};

/// Appends the conditions: the document is no tombstone and matches all filters. No index is used for `wide` filters.
pub(super) fn push(
    query: &mut QueryBuilder<Sqlite>,
    generation: &Generation,
    filters: &[Filter],
    wide: impl Fn(&Filter) -> bool,
) {
    query.push("body IS NOT NULL");
    for filter in filters {
        query.push(" AND ");
        push_filter(query, generation, filter, wide(filter));
    }
}

/// Appends one condition. A plus sign before a column hides it from indexes.
pub(super) fn push_filter(
    query: &mut QueryBuilder<Sqlite>,
    generation: &Generation,
    filter: &Filter,
    hidden: bool,
) {
    let plus = if hidden { "+" } else { "" };
    match filter {
        Filter::In(name, values) => push_in(query, &format!("{plus}{}", column(name)), values),
        Filter::Between(name, low, high) => {
            push_between(query, &format!("{plus}{}", column(name)), low.as_ref(), high.as_ref());
        }
        Filter::HasAny(name, texts) => {
            query.push(format_args!("{plus}row IN ("));
            push_has_any(query, &list_table(generation, name), texts);
            query.push(")");
        }
    }
}

/// Appends one value.
pub(super) fn push_value(query: &mut QueryBuilder<Sqlite>, value: &Value) {
    match value {
        Value::Null => query.push("NULL"),
        Value::Integer(number) => query.push_bind(*number),
        Value::Text(text) => query.push_bind(text.as_str()),
    };
}

fn push_in(query: &mut QueryBuilder<Sqlite>, name: &str, values: &[Value]) {
    let (nulls, others): (Vec<&Value>, Vec<&Value>) =
        values.iter().partition(|value| matches!(value, Value::Null));
    match others.as_slice() {
        [] if nulls.is_empty() => query.push("0"),
        [] => query.push(format_args!("{name} IS NULL")),
        many => {
            query.push(format_args!("({name} "));
            // A single equality keeps the order of a pair's second field.
            if let [one] = many {
                query.push("= ");
                push_value(query, one);
            } else {
                query.push("IN (");
                push_list(query, many.iter().copied(), push_value);
                query.push(")");
            }
            if !nulls.is_empty() {
                query.push(format_args!(" OR {name} IS NULL"));
            }
            query.push(")")
        }
    };
}

/// SQLite sorts every text above every number, so an open end stops at the border between the two.
fn push_between(query: &mut QueryBuilder<Sqlite>, name: &str, low: Option<&Value>, high: Option<&Value>) {
    query.push(format_args!("({name} IS NOT NULL"));
    if let Some(low) = low {
        query.push(format_args!(" AND {name} >= "));
        push_value(query, low);
    }
    if let Some(high) = high {
        query.push(format_args!(" AND {name} <= "));
        push_value(query, high);
    }
    if matches!(low, Some(Value::Integer(_))) && high.is_none() {
        query.push(format_args!(" AND {name} < ''"));
    }
    if matches!(high, Some(Value::Text(_))) && low.is_none() {
        query.push(format_args!(" AND {name} >= ''"));
    }
    if matches!((low, high), (Some(Value::Integer(_)), Some(Value::Text(_)))) {
        query.push(" AND 0");
    }
    query.push(")");
}

fn push_has_any(query: &mut QueryBuilder<Sqlite>, table: &str, texts: &[String]) {
    query.push(format_args!("SELECT row FROM {table} WHERE term IN ("));
    push_list(query, texts.iter(), |query, text| {
        query.push_bind(text.as_str());
    });
    query.push(")");
}

fn push_list<'a, T: 'a>(
    query: &mut QueryBuilder<Sqlite>,
    items: impl Iterator<Item = T>,
    push: impl Fn(&mut QueryBuilder<Sqlite>, T),
) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            query.push(",");
        }
        push(query, item);
    }
}
