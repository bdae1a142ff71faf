//! The contract suite of the port on SQLite and PostgreSQL, and on deliberately broken backends.

use event_log::contract::LOG;
use platform::contract::breach;

#[path = "contract/broken.rs"]
mod broken;
#[path = "contract/database.rs"]
mod database;
#[path = "contract/files.rs"]
mod files;
#[path = "contract/naive.rs"]
mod naive;

use broken::{Broken, Fault};
use database::Database;
use files::Files;
use naive::Naive;

mod sqlite_keeps_the_promise {
    event_log::log_suite!(super::Files::new());
}

mod postgresql_keeps_the_promise {
    event_log::log_suite!(super::Database::new().await);
}

/// The suite finds that `fault` breaks `promise`, and that the backend without the fault keeps it.
async fn is_found(fault: Fault, promise: &str) {
    assert!(breach(LOG, promise, &Broken::by(fault)).await.is_some(), "{fault:?} was not found");
    assert_eq!(breach(LOG, promise, &Files::new()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_without_head_check_is_found() {
    is_found(Fault::NoHeadCheck, "a_commit_on_an_older_head_changes_nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_deduplicates_after_deciding_is_found() {
    is_found(Fault::DeduplicatesLate, "a_command_keeps_its_first_answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_ignores_a_second_answer_is_found() {
    is_found(Fault::IgnoresSecondAnswer, "a_command_keeps_its_first_answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_whose_positions_become_visible_out_of_order_is_found() {
    is_found(Fault::LateCommits, "a_reader_by_position_never_misses_an_event").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_from_a_postgresql_sequence_are_found_to_be_unsafe() {
    let promise = "a_reader_by_position_never_misses_an_event";
    assert!(breach(LOG, promise, &Naive::new().await).await.is_some());
    assert_eq!(breach(LOG, promise, &Database::new().await).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_keeps_half_of_a_batch_is_found() {
    is_found(Fault::HalfOfABatch, "a_batch_is_all_or_nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_writes_the_checkpoint_first_is_found() {
    is_found(Fault::CheckpointFirst, "a_batch_is_all_or_nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_rewrites_payloads_is_found() {
    is_found(Fault::RewritesJson, "events_are_stored_byte_by_byte").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lets_a_late_member_move_its_group_backwards_is_found() {
    is_found(Fault::MovesBackwards, "groups_have_their_own_positions_and_never_move_backwards").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_notice_other_processes_is_found() {
    is_found(Fault::IgnoresOtherProcesses, "growth_wakes_waiters").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_forgets_the_error_of_a_parked_record_is_found() {
    is_found(Fault::ReplacesParked, "a_redelivered_parked_record_stays_as_it_is").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_forgets_the_holder_of_a_lease_is_found() {
    is_found(Fault::LeaseWithoutHolder, "a_lease_has_one_holder").await;
}
