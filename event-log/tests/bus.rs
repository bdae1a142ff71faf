//! The contract suite of the bus on the logs, and on the test double around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::contract::Draft;
use event_log::log_bus::LogBus;
use event_log::port::{Committed, Log, Read};
use platform::bus::Bus;
use platform::bus::contract::{AnyError, BusUnderTest, Factory, NONE, breaches};
use platform::bus::shuffled::ShuffledBus;
use schemas::{Context, StreamId, Topic};
use tempfile::TempDir;

/// Logs in a folder, as a bus; shuffled if there is a seed.
struct Logs(Option<u64>);

struct Folder {
    logs: BTreeMap<Context, Arc<dyn Log>>,
    bus: Arc<dyn Bus>,
    shuffled: bool,
    _folder: TempDir,
}

#[async_trait]
impl Factory for Logs {
    async fn fresh(&self) -> Result<Box<dyn BusUnderTest>, AnyError> {
        let folder = tempfile::tempdir()?;
        let mut logs = BTreeMap::new();
        for context in Context::ALL {
            let url = format!("sqlite://{}", folder.path().join(format!("{context}.sqlite")).display());
            logs.insert(context, event_log::connect(&url, context).await?);
        }
        let plain: Arc<dyn Bus> = Arc::new(LogBus::new(logs.values().cloned()));
        let bus = match self.0 {
            Some(seed) => Arc::new(ShuffledBus::new(plain, seed)),
            None => plain,
        };
        Ok(Box::new(Folder { logs, bus, shuffled: self.0.is_some(), _folder: folder }))
    }
}

#[async_trait]
impl BusUnderTest for Folder {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), AnyError> {
        let log = self.logs.get(&topic.context()).ok_or("a context without a log")?;
        loop {
            let base = log.head().await?;
            let known = log.read(Read::Streams(&[(stream.clone(), 0)]), usize::MAX).await?;
            let last = known.last().map_or(0, |event| event.envelope.version);
            let mut draft = Draft::on(log.context(), base);
            for version in last + 1..=last + count {
                let name = if version % 2 == 1 { "Odd" } else { "Even" };
                draft =
                    draft.envelope(stream.as_str(), version, "{\"summary\":\"Something.\"}", |envelope| {
                        name.clone_into(&mut envelope.name);
                    });
            }
            if matches!(draft.commit(log.as_ref()).await?, Committed::Done(_)) {
                return Ok(());
            }
        }
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::clone(&self.bus)
    }

    fn redelivers(&self) -> bool {
        self.shuffled
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_keep_every_promise_of_a_bus() {
    assert_eq!(breaches(&Logs(None)).await, NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shuffled_logs_keep_every_promise_of_a_bus() {
    for seed in 1..=3 {
        assert_eq!(breaches(&Logs(Some(seed))).await, NONE, "seed {seed}");
    }
}
