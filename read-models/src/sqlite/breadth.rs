//! How much a filter lets through.
//!
//! A filter that few documents pass is best answered by its own index and a sort; one that many pass, by going through
//! the documents in the order asked for until the page is full. SQLite cannot know which is which, as the values are bound
//! late, so the index is asked first: it counts up to a bound, in a fraction of a millisecond.

use std::collections::HashSet;
use std::mem::{Discriminant, discriminant};

use sqlx::{QueryBuilder, Row, Sqlite, SqlitePool};

use super::conditions::push_filter;
use crate::port::{Collection, Filter, Generation, Index, Query};

/// So many documents are sorted rather than searched for.
const MANY: i64 = 500;

/// The filters that let many documents through.
#[derive(Default)]
pub(super) struct Broad(HashSet<(Discriminant<Filter>, &'static str)>);

impl Broad {
    /// Asks the indexes about the filters of a question.
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
        for (place, filter) in uncertain.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            let table = super::schema::table(generation);
            sql.push(format_args!(
                "{comma}(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE body IS NOT NULL AND "
            ));
            push_filter(&mut sql, generation, filter, false);
            sql.push(format_args!(" LIMIT {MANY}))"));
        }
        let row = sql.build().fetch_one(readers).await?;
        let mut broad = HashSet::new();
        for (place, filter) in uncertain.into_iter().enumerate() {
            if row.try_get::<i64, _>(place)? >= MANY {
                broad.insert(kind(filter));
            }
        }
        Ok(Self(broad))
    }

    /// Whether this one does.
    pub(super) fn holds(&self, filter: &Filter) -> bool {
        self.0.contains(&kind(filter))
    }
}

/// Two filters of one kind on one field are taken for one: that costs time, never an answer.
fn kind(filter: &Filter) -> (Discriminant<Filter>, &'static str) {
    (discriminant(filter), field(filter))
}

fn field(filter: &Filter) -> &'static str {
    match filter {
        Filter::In(field, _) | Filter::Between(field, _, _) => field,
        Filter::HasAny(field, _) | Filter::Words(field, _) => field,
    }
}

/// Its index has the documents in the order asked for anyway.
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
