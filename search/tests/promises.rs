//! The index in memory keeps every promise of search, and the suite finds indexes that break them.

#[path = "promises/faulty.rs"]
mod faulty;

use std::sync::Arc;

use search::contract::{Indexes, SEARCH};
use search::{MemorySearch, Search, Settings};

use faulty::{Fault, FaultyIndexes};

struct InMemory;

impl Indexes for InMemory {
    fn empty(&self) -> Arc<dyn Search> {
        Arc::new(MemorySearch::new(Settings::default()))
    }
}

mod memory_keeps_the_promise {
    search::search_suite!(super::InMemory);
}

async fn assert_found(fault: Fault, promise: &str) {
    let found = platform::contract::breach(SEARCH, promise, &FaultyIndexes(fault)).await;
    assert!(found.is_some(), "{promise} does not find {fault:?}");
}

#[tokio::test]
async fn an_index_that_counts_a_facet_under_its_own_filter_is_found() {
    assert_found(Fault::CountsUnderOwnFilter, "facets_count_what_the_other_filters_leave").await;
}

#[tokio::test]
async fn an_index_that_counts_all_entries_is_found() {
    assert_found(Fault::CountsEverything, "facets_count_what_the_other_filters_leave").await;
}

#[tokio::test]
async fn an_index_that_skips_entries_with_equal_keys_is_found() {
    assert_found(Fault::SkipsEqualKeys, "pages_visit_each_match_once_in_both_directions").await;
}

#[tokio::test]
async fn an_index_that_sorts_by_id_only_is_found() {
    assert_found(Fault::SortsById, "entries_are_in_the_order_of_the_sort_keys").await;
}

#[tokio::test]
async fn an_index_in_which_the_older_version_wins_is_found() {
    assert_found(Fault::NoVersions, "an_older_version_never_wins").await;
}

#[tokio::test]
async fn an_index_that_keeps_what_was_removed_is_found() {
    assert_found(Fault::KeepsRemoved, "a_removed_entry_is_gone").await;
}

#[tokio::test]
async fn an_index_in_which_punctuation_finds_everything_is_found() {
    assert_found(Fault::PunctuationFindsAll, "text_without_a_letter_or_digit_finds_nothing").await;
}

#[tokio::test]
async fn an_index_that_takes_any_text_is_found() {
    assert_found(Fault::CutsTexts, "text_that_is_too_long_is_refused").await;
}

#[tokio::test]
async fn an_index_whose_scores_depend_on_its_history_is_found() {
    assert_found(Fault::RemembersWrites, "answers_do_not_depend_on_the_history_of_the_index").await;
}

#[tokio::test]
async fn an_index_that_suggests_drafts_is_found() {
    assert_found(Fault::SuggestsDrafts, "suggestions_are_limited_to_the_statuses").await;
}
