//! The contract of the event log port: promises that every backend keeps. A backend's tests check each of them with
//! [`breach`], in the tests that [`for_each_log_promise`](crate::for_each_log_promise) generates.

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

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::draft::Draft;
use crate::port::{Log, LogError};

/// The time limit of one promise: a log that never responds breaks it.
const PATIENCE: Duration = Duration::from_secs(600);

/// A backend under test.
#[async_trait]
pub trait LogUnderTest: Send + Sync {
    /// Opens the log called `name`, as another process would. Every call with the same name opens the same
    /// log, which is empty at first and belongs to any one context.
    async fn open(&self, name: &str) -> Result<Arc<dyn Log>, LogError>;

    /// Runs a statement on the database of the log called `name`, bypassing the log. Its events are in the
    /// table `events`. Returns the database's error.
    async fn raw(&self, name: &str, statement: &str) -> Result<(), String>;

    /// Ends all connections to the database of the log called `name`, as an administrator or a broken network
    /// would. Does nothing for an embedded database.
    async fn cut(&self, _name: &str) {}

    /// The time within which growth is noticed, even on a busy machine. Shorter for a backend that is known
    /// not to notice it.
    fn soon(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// How the backend breaks a promise. `None`: it keeps the promise.
pub async fn breach(logs: &dyn LogUnderTest, promise: &str) -> Option<String> {
    let Some((_, check)) = PROMISES.iter().find(|(name, _)| *name == promise) else {
        return Some(format!("{promise}: unknown promise"));
    };
    let harness = Harness { logs, name: promise.to_owned() };
    match tokio::time::timeout(PATIENCE, check(&harness)).await {
        Ok(Ok(())) => None,
        Ok(Err(problem)) => Some(format!("{promise}: {problem}")),
        Err(_) => Some(format!("{promise}: it timed out")),
    }
}

/// The log that a promise is tested on.
struct Harness<'a> {
    logs: &'a dyn LogUnderTest,
    name: String,
}

impl Harness<'_> {
    async fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        self.logs.open(&self.name).await
    }

    async fn raw(&self, statement: &str) -> Result<(), String> {
        self.logs.raw(&self.name, statement).await
    }

    async fn cut(&self) {
        self.logs.cut(&self.name).await;
    }
}

/// How a promise is broken.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Promise(String),
    #[error("an operation failed: {0:?}")]
    Failed(#[from] LogError),
}

type Checked = Result<(), Broken>;
type Checking<'a> = Pin<Box<dyn Future<Output = Checked> + Send + 'a>>;
type Check = for<'a> fn(&'a Harness<'a>) -> Checking<'a>;

fn ensure(holds: bool, otherwise: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(Broken::Promise(otherwise.into())) }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T, what: &str) -> Checked {
    ensure(found == wanted, format!("{what} is {found:?} and not {wanted:?}"))
}

/// Passes all promises to the macro `$with`, each as `name = module::check;`. For one test per promise.
#[macro_export]
macro_rules! for_each_log_promise {
    ($with:ident) => {
        $with! {
            a_commit_moves_the_head = commits::move_the_head;
            a_commit_on_an_older_head_changes_nothing = commits::on_an_older_head;
            a_batch_is_all_or_nothing = commits::all_or_nothing;
            a_batch_may_be_large = commits::of_many_events;
            racing_processes_lose_and_duplicate_nothing = races::on_one_stream;
            a_reader_by_position_never_misses_an_event = races::with_a_reader;
            facts_belong_to_the_head_that_is_returned_with_them = races::with_facts;
            a_commit_whose_connection_breaks_is_complete_or_absent = cuts::of_connections;
            a_command_keeps_its_first_answer = answers::ledger;
            the_last_handled_event_is_known = answers::inbox;
            a_claim_has_one_holder = answers::claims;
            views_are_written_replaced_and_removed = answers::views;
            groups_have_their_own_positions_and_never_move_backwards = answers::groups;
            a_stream_has_one_deadline_the_last_one = deadlines::one_per_stream;
            deadlines_are_returned_earliest_first = deadlines::earliest_first;
            parked_records_wait_in_order = parking::in_order;
            parked_records_are_redriven_and_unparked = parking::redriven;
            a_redelivered_parked_record_stays_as_it_is = parking::redelivered;
            events_are_counted_by_prefix = reads::counts;
            events_are_read_by_position = reads::by_position;
            events_are_read_by_stream = reads::by_stream;
            events_are_read_by_flow = reads::by_flow;
            events_are_stored_byte_by_byte = reads::to_the_byte;
            events_are_neither_changed_nor_deleted = reads::unchangeable;
            everything_is_there_after_reopening = reads::after_reopening;
            a_lease_has_one_holder = operational::leases;
            a_property_is_written_once = operational::properties;
            growth_wakes_waiters = waiting::for_growth;
        }
    };
}

macro_rules! promises {
    ($($promise:ident = $module:ident::$check:ident;)*) => {
        const PROMISES: &[(&str, Check)] =
            &[$((stringify!($promise), |harness| Box::pin($module::$check(harness)))),*];
    };
}

for_each_log_promise!(promises);
