//! The contract suite of the bus on the logs, and on the test double around them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::contract::Draft;
use event_log::log_bus::LogBus;
use event_log::port::{Committed, Log, Read};
use platform::bus::Bus;
use platform::bus::contract::BusUnderTest;
use platform::bus::shuffled::ShuffledBus;
use platform::contract::Broken;
use schemas::{Context, StreamId, Topic};
use tempfile::TempDir;

/// Logs in a folder, as a bus.
struct Logs {
    logs: BTreeMap<Context, Arc<dyn Log>>,
    bus: Arc<dyn Bus>,
    shuffled: bool,
    _folder: TempDir,
}

impl Logs {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = BTreeMap::new();
        for context in Context::ALL {
            let url = format!("sqlite://{}", folder.path().join(format!("{context}.sqlite")).display());
            logs.insert(context, event_log::connect(&url, context).await.unwrap());
        }
        let bus = Arc::new(LogBus::new(logs.values().cloned()));
        Self { logs, bus, shuffled: false, _folder: folder }
    }

    async fn shuffled(seed: u64) -> Self {
        let plain = Self::new().await;
        Self { bus: Arc::new(ShuffledBus::new(plain.bus, seed)), shuffled: true, ..plain }
    }
}

#[async_trait]
impl BusUnderTest for Logs {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), Broken> {
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

mod the_logs_keep_every_promise_of_a_bus {
    platform::bus_suite!(super::Logs::new().await);
}

mod the_shuffled_logs_keep_every_promise_of_a_bus {
    platform::bus_suite!(for seed in 1..=3 => super::Logs::shuffled(seed).await);
}
