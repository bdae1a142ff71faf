//! The contract suite of the port on SQLite and PostgreSQL, and on deliberately broken backends.

use event_log::contract::{NONE, breach, breaches};

#[path = "contract/broken.rs"]
mod broken;
#[path = "contract/databases.rs"]
mod databases;
#[path = "contract/files.rs"]
mod files;
#[path = "contract/naive.rs"]
mod naive;

use broken::{Broken, Fault};
use databases::Databases;
use files::Files;
use naive::Naive;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() {
    assert_eq!(breaches(&Files::new()).await, NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_every_promise() {
    assert_eq!(breaches(&Databases::new()).await, NONE);
}

/// The suite finds that `fault` breaks `promise`, and that the backend without the fault keeps it.
async fn is_found(fault: Fault, promise: &str) {
    assert!(breach(&Broken::by(fault), promise).await.is_some(), "{fault:?} was not found");
    assert_eq!(breach(&Files::new(), promise).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_without_head_check_is_found() {
    is_found(Fault::NoHeadCheck, "a commit on an older head changes nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_deduplicates_after_deciding_is_found() {
    is_found(Fault::DeduplicatesLate, "a command's first answer is kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_ignores_a_second_answer_is_found() {
    is_found(Fault::IgnoresSecondAnswer, "a command's first answer is kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_whose_positions_become_visible_out_of_order_is_found() {
    is_found(Fault::LateCommits, "a reader by position never misses an event").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_from_a_postgresql_sequence_are_found_to_be_unsafe() {
    let promise = "a reader by position never misses an event";
    assert!(breach(&Naive::default(), promise).await.is_some());
    assert_eq!(breach(&Databases::new(), promise).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_keeps_half_of_a_batch_is_found() {
    is_found(Fault::HalfOfABatch, "a batch is all or nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_writes_the_checkpoint_first_is_found() {
    is_found(Fault::CheckpointFirst, "a batch is all or nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_rewrites_payloads_is_found() {
    is_found(Fault::RewritesJson, "events are stored byte by byte").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lets_a_late_member_move_its_group_backwards_is_found() {
    is_found(
        Fault::MovesBackwards,
        "groups have positions and starts of their own, and never move backwards",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_notice_other_processes_is_found() {
    is_found(Fault::IgnoresOtherProcesses, "growth wakes waiters").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_forgets_the_error_of_a_parked_record_is_found() {
    is_found(Fault::ReplacesParked, "a redelivered parked record stays as it is").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_forgets_the_holder_of_a_lease_is_found() {
    is_found(Fault::LeaseWithoutHolder, "a lease has one holder").await;
}
