//! The contract suites find stores that break the contract: each of these has one fault, on top of a correct store.

#[path = "contract/directory.rs"]
mod directory;
#[path = "contract/faulty.rs"]
mod faulty;

use faulty::{Fault, FaultyLocation};
use platform::contract::{Promise, breach};
use read_models::contract::{KEYED, OPERATIONS, QUERIES, REPAIRS};

fn has<B: ?Sized>(suite: &[Promise<B>], name: &str) -> bool {
    suite.iter().any(|promise| promise.name == name)
}

/// The suites must fail with this fault, in these checks at least.
async fn finds(fault: Fault, checks: &[&str]) {
    for name in checks {
        let location = FaultyLocation::new(fault);
        let breach = match [KEYED, REPAIRS].into_iter().find(|suite| has(suite, name)) {
            Some(suite) => breach(suite, name, &location).await,
            None => {
                let suite = [QUERIES, OPERATIONS].into_iter().find(|suite| has(suite, name));
                breach(suite.unwrap(), name, &location).await
            }
        };
        assert!(breach.is_some(), "{name} does not find {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_version_guard_is_found() {
    let checks = [
        "of_two_writers_the_older_never_wins",
        "of_many_writers_at_once_the_newest_wins",
        "writing_twice_is_writing_once",
        "a_deleted_document_stays_deleted_when_its_past_is_redelivered",
        "a_large_write_keeps_the_newer_of_each_document",
        "lists_follow_their_documents",
    ];
    finds(Fault::NoVersionGuard, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_forgets_the_versions_of_tombstones_is_found() {
    let checks = [
        "a_deleted_document_stays_deleted_when_its_past_is_redelivered",
        "loading_keeps_the_order_and_answers_tombstones",
        "reopening_keeps_everything",
    ];
    finds(Fault::ForgetsTombstones, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_sets_positions_before_documents_is_found() {
    finds(Fault::PositionsFirst, &["positions_are_never_ahead_of_documents"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_replaces_all_positions_is_found() {
    finds(Fault::ForgetsOtherPartitions, &["untouched_partitions_stay"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_moves_positions_back_is_found() {
    finds(Fault::MovesPositionsBack, &["positions_never_move_back"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_an_id_twice_in_a_batch_is_found() {
    finds(Fault::TakesDuplicates, &["a_batch_that_names_an_id_twice_is_refused"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_compare_and_set_always_succeeds_is_found() {
    let checks = ["of_many_that_put_the_same_version_one_succeeds", "of_two_writers_the_older_never_wins"];
    finds(Fault::EveryPutSucceeds, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_pages_skip_equal_values_is_found() {
    let checks =
        ["pages_visit_each_document_exactly_once_in_both_directions", "a_page_lies_between_its_cursors"];
    finds(Fault::SkipsEqualValues, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_extracts_keys_by_itself_is_found() {
    let checks = ["found_values_are_the_extracted_keys", "sorting_puts_nulls_first_and_ids_last"];
    finds(Fault::BooleansAsText, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_answers_in_the_order_of_ids_is_found() {
    finds(Fault::LoadsInOrderOfIds, &["loading_keeps_the_order_and_answers_tombstones"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_only_notices_its_own_writes_is_found() {
    finds(Fault::DeafToOthers, &["waiting_ends_with_a_write_of_another_process"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_switches_in_two_steps_is_found() {
    finds(Fault::SwitchesInTwoSteps, &["readers_see_the_old_or_the_new_generation"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_cached_pointer_goes_back_is_found() {
    finds(Fault::PointerGoesBack, &["a_reader_follows_switches_and_never_goes_back"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_evicts_quarantined_events_is_found() {
    let checks = ["quarantined_events_wait_until_they_are_released", "operational_state_survives_reopening"];
    finds(Fault::EvictsEvents, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_gives_a_rebuild_to_several_is_found() {
    finds(Fault::SharesRebuilds, &["of_many_that_take_a_rebuild_one_succeeds"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_repairs_only_what_is_older_is_found() {
    let checks = ["a_repair_replaces_a_document_of_the_same_version", "a_repair_may_lower_a_version"];
    finds(Fault::RepairsOnlyWhatIsOlder, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_repairs_what_was_written_meanwhile_is_found() {
    let checks = ["a_repair_does_not_replace_a_newer_document", "a_newer_document_is_not_removed"];
    finds(Fault::RepairsWhatIsNewer, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_leaves_a_tombstone_of_what_it_removes_is_found() {
    finds(Fault::RemovesWithATombstone, &["a_removed_document_leaves_no_tombstone"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_scans_out_of_order_is_found() {
    finds(Fault::ScansOutOfOrder, &["a_scan_has_each_document_once_in_the_order_of_ids"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_scans_tombstones_is_found() {
    finds(Fault::ScansTombstones, &["a_scan_has_each_document_once_in_the_order_of_ids"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_answers_older_versions_with_places_is_found() {
    finds(Fault::PlacesOfOlderVersions, &["places_are_those_of_the_found_documents"]).await;
}
