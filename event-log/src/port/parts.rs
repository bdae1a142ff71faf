//! A log made of parts, for decorators.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{Context, Timestamp};

use super::{
    Batch, Committed, ConsumerProgress, Deadlines, DueDeadline, EventAppender, EventReader, Facts, Head,
    HeadLock, Leases, Log, LogError, Maintenance, ParkedRecord, Properties, Read, StoredEvent, Wanted,
};

/// A log whose jobs are done by separate parts. A decorator wraps one part and keeps the others: `LogParts {
/// appender: Arc::new(Timed::around(&log)), ..LogParts::of(&log) }`.
#[derive(Clone)]
pub struct LogParts {
    /// Reads, and waits for growth.
    pub reader: Arc<dyn EventReader>,
    /// Looks up facts and commits.
    pub appender: Arc<dyn EventAppender>,
    pub deadlines: Arc<dyn Deadlines>,
    /// Positions of consumer groups, and parked records.
    pub progress: Arc<dyn ConsumerProgress>,
    pub leases: Arc<dyn Leases>,
    /// Properties of the log.
    pub properties: Arc<dyn Properties>,
    pub maintenance: Arc<dyn Maintenance>,
}

impl LogParts {
    /// All parts of `log`.
    pub fn of(log: &Arc<dyn Log>) -> Self {
        Self {
            reader: log.clone(),
            appender: log.clone(),
            deadlines: log.clone(),
            progress: log.clone(),
            leases: log.clone(),
            properties: log.clone(),
            maintenance: log.clone(),
        }
    }
}

#[async_trait]
impl EventReader for LogParts {
    fn context(&self) -> Context {
        self.reader.context()
    }

    async fn head(&self) -> Result<Head, LogError> {
        self.reader.head().await
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        self.reader.read(what, limit).await
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.reader.grown(position, patience).await;
    }
}

#[async_trait]
impl EventAppender for LogParts {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        self.appender.facts(wanted).await
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        self.appender.commit(base, batch).await
    }

    async fn lock_head(&self) -> Result<Option<Box<dyn HeadLock + '_>>, LogError> {
        self.appender.lock_head().await
    }
}

#[async_trait]
impl Deadlines for LogParts {
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError> {
        self.deadlines.due(until, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, LogError> {
        self.deadlines.next_due().await
    }
}

#[async_trait]
impl ConsumerProgress for LogParts {
    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError> {
        self.progress.group(group).await
    }

    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError> {
        self.progress.parked(reactor, limit).await
    }
}

#[async_trait]
impl Leases for LogParts {
    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        self.leases.lease(name, holder, ttl).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError> {
        self.leases.release(name, holder).await
    }
}

#[async_trait]
impl Properties for LogParts {
    async fn properties(&self) -> Result<BTreeMap<String, String>, LogError> {
        self.properties.properties().await
    }

    async fn set_property(&self, key: &str, value: &str) -> Result<bool, LogError> {
        self.properties.set_property(key, value).await
    }
}

#[async_trait]
impl Maintenance for LogParts {
    async fn counts(&self) -> Result<BTreeMap<String, (u64, u64)>, LogError> {
        self.maintenance.counts().await
    }

    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError> {
        self.maintenance.prune_ledger(older_than).await
    }
}
