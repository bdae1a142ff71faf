//! The index in memory of the crate `search`. It always looks for typing errors of words that it does not know, and counts all
//! facets of the catalogue: eight.

use anyhow::Result;
use search::{Filters, MemorySearch, Query, Search, Settings, Sort, SortField};

use crate::catalogue::Product;
use crate::engine::{Answered, Engine};

pub struct Ours(MemorySearch);

impl Ours {
    pub async fn build(products: &[Product]) -> Result<Self> {
        let index = MemorySearch::new(Settings::default());
        for products in products.chunks(1_000) {
            index.put(products.iter().map(|product| product.entry.clone()).collect()).await?;
        }
        Ok(Self(index))
    }

    async fn find(&self, text: &str, facets: bool) -> Result<(Vec<String>, usize)> {
        let query = Query {
            text: Some(text.to_owned()),
            filters: Filters { statuses: Some(vec!["PUBLISHED".to_owned()]), ..Filters::default() },
            sort: vec![Sort { field: SortField::Relevance, descending: false }],
            limit: 20,
            facets,
            ..Query::default()
        };
        let answer = self.0.find(&query).await?;
        Ok((answer.hits.into_iter().map(|hit| hit.place.id).collect(), answer.facets.len()))
    }
}

impl Engine for Ours {
    fn plain<'e>(&'e self, text: &'e str) -> Answered<'e, Vec<String>> {
        Box::pin(async move { Ok(self.find(text, false).await?.0) })
    }

    fn full<'e>(&'e self, text: &'e str) -> Answered<'e, (Vec<String>, usize)> {
        Box::pin(self.find(text, true))
    }
}
