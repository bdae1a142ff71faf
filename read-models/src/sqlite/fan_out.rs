//! The fan-out of filters: how many documents each lets through.
//!
//! A filter with few matches is best answered by its own index and a sort; one with many, by walking through the documents
//! in sort order until the page is full. SQLite cannot know which is which, because values are bound late. So the index is
//! asked first: it counts up to a bound, in a fraction of a millisecond.

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};

use sqlx::{QueryBuilder, Row, Sqlite, SqlitePool};

use super::conditions::push_filter;
use crate::port::{Collection, Filter, Generation, Index, Query};

/// From this many matches on, documents are walked through rather than sorted.
const MANY: i64 = 500;

/// The filters with many matches.
#[derive(Default)]
pub(super) struct WideFilters(HashSet<(Discriminant<Filter>, &'static str)>);

impl WideFilters {
    /// Counts the matches of each filter of the query whose index is not in sort order.
    pub(super) async fn measure(
        readers: &SqlitePool,
        collection: &Collection,
        generation: &Generation,
        query: &Query,
    ) -> Result<Self, sqlx::Error> {
        let uncertain: Vec<&Filter> =
            query.filters.iter().filter(|filter| !keeps_order(collection, filter, query)).collect();
        if uncertain.is_empty() {
            return Ok(Self::default());
        }
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT ");
        for (index, filter) in uncertain.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let table = super::schema::table(generation);
            sql.push(format_args!(
                "{comma}(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE body IS NOT NULL AND "
            ));
            push_filter(&mut sql, generation, filter, false);
            sql.push(format_args!(" LIMIT {MANY}))"));
        }
        let row = sql.build().fetch_one(readers).await?;
        let mut wide = HashSet::new();
        for (index, filter) in uncertain.into_iter().enumerate() {
            if row.try_get::<i64, _>(index)? >= MANY {
                wide.insert(kind(filter));
            }
        }
        Ok(Self(wide))
    }

    /// Whether this filter has many matches.
    pub(super) fn holds(&self, filter: &Filter) -> bool {
        self.0.contains(&kind(filter))
    }
}

/// Two filters of one kind on one field are treated as one: that may cost time, but does not change the answer.
fn kind(filter: &Filter) -> (Discriminant<Filter>, &'static str) {
    (discriminant(filter), field(filter))
}

fn field(filter: &Filter) -> &'static str {
    match filter {
        Filter::In(field, _) | Filter::Between(field, _, _) | Filter::HasAny(field, _) => field,
    }
}

/// Whether the filter's index has the documents in sort order.
fn keeps_order(collection: &Collection, filter: &Filter, query: &Query) -> bool {
    let Some((first, _)) = query.sort.first() else { return false };
    match filter {
        Filter::In(field, values) if values.len() == 1 => {
            collection.indexes.contains(&Index::Pair(field, first))
        }
        Filter::Between(field, _, _) => field == first,
        _ => false,
    }
}
