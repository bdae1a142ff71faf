//! The contract suite finds stores that break the contract: each of these has one fault, on top of a store that is right.

#[path = "contract/directory.rs"]
mod directory;
#[path = "contract/faulty.rs"]
mod faulty;

use faulty::{Fault, Faulty};
use read_models::contract::CHECKS;

/// The suite must fail with this fault, in these checks at least.
async fn finds(fault: Fault, checks: &[&str]) {
    let factory = Faulty(fault);
    for name in checks {
        let check = CHECKS.iter().find(|check| check.name == *name).unwrap();
        assert!(check.run(&factory).await.is_err(), "{name} does not find {fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_version_guard_is_found() {
    let checks = [
        "of_two_writers_the_older_never_wins",
        "of_many_writers_at_once_the_newest_wins",
        "writing_twice_is_writing_once",
        "a_deleted_document_stays_deleted_when_its_past_comes_again",
        "a_large_write_answers_for_each_document",
        "lists_follow_their_documents",
    ];
    finds(Fault::NoVersionGuard, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_forgets_the_versions_of_tombstones_is_found() {
    let checks = [
        "a_deleted_document_stays_deleted_when_its_past_comes_again",
        "loading_keeps_the_order_and_answers_tombstones",
        "reopening_keeps_everything",
    ];
    finds(Fault::ForgetsTombstones, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_sets_positions_before_documents_is_found() {
    finds(Fault::PositionsFirst, &["positions_never_stand_before_documents"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_replaces_all_positions_is_found() {
    finds(Fault::ForgetsOtherPartitions, &["untouched_partitions_stay"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_pages_skip_equal_values_is_found() {
    let checks =
        ["pages_visit_each_document_exactly_once_in_both_directions", "a_page_lies_between_its_places"];
    finds(Fault::SkipsEqualValues, &checks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_answers_in_the_order_of_ids_is_found() {
    finds(Fault::LoadsInOrderOfIds, &["loading_keeps_the_order_and_answers_tombstones"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_only_notices_its_own_writes_is_found() {
    finds(Fault::DeafToOthers, &["waiting_ends_with_another_process_s_write"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_switches_in_two_steps_is_found() {
    finds(Fault::SwitchesInTwoSteps, &["readers_see_the_old_or_the_new_generation"]).await;
}
