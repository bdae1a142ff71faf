//! The event log port: one context's append-only log, and the state that must stay consistent with it.
//!
//! A backend stores and reads. Rules, versions, positions and the hash chain are computed by the writer, and
//! are the same for every backend. Consistency rests on the **head**: every commit names the head that it was
//! decided on and moves it, even when it appends no event. A commit whose head is not the current one changes
//! nothing and returns the current one.
//!
//! The port is one trait per job; [`Log`] is all of them. A decorator implements the traits that it changes
//! and takes the others from [`LogParts`].

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{Context, Timestamp};

mod batch;
mod error;
mod facts;
mod parts;

pub use batch::{
    Batch, Committed, DueDeadline, Handled, Head, LedgerEntry, ParkedRecord, Parking, Read, StoredEvent,
    StreamDeadline, Write,
};
pub use error::{LogError, Migrated};
pub use facts::{Facts, Wanted};
pub use parts::LogParts;

/// Reads a log and waits for it to grow.
#[async_trait]
pub trait EventReader: Send + Sync {
    /// The context that the log belongs to.
    fn context(&self) -> Context;

    /// The current end of the log.
    async fn head(&self) -> Result<Head, LogError>;

    /// At most `limit` events. Never returns an event whose predecessor in position could still appear.
    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError>;

    /// Waits until the log may have grown past `position`, at most `patience`. Commits of this process end
    /// the wait at once.
    async fn grown(&self, position: u64, patience: Duration);
}

/// Looks up what decisions depend on, and commits them.
#[async_trait]
pub trait EventAppender: Send + Sync {
    /// The requested facts, and the head that they belong to, as of one moment.
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError>;

    /// Commits all of `batch` if the log still ends at `base`, and moves the head to the last event's
    /// position and hash and to the next revision. The batch is durable when this returns. Events that do not
    /// continue the log or their stream are refused with [`LogError::Broken`] and change nothing.
    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError>;

    /// Acquires the head lock, waiting if necessary: the head cannot move until the returned guard commits or
    /// is released. It is for a writer that keeps losing races. A lock that is idle for longer than about
    /// half a second may be broken. `None`: the backend has no such lock.
    async fn lock_head(&self) -> Result<Option<Box<dyn HeadLock + '_>>, LogError> {
        Ok(None)
    }
}

/// A log whose head no other process can move. Dropping the guard releases the lock.
#[async_trait]
pub trait HeadLock: Send {
    /// The end of the log while the lock is held.
    fn head(&self) -> Head;

    /// Commits all of `batch`, as [`EventAppender::commit`] does, and releases the lock. If the lock was
    /// broken, nothing is changed and the answer is [`Committed::Moved`].
    async fn commit(self: Box<Self>, batch: &Batch) -> Result<Committed, LogError>;

    /// Releases the lock without a change.
    async fn release(self: Box<Self>) -> Result<(), LogError>;
}

/// The current deadlines of streams.
#[async_trait]
pub trait Deadlines: Send + Sync {
    /// Deadlines at or before `until`, earliest first.
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError>;

    /// The earliest deadline; `None` if no stream has one.
    async fn next_due(&self) -> Result<Option<Timestamp>, LogError>;
}

/// The progress of consumers, and the records that they could not handle.
#[async_trait]
pub trait ConsumerProgress: Send + Sync {
    /// A group's positions by partition (`<topic>/<number>`), and its number of starts without progress. A
    /// group that is not known has neither.
    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError>;

    /// Parked records in order of stream and version; only those of `reactor` if it is given.
    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError>;
}

/// Named leases, of which each has one holder at a time.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Acquires or renews the lease called `name` for `holder` for the next `ttl`, if it is free, has
    /// expired, or already belongs to the holder. Returns whether the holder has it. Leases expire by the
    /// database's clock, so competitors need not agree on the time.
    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError>;

    /// Releases the lease called `name`, if `holder` has it.
    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError>;
}

/// Key/value facts about the log itself, each written once.
#[async_trait]
pub trait Properties: Send + Sync {
    async fn properties(&self) -> Result<BTreeMap<String, String>, LogError>;

    /// Sets the property `key` unless it has a value. Returns whether its value is `value` now.
    async fn set_property(&self, key: &str, value: &str) -> Result<bool, LogError>;
}

#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Events by stream prefix (`order`): their number, and the position of the last one.
    async fn counts(&self) -> Result<BTreeMap<String, (u64, u64)>, LogError>;

    /// Deletes idempotency ledger entries older than `older_than` and returns how many. Events are never
    /// deleted.
    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError>;
}

/// The append-only log of one context, with every job.
pub trait Log:
    EventReader + EventAppender + Deadlines + ConsumerProgress + Leases + Properties + Maintenance
{
}

impl<T> Log for T where
    T: EventReader + EventAppender + Deadlines + ConsumerProgress + Leases + Properties + Maintenance
{
}
