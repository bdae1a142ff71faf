//! The contract of the event log port: promises that every backend keeps. [`log_suite`](crate::log_suite) makes a test of each.

mod answers;
mod commits;
mod cuts;
mod deadlines;
mod draft;
mod operational;
mod parking;
mod races;
mod reads;
mod snapshot;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::contract::{Broken, Checked, ensure};
use platform::contract_suite;

pub use self::draft::Draft;
use crate::port::{Log, LogError};

/// A log under test: empty at first, and of any one context.
#[async_trait]
pub trait LogUnderTest: Send + Sync {
    /// Opens the log, as another process would. Every call opens the same log.
    async fn open(&self) -> Result<Arc<dyn Log>, LogError>;

    /// Runs a statement on the database, bypassing the log. Its events are in the table `events`. Returns the
    /// database's error.
    async fn raw(&self, statement: &str) -> Result<(), String>;

    /// Ends all connections to the database, as an administrator or a broken network would. Does nothing for an
    /// embedded database.
    async fn cut(&self) {}

    /// The time within which growth is noticed, even on a busy machine. Shorter for a backend that is known
    /// not to notice it.
    fn soon(&self) -> Duration {
        Duration::from_secs(60)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T, what: &str) -> Checked {
    ensure(found == wanted, format!("{what} is {found:?} and not {wanted:?}"))
}

contract_suite! { ($crate::contract)
    /// The promises of a log.
    LOG log_suite LogUnderTest;
    commits: a_commit_moves_the_head, a_commit_on_an_older_head_changes_nothing, a_batch_is_all_or_nothing,
        a_batch_may_be_large;
    races: racing_processes_lose_and_duplicate_nothing, a_reader_by_position_never_misses_an_event,
        facts_belong_to_the_head_that_is_returned_with_them;
    cuts: a_commit_whose_connection_breaks_is_complete_or_absent;
    answers: a_command_keeps_its_first_answer, the_last_handled_event_is_known, a_claim_has_one_holder,
        views_are_written_replaced_and_removed, groups_have_their_own_positions_and_never_move_backwards;
    deadlines: a_stream_has_one_deadline_the_last_one, deadlines_are_returned_earliest_first;
    parking: parked_records_wait_in_order, parked_records_are_redriven_and_unparked,
        a_redelivered_parked_record_stays_as_it_is;
    reads: events_are_counted_by_prefix, events_are_read_by_position, events_are_read_by_stream,
        events_are_read_by_flow, events_are_stored_byte_by_byte, events_are_neither_changed_nor_deleted,
        everything_is_there_after_reopening;
    operational: a_lease_has_one_holder, a_property_is_written_once;
    waiting: growth_wakes_waiters;
}
