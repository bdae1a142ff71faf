//! Pages and counts.
//!
//! "Behind this cursor" is a sequence of ranges, each of which an index can answer: equal in the first keys and beyond in the
//! next one. They follow each other in the order of the query, so a page asks for the next range only while it is not full.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::bulk::bson;
use super::error::unreadable;
use super::{Mongo, conditions, documents};
use crate::backend::number;
use crate::port::{
    Cursor, Direction, Filter, Found, Generation, MAX_PAGE, Place, Queries, Query, StoreError, Value,
};

/// One sort key.
struct Key {
    path: String,
    direction: Direction,
}

#[async_trait]
impl Queries for Mongo {
    async fn find(&self, generation: &Generation, query: &Query) -> Result<Vec<Found>, StoreError> {
        let entries = self.entries(generation, query, doc! { "lists": 0 }).await?;
        let found = |entry: &Document| {
            let document = documents::stored(generation, entry)?;
            Ok(Found { cursor: cursor(query, entry, document.id.clone()), document })
        };
        entries.iter().map(found).collect()
    }

    async fn places(&self, generation: &Generation, query: &Query) -> Result<Vec<Place>, StoreError> {
        let entries = self.entries(generation, query, doc! { "lists": 0, "document": 0 }).await?;
        let wrong = unreadable("a document");
        let place = |entry: &Document| {
            let version = number(entry.get_i64("version").map_err(&wrong)?)?;
            let id = entry.get_str("_id").map_err(&wrong)?.to_owned();
            Ok(Place { version, cursor: cursor(query, entry, id) })
        };
        entries.iter().map(place).collect()
    }

    async fn count(
        &self,
        generation: &Generation,
        filters: &[Filter],
        limit: u64,
    ) -> Result<u64, StoreError> {
        self.collections.indexed(generation, filters)?;
        if self.is_uncreated(generation) || limit == 0 {
            return Ok(0);
        }
        let stages = vec![
            doc! { "$match": { "$and": conditions::all(filters) } },
            doc! { "$limit": i64::try_from(limit).unwrap_or(i64::MAX) },
            doc! { "$group": { "_id": null, "documents": { "$sum": 1_i64 } } },
        ];
        let answer = self.documents(generation).aggregate(stages, "counting documents").await?;
        match answer.first() {
            Some(counted) => match counted.get("documents") {
                Some(Bson::Int64(counted)) => number(*counted),
                Some(Bson::Int32(counted)) => number(i64::from(*counted)),
                _ => Err(StoreError::Unavailable("counting documents: there is no number".to_owned(), None)),
            },
            None if self.exists(generation).await? => Ok(0),
            None => Err(self.gone(generation)),
        }
    }
}

impl Mongo {
    /// The entries of a page, without the fields that the projection leaves out.
    async fn entries(
        &self,
        generation: &Generation,
        query: &Query,
        without: Document,
    ) -> Result<Vec<Document>, StoreError> {
        self.collections.indexed(generation, &query.filters)?.check(query)?;
        if self.is_uncreated(generation) {
            return Ok(Vec::new());
        }
        let limit = query.limit.min(MAX_PAGE);
        let keys = keys(query, query.from_end);
        let (start, end) =
            if query.from_end { (&query.before, &query.after) } else { (&query.after, &query.before) };
        let mut conditions = conditions::all(&query.filters);
        if let Some(end) = end {
            let opposite = self::keys(query, !query.from_end);
            conditions.push(doc! { "$or": ranges_or_nothing(&opposite, end) });
        }
        let parts = match start {
            Some(start) => ranges(&keys, start),
            None => vec![doc! {}],
        };
        let mut found = Vec::new();
        for part in parts {
            if found.len() >= limit {
                break;
            }
            let all = [conditions.as_slice(), &[part]].concat();
            let some = limit - found.len();
            found.extend(self.page(generation, &keys, doc! { "$and": all }, some, &without).await?);
        }
        if found.is_empty() && !self.exists(generation).await? {
            return Err(self.gone(generation));
        }
        if query.from_end {
            found.reverse();
        }
        Ok(found)
    }

    /// The first entries of one range.
    async fn page(
        &self,
        generation: &Generation,
        keys: &[Key],
        conditions: Document,
        limit: usize,
        without: &Document,
    ) -> Result<Vec<Document>, StoreError> {
        let order: Document = keys.iter().map(|key| (key.path.clone(), sign(key.direction))).collect();
        // At most a thousand.
        let options =
            FindOptions::builder().sort(order).limit(limit as i64).projection(without.clone()).build();
        self.documents(generation).find(conditions, options, "finding documents").await
    }
}

fn cursor(query: &Query, entry: &Document, id: String) -> Cursor {
    Cursor { values: query.sort.iter().map(|(field, _)| value(entry, field)).collect(), id }
}

fn sign(direction: Direction) -> Bson {
    Bson::Int32(match direction {
        Direction::Ascending => 1,
        Direction::Descending => -1,
    })
}

/// The keys of a query, the id last; all reversed if `backwards`.
fn keys(query: &Query, backwards: bool) -> Vec<Key> {
    let fields = query.sort.iter().map(|(field, direction)| (conditions::key(field), *direction));
    fields
        .chain([("_id".to_owned(), query.id_direction())])
        .map(|(path, direction)| Key {
            path,
            direction: if backwards { direction.reversed() } else { direction },
        })
        .collect()
}

/// The value of a sort field, for a cursor.
fn value(entry: &Document, field: &str) -> Value {
    let keys = entry.get_document("keys").ok();
    match keys.and_then(|keys| keys.get(super::body::encode(field).as_ref())) {
        Some(Bson::Int64(number)) => Value::Integer(*number),
        Some(Bson::Int32(number)) => Value::Integer(i64::from(*number)),
        Some(Bson::String(text)) => Value::Text(text.clone()),
        _ => Value::Null,
    }
}

/// [`ranges`], for `$or`, which must not be empty.
fn ranges_or_nothing(keys: &[Key], cursor: &Cursor) -> Vec<Document> {
    let ranges = ranges(keys, cursor);
    if ranges.is_empty() { vec![doc! { "_id": { "$in": [] } }] } else { ranges }
}

/// The disjoint ranges that together hold everything beyond the cursor, in the order of the keys.
fn ranges(keys: &[Key], cursor: &Cursor) -> Vec<Document> {
    let mut values: Vec<Value> = cursor.values.clone();
    values.push(Value::Text(cursor.id.clone()));
    let mut ranges = Vec::new();
    // Those that share the most keys with the cursor come first.
    for (equal, (key, value)) in keys.iter().zip(&values).enumerate().rev() {
        let is_id = equal + 1 == keys.len();
        for beyond in beyond(key.direction, value, is_id) {
            let mut range: Document = keys
                .iter()
                .zip(&values)
                .take(equal)
                .map(|(key, value)| (key.path.clone(), bson(value)))
                .collect();
            range.insert(key.path.clone(), beyond);
            ranges.push(range);
        }
    }
    ranges
}

/// Conditions for the values beyond this one, in their order. Every comparison of MongoDB is with one kind of value.
fn beyond(direction: Direction, value: &Value, is_id: bool) -> Vec<Bson> {
    let numbers = || Bson::from(doc! { "$gte": i64::MIN });
    let texts = || Bson::from(doc! { "$gte": "" });
    match (direction, value) {
        (Direction::Ascending, Value::Null) => vec![numbers(), texts()],
        (Direction::Ascending, Value::Integer(number)) => vec![doc! { "$gt": number }.into(), texts()],
        (Direction::Ascending, Value::Text(text)) => vec![doc! { "$gt": text }.into()],
        (Direction::Descending, Value::Null) => Vec::new(),
        (Direction::Descending, Value::Integer(number)) => vec![doc! { "$lt": number }.into(), Bson::Null],
        (Direction::Descending, Value::Text(text)) if is_id => vec![doc! { "$lt": text }.into()],
        (Direction::Descending, Value::Text(text)) => {
            vec![doc! { "$lt": text }.into(), numbers(), Bson::Null]
        }
    }
}
