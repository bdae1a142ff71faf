//! What every document store keeps: one suite for all backends.
//!
//! A backend's test names a [`Factory`] and calls [`run`]. Each check works on data of its own.

mod books;
mod counting;
mod finding;
mod generations;
mod loading;
mod model;
mod positions;
mod random;
mod restoring;
mod versions;
mod waiting;
mod words;

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::books::{BOOKS, COLLECTIONS};
use crate::port::StoreError;
use crate::store::Store;

/// Makes places for stores.
#[async_trait]
pub trait Factory: Send + Sync {
    /// A place without data.
    async fn place(&self) -> Result<Arc<dyn Place>, Failure>;
}

/// Where the data of one store lives.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the store for [`COLLECTIONS`], sharing nothing with stores opened before but the data, as another process
    /// would.
    async fn open(&self) -> Result<Store, Failure>;

    /// Keeps a copy of the data as it is now.
    async fn copy(&self) -> Result<(), Failure>;

    /// Puts the data back to the kept copy. Stores opened before are not used any more.
    async fn restore(&self) -> Result<(), Failure>;
}

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store did something else than the port says.
    #[error("{0}")]
    Broken(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The factory failed.
    #[error("the factory failed")]
    Factory(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// The whole chain in one line.
    pub fn with_causes(&self) -> String {
        let mut chain = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            chain = format!("{chain}: {error}");
            cause = error.source();
        }
        chain
    }
}

/// What a check finds.
pub type Verdict = Result<(), Failure>;

type Running = Pin<Box<dyn Future<Output = Verdict>>>;

/// A named check.
pub struct Check {
    /// A sentence, with underscores.
    pub name: &'static str,
    check: fn(Arc<dyn Place>) -> Running,
}

impl Check {
    /// Runs it on a new place of the factory.
    pub async fn run(&self, factory: &dyn Factory) -> Verdict {
        (self.check)(factory.place().await?).await
    }
}

/// Fails the check unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err($crate::contract::Failure::Broken(format!($($message)+)));
        }
    };
}
use ensure;

macro_rules! checks {
    ($($module:ident: $($name:ident),+;)+) => {
        /// All checks.
        pub const CHECKS: &[Check] = &[$($(
            Check { name: stringify!($name), check: |place| Box::pin($module::$name(place)) },
        )+)+];
    };
}

checks! {
    versions: of_two_writers_the_older_never_wins, of_many_writers_at_once_the_newest_wins,
        writing_twice_is_writing_once, a_deleted_document_stays_deleted_when_its_past_comes_again,
        a_large_write_answers_for_each_document, a_body_that_is_no_json_is_refused_with_its_whole_write;
    positions: positions_never_stand_before_documents, untouched_partitions_stay, positions_are_set_without_documents;
    restoring: a_store_put_back_to_an_earlier_copy_catches_up_by_redelivery, reopening_keeps_everything,
        many_may_open_a_new_store_at_once;
    loading: loading_keeps_the_order_and_answers_tombstones;
    finding: every_filter_finds_its_documents, sorting_puts_nulls_first_and_ids_last,
        a_page_lies_between_its_places, what_has_no_index_is_refused, tombstones_are_never_found,
        an_updated_document_is_found_where_it_is_now;
    random: pages_visit_each_document_exactly_once_in_both_directions;
    words: words_find_what_begins_with_them, lists_follow_their_documents;
    counting: counting_stops_at_its_limit;
    generations: the_first_callers_make_one_generation, a_generation_is_built_beside_the_live_one,
        readers_see_the_old_or_the_new_generation, a_dropped_generation_is_gone_for_good, the_live_generation_is_not_dropped,
        shapes_do_not_mix;
    waiting: waiting_ends_with_a_write, waiting_ends_with_another_process_s_write, waiting_ends_with_patience,
        a_write_before_the_waiting_is_not_missed;
}

/// Runs all checks; a failure names each that failed and why.
pub async fn run(factory: &dyn Factory) -> Verdict {
    let mut failures = String::new();
    for check in CHECKS {
        if let Err(failure) = check.run(factory).await {
            // Writing to a String cannot fail.
            writeln!(failures, "{}: {}", check.name, failure.with_causes())
                .map_err(|error| Failure::Broken(error.to_string()))?;
        }
    }
    ensure!(failures.is_empty(), "the store breaks its contract\n{failures}");
    Ok(())
}
