//! A log that measures its reads and commits, for `chorale_log_call_duration_seconds`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::telemetry::metrics::{Histogram, metrics, observed};
use schemas::Context;

use crate::port::{
    Batch, Committed, EventAppender, EventReader, Facts, Head, HeadLock, Log, LogError, LogParts, Read,
    StoredEvent, Wanted,
};

struct Timed {
    log: Arc<dyn Log>,
    head: Histogram,
    read: Histogram,
    facts: Histogram,
    commit: Histogram,
    lock_head: Histogram,
}

/// `log`, with measured calls.
pub(crate) fn timed(log: Arc<dyn Log>) -> Arc<dyn Log> {
    let operation = |name| metrics().log_calls.with([log.context().name(), name]);
    let timed = Arc::new(Timed {
        head: operation("head"),
        read: operation("read"),
        facts: operation("facts"),
        commit: operation("commit"),
        lock_head: operation("lock_head"),
        log: Arc::clone(&log),
    });
    Arc::new(LogParts { reader: timed.clone(), appender: timed, ..LogParts::of(&log) })
}

#[async_trait]
impl EventReader for Timed {
    fn context(&self) -> Context {
        self.log.context()
    }

    async fn head(&self) -> Result<Head, LogError> {
        observed(&self.head, self.log.head()).await
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        observed(&self.read, self.log.read(what, limit)).await
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.log.grown(position, patience).await;
    }
}

#[async_trait]
impl EventAppender for Timed {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        observed(&self.facts, self.log.facts(wanted)).await
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        observed(&self.commit, self.log.commit(base, batch)).await
    }

    async fn lock_head(&self) -> Result<Option<Box<dyn HeadLock + '_>>, LogError> {
        observed(&self.lock_head, self.log.lock_head()).await
    }
}
