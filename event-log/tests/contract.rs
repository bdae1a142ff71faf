//! The port's contract suite on SQLite and PostgreSQL, and on backends that are broken on purpose.

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

/// The suite finds `fault` where it should, and finds nothing there without it.
async fn is_found(fault: Fault, promise: &str) {
    assert!(breach(&Broken::by(fault), promise).await.is_some(), "{fault:?} was not found");
    assert_eq!(breach(&Files::new(), promise).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_without_head_check_is_found() {
    is_found(Fault::NoHeadCheck, "a commit on an older head changes nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_dedupes_after_deciding_is_found() {
    is_found(Fault::DedupeAfterDeciding, "a command's first answer is kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_answers_a_command_again_is_found() {
    is_found(Fault::AnsweredAgain, "a command's first answer is kept").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_whose_positions_become_visible_out_of_order_is_found() {
    is_found(Fault::LateCommits, "a reader by position never misses an event").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_from_a_sequence_of_postgresql_are_found_wanting() {
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
    is_found(Fault::OwnJson, "what is stored is kept to the byte").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lets_a_late_member_set_its_group_back_is_found() {
    is_found(Fault::SetBack, "groups have their own positions and starts, and never go back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_notice_other_processes_is_found() {
    is_found(Fault::DeafToOthers, "growth wakes those who wait").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_forgets_why_a_record_waits_is_found() {
    is_found(Fault::ParkedAnew, "a parked record that comes again stays as it is").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_forgets_who_has_a_lease_is_found() {
    is_found(Fault::LeaseOfNobody, "a lease has one holder").await;
}
