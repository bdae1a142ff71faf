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

#[cfg(test)]
mod tests {
    use platform::telemetry::metrics::render;

    use super::*;
    use crate::contract::Draft;

    /// How often an operation on the log of the shipping context, which no other test here uses, was measured.
    fn measured(operation: &str) -> u64 {
        let labels = format!("_count{{context=\"shipping\",operation=\"{operation}\"}} ");
        let text = render().unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("chorale_log_call_duration_seconds")?.strip_prefix(&labels));
        line.map_or(0, |count| count.parse().unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_call_is_measured_under_its_own_operation() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("log").display());
        let log = crate::connect(&url, Context::Shipping).await.unwrap();
        let all = || ["head", "read", "facts", "commit", "lock_head"].map(measured);
        assert_eq!(all(), [0; 5]);
        let draft = Draft::now(log.as_ref()).await.unwrap().event("shipment-a", 1);
        assert_eq!(all(), [1, 0, 0, 0, 0]);
        draft.commit(log.as_ref()).await.unwrap();
        assert_eq!(all(), [1, 0, 0, 1, 0]);
        assert_eq!(log.read(Read::After(0), 10).await.unwrap().len(), 1);
        assert_eq!(log.facts(&Wanted::default()).await.unwrap().0.position, 1);
        assert!(log.lock_head().await.unwrap().is_none());
        assert_eq!(all(), [1, 1, 1, 1, 1]);
    }
}
