//! The promises of the ports, as suites that every backend passes.
//!
//! There is a suite per port, so that an engine runs those that it offers: [`keyed_suite`](crate::keyed_suite) (documents by id,
//! positions, changes, generations, scans), [`query_suite`](crate::query_suite),
//! [`repair_suite`](crate::repair_suite) and [`operations_suite`](crate::operations_suite).

mod books;
mod counting;
mod finding;
mod generations;
mod key_extraction;
mod lists;
mod loading;
mod model;
mod operations;
mod positions;
mod random;
mod repairing;
mod restoring;
mod scanning;
#[cfg(feature = "mongodb")]
pub mod scratch;
mod versions;
mod waiting;

use async_trait::async_trait;
use platform::contract::{Broken, Checked};
use platform::contract_suite;

pub use self::books::{BOOKS, COLLECTIONS};
pub use crate::store::KeyedStore;
use crate::store::Store;

/// Where the data of one store is kept.
#[async_trait]
pub trait KeyedLocation: Send + Sync {
    /// Opens the store for [`COLLECTIONS`], sharing nothing with stores opened before but the data, as another process
    /// would.
    async fn open_keyed(&self) -> Result<KeyedStore, Broken>;

    /// Keeps a copy of the data as it is now.
    async fn copy(&self) -> Result<(), Broken>;

    /// Restores the kept copy. Stores opened before are not used again.
    async fn restore(&self) -> Result<(), Broken>;
}

/// Where the data of a store with all ports is kept.
#[async_trait]
pub trait Location: KeyedLocation {
    /// See [`KeyedLocation::open_keyed`].
    async fn open(&self) -> Result<Store, Broken>;
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
    /// The promises of documents by id and of generations.
    KEYED keyed_suite KeyedLocation;
    versions: of_two_writers_the_older_never_wins, of_many_writers_at_once_the_newest_wins,
        writing_twice_is_writing_once, a_deleted_document_stays_deleted_when_its_past_is_redelivered,
        a_large_write_keeps_the_newer_of_each_document, a_body_that_is_not_json_is_refused_with_its_whole_batch,
        a_batch_that_names_an_id_twice_is_refused, of_many_that_put_the_same_version_one_succeeds;
    positions: positions_are_never_ahead_of_documents, untouched_partitions_stay, positions_are_set_without_documents,
        positions_never_move_back;
    restoring: a_store_restored_to_an_earlier_copy_catches_up_by_redelivery, reopening_keeps_everything,
        many_may_open_a_new_store_at_once;
    loading: loading_keeps_the_order_and_answers_tombstones;
    scanning: a_scan_has_each_document_once_in_the_order_of_ids, a_dropped_generation_is_not_scanned;
    generations: the_first_callers_create_one_generation, a_generation_is_built_beside_the_live_one,
        readers_see_the_old_or_the_new_generation, a_reader_follows_switches_and_never_goes_back,
        a_dropped_generation_is_gone_for_good, the_live_generation_is_not_dropped, shapes_do_not_mix;
    waiting: waiting_ends_with_a_write, waiting_ends_with_a_write_of_another_process, waiting_ends_with_the_timeout,
        a_write_before_the_waiting_is_not_missed;
}

contract_suite! { ($crate::contract)
    /// The promises of queries.
    QUERIES query_suite Location;
    finding: every_filter_finds_its_documents, sorting_puts_nulls_first_and_ids_last,
        a_page_lies_between_its_cursors, a_query_without_an_index_is_refused, tombstones_are_never_found,
        an_updated_document_is_found_by_its_new_values, a_dropped_generation_is_not_queried,
        places_are_those_of_the_found_documents;
    key_extraction: found_values_are_the_extracted_keys, a_document_without_proper_keys_is_refused,
        numbers_in_texts_are_sorted_by_their_values;
    random: pages_visit_each_document_exactly_once_in_both_directions;
    repairing: queries_follow_repairs;
    lists: lists_follow_their_documents;
    counting: counting_stops_at_its_limit;
}

contract_suite! { ($crate::contract)
    /// The promises of repairs.
    REPAIRS repair_suite KeyedLocation;
    repairing: a_repair_replaces_a_document_of_the_same_version, a_repair_may_lower_a_version,
        a_repair_does_not_replace_a_newer_document, a_repair_stores_a_document_that_is_missing,
        a_removed_document_leaves_no_tombstone, a_newer_document_is_not_removed,
        a_dropped_generation_is_not_repaired;
}

contract_suite! { ($crate::contract)
    /// The promises of operational state.
    OPERATIONS operations_suite Location;
    operations: quarantined_events_wait_until_they_are_released, a_released_event_can_wait_again,
        quarantines_of_generations_do_not_mix, of_many_that_take_a_rebuild_one_succeeds,
        the_first_source_is_kept, operational_state_survives_reopening;
}
