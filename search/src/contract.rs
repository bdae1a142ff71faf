//! The promises of the port, as a suite that every backend passes.

mod draw;
mod facets;
mod pages;
mod texts;
mod writes;

use std::sync::Arc;

use platform::contract_suite;

use crate::port::Search;

/// Where indexes come from.
pub trait Indexes: Send + Sync {
    /// An empty index that shares nothing with others.
    fn empty(&self) -> Arc<dyn Search>;
}

/// Fails the check unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+).into());
        }
    };
}
use ensure;

contract_suite! { ($crate::contract)
    /// The promises of search.
    SEARCH search_suite Indexes;
    facets: facets_count_what_the_other_filters_leave, a_facet_is_not_counted_unless_asked_for;
    pages: pages_visit_each_match_once_in_both_directions, entries_are_in_the_order_of_the_sort_keys,
        a_cursor_of_another_order_is_refused;
    texts: text_without_a_letter_or_digit_finds_nothing, text_that_is_too_long_is_refused,
        any_text_is_answered_or_refused, case_accents_and_encoding_make_no_difference,
        codes_are_found_whole_and_by_a_part, suggestions_are_limited_to_the_statuses;
    writes: an_older_version_never_wins, a_removed_entry_is_gone, a_changed_entry_is_found_by_its_new_values_only,
        answers_do_not_depend_on_the_history_of_the_index, entries_are_found_by_their_categories;
}
