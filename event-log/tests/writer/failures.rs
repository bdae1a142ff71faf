//! A log that fails in the middle of a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use event_log::port::{Batch, Committed, EventAppender, Facts, Head, Log, LogError, LogParts, Wanted};
use event_log::request::WriteError;
use event_log::writer::Note;
use tokio::sync::Semaphore;

use crate::harness::{Harness, answer, command, count_up, numbers, on};

const INTACT: u8 = 0;
/// The next commit fails without a change.
pub const BEFORE: u8 = 1;
/// The next commit goes through, but its answer is lost.
const AFTER: u8 = 2;
/// More commits than any test makes.
pub const MANY: usize = 1_000;

/// Wraps the commits of a log: the next one can be made to fail, and all can be delayed.
pub struct FailingAppender {
    inner: Arc<dyn Log>,
    pub next: AtomicU8,
    /// Each commit takes one permit.
    pub permits: Semaphore,
}

impl FailingAppender {
    /// Commits do not fail until a test says so, and `permits` of them go through.
    pub async fn over(harness: &Harness, permits: usize) -> Arc<Self> {
        let (next, permits) = (AtomicU8::new(INTACT), Semaphore::new(permits));
        Arc::new(Self { inner: harness.log().await, next, permits })
    }

    /// The log whose commits are wrapped.
    pub fn log(self: &Arc<Self>) -> Arc<dyn Log> {
        Arc::new(LogParts { appender: self.clone(), ..LogParts::of(&self.inner) })
    }
}

fn lost() -> LogError {
    LogError::Unavailable("the disk is gone".to_owned(), None)
}

#[async_trait]
impl EventAppender for FailingAppender {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        self.inner.facts(wanted).await
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        self.permits.acquire().await.unwrap().forget();
        match self.next.swap(INTACT, Ordering::SeqCst) {
            BEFORE => Err(lost()),
            AFTER => self.inner.commit(base, batch).await.and(Err(lost())),
            _ => self.inner.commit(base, batch).await,
        }
    }
}

#[tokio::test]
async fn a_failed_commit_has_no_effect_and_the_retry_goes_through() {
    let harness = Harness::new();
    let appender = FailingAppender::over(&harness, MANY).await;
    let writer = on(appender.log());
    writer.submit(command("first", "count", count_up("a"))).await.unwrap();
    appender.next.store(BEFORE, Ordering::SeqCst);
    let failed = writer.submit(command("second", "count", count_up("a"))).await;
    assert!(matches!(failed, Err(WriteError::Log(_))), "{failed:?}");
    let retried = writer.submit(command("second", "count", count_up("a"))).await.unwrap();
    assert_eq!((answer(&retried), retried.replayed), (Some(2), false));
    assert_eq!(numbers(harness.log().await.as_ref(), "a").await, [1, 2]);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_executed_twice() {
    let harness = Harness::new();
    let appender = FailingAppender::over(&harness, MANY).await;
    appender.next.store(AFTER, Ordering::SeqCst);
    let writer = on(appender.log());
    let lost = writer.submit(command("only", "count", count_up("a"))).await;
    assert!(matches!(lost, Err(WriteError::Log(_))), "{lost:?}");
    let retried = writer.submit(command("only", "count", count_up("a"))).await.unwrap();
    assert_eq!((answer(&retried), retried.replayed), (Some(1), true));
    let next = writer.submit(command("next", "count", count_up("a"))).await.unwrap();
    assert_eq!(answer(&next), Some(2), "the cleared state is read again");
    assert_eq!(numbers(harness.log().await.as_ref(), "a").await, [1, 2]);
}

#[tokio::test]
async fn notes_are_kept_with_and_without_requests_in_the_same_batch() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let note = |offset| Note {
        positions: vec![("group".to_owned(), "topic/0".to_owned(), offset)],
        ..Note::default()
    };
    writer.note(note(3)).await.unwrap();
    let (counted, noted) =
        tokio::join!(writer.submit(command("a", "count", count_up("a"))), writer.note(note(4)));
    assert_eq!(answer(&counted.unwrap()), Some(1));
    noted.unwrap();
    let (positions, _) = harness.log().await.group("group").await.unwrap();
    assert_eq!(positions.into_iter().collect::<Vec<_>>(), [("topic/0".to_owned(), 4)]);
}
