//! Search in memory.
//!
//! All entries are in one index behind a lock: lists of entries per word, and per entry the numbers of its values. A write
//! changes these lists in place, so the next query sees it. Nothing is written to disk.

mod codes;
mod dictionary;
mod facets;
mod filters;
mod index;
mod matching;
mod paging;
mod scoring;
mod suggesting;
mod typos;
mod values;

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};

use self::facets::Counts;
use self::filters::Prepared;
use self::index::Index;
use self::matching::Wanted;
use self::scoring::{Candidate, Scratch};
use crate::port::{
    Answer, Entry, FacetKind, Filters, Query, Search, SearchError, Sort, SortField, Suggestions,
};
use crate::settings::Settings;

/// How many spaces for scores are kept for later queries.
const KEPT_SCRATCHES: usize = 8;

/// An index in memory.
#[derive(Debug)]
pub struct MemorySearch {
    settings: Settings,
    index: RwLock<Index>,
    scratches: Mutex<Vec<Scratch>>,
}

impl MemorySearch {
    /// An empty index.
    pub fn new(settings: Settings) -> Self {
        Self { index: RwLock::new(Index::new(&settings)), settings, scratches: Mutex::default() }
    }

    /// What a text may mean; `None` if there is no text.
    fn wanted(&self, index: &Index, query: &Query) -> Result<Option<Vec<Wanted>>, SearchError> {
        query.text.as_deref().map(|text| matching::wanted(index, &self.settings, text)).transpose()
    }

    /// The entries that match the text and the filters that are no facets.
    fn candidates(&self, index: &Index, wanted: Option<&[Wanted]>, filters: &Prepared) -> Vec<Candidate> {
        let eligible = |entry| index.item(entry).is_some_and(|item| filters.eligible(entry, item));
        let Some(wanted) = wanted else {
            let all = index.items().filter(|(entry, item)| filters.eligible(*entry, item));
            return all.map(|(entry, _)| Candidate { entry, score: 0 }).collect();
        };
        let mut scratch = self.scratches.lock().pop().unwrap_or_default();
        let found = scoring::candidates(index, wanted, &mut scratch, eligible);
        let mut scratches = self.scratches.lock();
        if scratches.len() < KEPT_SCRATCHES {
            scratches.push(scratch);
        }
        found
    }

    fn answer(&self, index: &Index, wanted: Option<&[Wanted]>, query: &Query) -> Result<Answer, SearchError> {
        let filters = Prepared::new(index, &query.filters)?;
        let mut counts = query.facets.then(|| Counts::new(index));
        let mut matches = self.candidates(index, wanted, &filters);
        matches.retain(|one| {
            let Some(item) = index.item(one.entry) else { return false };
            let failed = filters.failed(item);
            if let Some(counts) = &mut counts {
                counts.add(index, &filters, item, failed);
            }
            failed == 0
        });
        let mut answer = paging::page(index, query, matches)?;
        answer.facets = counts.map(|counts| counts.facets(index, &query.filters)).unwrap_or_default();
        Ok(answer)
    }
}

#[async_trait]
impl Search for MemorySearch {
    async fn put(&self, entries: Vec<Entry>) -> Result<(), SearchError> {
        let mut index = self.index.write();
        entries.iter().for_each(|entry| index.put(entry));
        Ok(())
    }

    async fn remove(&self, ids: &[String]) -> Result<(), SearchError> {
        let mut index = self.index.write();
        ids.iter().for_each(|id| index.remove(id));
        Ok(())
    }

    async fn versions(&self, ids: &[String]) -> Result<Vec<Option<u64>>, SearchError> {
        let index = self.index.read();
        Ok(ids.iter().map(|id| index.of_id(id).map(|item| item.version)).collect())
    }

    async fn in_categories(&self, categories: &[String]) -> Result<Vec<String>, SearchError> {
        let index = self.index.read();
        let number = |id: &String| index.values.find(&FacetKind::Category, id);
        let wanted: Vec<u32> = categories.iter().filter_map(number).collect();
        let within = index.items().filter(|(_, item)| item.values.iter().any(|value| wanted.contains(value)));
        Ok(within.map(|(_, item)| item.id.to_string()).collect())
    }

    async fn find(&self, query: &Query) -> Result<Answer, SearchError> {
        let index = self.index.read();
        let wanted = self.wanted(&index, query)?;
        self.answer(&index, wanted.as_deref(), query)
    }

    async fn suggest(
        &self,
        text: &str,
        statuses: &[String],
        limit: usize,
    ) -> Result<Suggestions, SearchError> {
        let index = self.index.read();
        let wanted = matching::wanted(&index, &self.settings, text)?;
        let numbers: Vec<u32> = statuses.iter().filter_map(|status| index.status(status)).collect();
        let query = Query {
            filters: Filters { statuses: Some(statuses.to_vec()), ..Filters::default() },
            sort: vec![Sort { field: SortField::Relevance, descending: false }],
            limit,
            ..Query::default()
        };
        let found = self.answer(&index, Some(&wanted), &query)?;
        Ok(Suggestions {
            categories: suggesting::categories(&index, &wanted, &numbers, limit),
            entries: found.hits.into_iter().map(|hit| hit.place.id).collect(),
        })
    }
}
