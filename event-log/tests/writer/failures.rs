//! A log that fails in the middle of a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use event_log::port::{
    Batch, Committed, Desk, DueDeadline, EventLog, Facts, Head, Log, LogError, ParkedRecord, Read,
    StoredEvent, Wanted,
};
use event_log::request::WriteError;
use event_log::writer::Note;
use schemas::{Context, Timestamp};
use tokio::sync::Semaphore;

use crate::bench::{Bench, answer, command, count_up, on, told};

const SOUND: u8 = 0;
/// The next commit fails before it does anything.
pub const BEFORE: u8 = 1;
/// The next commit goes through, but its answer is lost.
const AFTER: u8 = 2;
/// More commits than a test makes.
pub const MANY: usize = 1_000;

/// A log whose next commit can be made to fail, and whose commits can be held up.
pub struct Failing {
    inner: Arc<dyn Log>,
    pub next: AtomicU8,
    /// Each commit takes one.
    pub permits: Semaphore,
}

impl Failing {
    /// Sound, until somebody says otherwise; `permits` commits go through.
    pub async fn over(bench: &Bench, permits: usize) -> Arc<Self> {
        let (next, permits) = (AtomicU8::new(SOUND), Semaphore::new(permits));
        Arc::new(Self { inner: bench.log().await, next, permits })
    }
}

fn lost() -> LogError {
    LogError::Unavailable("the disk is gone".to_owned(), None)
}

#[async_trait]
impl EventLog for Failing {
    fn context(&self) -> Context {
        self.inner.context()
    }

    async fn head(&self) -> Result<Head, LogError> {
        self.inner.head().await
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        self.inner.read(what, limit).await
    }

    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        self.inner.facts(wanted).await
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        self.permits.acquire().await.unwrap().forget();
        match self.next.swap(SOUND, Ordering::SeqCst) {
            BEFORE => Err(lost()),
            AFTER => self.inner.commit(base, batch).await.and(Err(lost())),
            _ => self.inner.commit(base, batch).await,
        }
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.inner.grown(position, patience).await;
    }
}

#[async_trait]
impl Desk for Failing {
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError> {
        self.inner.due(until, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, LogError> {
        self.inner.next_due().await
    }

    async fn group(&self, group: &str) -> Result<(std::collections::BTreeMap<String, u64>, u32), LogError> {
        self.inner.group(group).await
    }

    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError> {
        self.inner.parked(reactor, limit).await
    }

    async fn counts(&self) -> Result<std::collections::BTreeMap<String, (u64, u64)>, LogError> {
        self.inner.counts().await
    }

    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError> {
        self.inner.prune_ledger(older_than).await
    }

    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        self.inner.lease(name, holder, ttl).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError> {
        self.inner.release(name, holder).await
    }

    async fn about(&self) -> Result<std::collections::BTreeMap<String, String>, LogError> {
        self.inner.about().await
    }

    async fn set_about(&self, key: &str, value: &str) -> Result<bool, LogError> {
        self.inner.set_about(key, value).await
    }
}

#[tokio::test]
async fn a_commit_that_failed_is_forgotten_and_the_retry_goes_through() {
    let bench = Bench::new();
    let log = Failing::over(&bench, MANY).await;
    let writer = on(log.clone());
    writer.submit(command("first", "count", count_up("a"))).await.unwrap();
    log.next.store(BEFORE, Ordering::SeqCst);
    let failed = writer.submit(command("second", "count", count_up("a"))).await;
    assert!(matches!(failed, Err(WriteError::Log(_))), "{failed:?}");
    let retried = writer.submit(command("second", "count", count_up("a"))).await.unwrap();
    assert_eq!((answer(&retried), retried.replayed), (Some(2), false));
    assert_eq!(told(log.as_ref(), "a").await, [1, 2]);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_carried_out_twice() {
    let bench = Bench::new();
    let log = Failing::over(&bench, MANY).await;
    log.next.store(AFTER, Ordering::SeqCst);
    let writer = on(log.clone());
    let lost = writer.submit(command("only", "count", count_up("a"))).await;
    assert!(matches!(lost, Err(WriteError::Log(_))), "{lost:?}");
    let retried = writer.submit(command("only", "count", count_up("a"))).await.unwrap();
    assert_eq!((answer(&retried), retried.replayed), (Some(1), true));
    let next = writer.submit(command("next", "count", count_up("a"))).await.unwrap();
    assert_eq!(answer(&next), Some(2), "what was forgotten is read again");
    assert_eq!(told(log.as_ref(), "a").await, [1, 2]);
}

#[tokio::test]
async fn notes_are_kept_with_or_without_requests_beside_them() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    let note = |offset| Note {
        positions: vec![("group".to_owned(), "topic/0".to_owned(), offset)],
        ..Note::default()
    };
    writer.note(note(3)).await.unwrap();
    let (counted, noted) =
        tokio::join!(writer.submit(command("a", "count", count_up("a"))), writer.note(note(4)));
    assert_eq!(answer(&counted.unwrap()), Some(1));
    noted.unwrap();
    let (positions, _) = bench.log().await.group("group").await.unwrap();
    assert_eq!(positions.into_iter().collect::<Vec<_>>(), [("topic/0".to_owned(), 4)]);
}
