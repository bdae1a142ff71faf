//! Indexes with one fault each.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use search::contract::Indexes;
use search::{
    Answer, Entry, Key, LONGEST_TEXT, MemorySearch, Query, Search, SearchError, Settings, Sort, SortField,
    Suggestions,
};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    CountsUnderOwnFilter,
    CountsEverything,
    SkipsEqualKeys,
    SortsById,
    NoVersions,
    KeepsRemoved,
    PunctuationFindsAll,
    CutsTexts,
    RemembersWrites,
    SuggestsDrafts,
}

pub struct FaultyIndexes(pub Fault);

impl Indexes for FaultyIndexes {
    fn empty(&self) -> Arc<dyn Search> {
        let right = MemorySearch::new(Settings::default());
        Arc::new(Faulty { fault: self.0, right, writes: AtomicI64::new(0) })
    }
}

struct Faulty {
    fault: Fault,
    right: MemorySearch,
    writes: AtomicI64,
}

impl Faulty {
    fn misread(&self, query: &Query) -> Query {
        let mut query = query.clone();
        match self.fault {
            Fault::SortsById => query.sort.clear(),
            Fault::PunctuationFindsAll => {
                query.text = query.text.filter(|text| text.chars().any(char::is_alphanumeric))
            }
            Fault::CutsTexts => {
                query.text = query.text.map(|text| text.chars().take(LONGEST_TEXT / 10).collect())
            }
            _ => {}
        }
        query
    }

    /// Only values that entries on all pages have, or all entries.
    async fn miscount(&self, query: &Query, answer: &mut Answer) -> Result<(), SearchError> {
        let mut other = Query { facets: true, ..query.clone() };
        if self.fault == Fault::CountsEverything {
            other.filters = search::Filters::default();
            answer.facets = self.right.find(&other).await?.facets;
        } else {
            for facet in &mut answer.facets {
                if facet.values.iter().any(|value| value.selected) {
                    facet.values.retain(|value| value.selected);
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Search for Faulty {
    async fn put(&self, entries: Vec<Entry>) -> Result<(), SearchError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        if self.fault == Fault::NoVersions {
            for entry in &entries {
                self.right.remove(std::slice::from_ref(&entry.id)).await?;
                self.right.put(vec![entry.clone()]).await?;
            }
            return Ok(());
        }
        self.right.put(entries).await
    }

    async fn remove(&self, ids: &[String]) -> Result<(), SearchError> {
        if self.fault == Fault::KeepsRemoved { Ok(()) } else { self.right.remove(ids).await }
    }

    async fn versions(&self, ids: &[String]) -> Result<Vec<Option<u64>>, SearchError> {
        self.right.versions(ids).await
    }

    async fn in_categories(&self, categories: &[String]) -> Result<Vec<String>, SearchError> {
        self.right.in_categories(categories).await
    }

    async fn find(&self, query: &Query) -> Result<Answer, SearchError> {
        let mut answer = self.right.find(&self.misread(query)).await?;
        match self.fault {
            Fault::CountsUnderOwnFilter | Fault::CountsEverything if query.facets => {
                self.miscount(query, &mut answer).await?;
            }
            Fault::SkipsEqualKeys => {
                if let Some(after) = &query.after {
                    answer.hits.retain(|hit| hit.place.keys != after.keys);
                }
            }
            Fault::RemembersWrites => {
                let relevance = |sort: &Sort| sort.field == SortField::Relevance;
                let at = query.sort.iter().position(relevance);
                for hit in &mut answer.hits {
                    if let Some(Key::Integer(rank)) = at.and_then(|at| hit.place.keys.get_mut(at)) {
                        *rank -= self.writes.load(Ordering::Relaxed);
                    }
                }
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn suggest(
        &self,
        text: &str,
        statuses: &[String],
        limit: usize,
    ) -> Result<Suggestions, SearchError> {
        let all = ["PUBLISHED".to_owned(), "DRAFT".to_owned()];
        let statuses = if self.fault == Fault::SuggestsDrafts { &all } else { statuses };
        let cut: String = text.chars().take(LONGEST_TEXT / 10).collect();
        let text = if self.fault == Fault::CutsTexts { cut.as_str() } else { text };
        self.right.suggest(text, statuses, limit).await
    }
}
