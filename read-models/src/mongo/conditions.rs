//! Filters as queries of MongoDB.

use mongodb::bson::{Bson, Document, doc};

use super::body::encode;
use super::bulk::bson;
use crate::port::{Filter, Value};

/// The path of a key.
pub(super) fn key(field: &str) -> String {
    format!("keys.{}", encode(field))
}

/// The path of a list.
pub(super) fn list(field: &str) -> String {
    format!("lists.{}", encode(field))
}

/// The document is no tombstone and matches all filters.
pub(super) fn all(filters: &[Filter]) -> Vec<Document> {
    let mut all = vec![doc! { "deleted": false }];
    for filter in filters {
        match filter {
            Filter::In(field, values) => all.push(doc! { key(field): any(values) }),
            Filter::Between(field, low, high) => {
                all.push(doc! { key(field): between(low.as_ref(), high.as_ref()) });
            }
            Filter::HasAny(field, texts) => all.push(doc! { list(field): { "$in": texts } }),
        }
    }
    all
}

fn any(values: &[Value]) -> Bson {
    match values {
        // A single equality keeps the order of a pair's second field.
        [one] => bson(one),
        many => doc! { "$in": many.iter().map(bson).collect::<Vec<_>>() }.into(),
    }
}

/// MongoDB compares with values of the bound's own kind only, as a range here does.
fn between(low: Option<&Value>, high: Option<&Value>) -> Document {
    let number = |bound: Option<&Value>| matches!(bound, Some(Value::Integer(_)));
    let text = |bound: Option<&Value>| matches!(bound, Some(Value::Text(_)));
    let null = |bound: Option<&Value>| matches!(bound, Some(Value::Null));
    if null(low) || null(high) || (number(low) && text(high)) || (text(low) && number(high)) {
        return doc! { "$in": [] };
    }
    let mut range = Document::new();
    for (operator, bound) in [("$gte", low), ("$lte", high)] {
        if let Some(bound) = bound {
            range.insert(operator, bson(bound));
        }
    }
    if range.is_empty() {
        range.insert("$ne", Bson::Null);
    }
    range
}
