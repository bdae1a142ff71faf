//! A shop, put together: logs, bus, writers, participants, projectors and the two APIs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use command_api::{Commands, Writers};
use domain::ShopRules;
use event_log::log_bus::LogBus;
use event_log::port::Log;
use event_log::writer::{Writer, WriterOptions};
use platform::bus::Bus;
use platform::clock::Clock;
use platform::sealing::Sealer;
use platform::shutdown::Shutdown;
use projectors::Backends;
use reactors::adapters::carrier::Carrier;
use reactors::adapters::provider::PaymentProvider;
use reactors::participant::Participant;
use reactors::progress::Progress;
use read_models::Store;
use schemas::Context;
use tokio::task::JoinHandle;

use crate::data_dir::{DataDir, Kind};

mod roles;

/// Puts something around a bus.
pub type WrapBus = Box<dyn FnOnce(Arc<dyn Bus>) -> Arc<dyn Bus> + Send>;

/// What a shop can be given beside its data directory. The defaults are those of the program.
pub struct ShopOptions {
    /// Which time it has to live in; any if none.
    pub kind: Option<Kind>,
    /// Tells the time.
    pub clock: Clock,
    /// The figures of its rules.
    pub rules: ShopRules,
    /// Makes sealing repeatable, for imports that are compared byte by byte.
    pub seed: Option<u64>,
    /// The payment provider; the sandbox if none.
    pub provider: Option<Arc<dyn PaymentProvider>>,
    /// The carrier; the sandbox if none.
    pub carrier: Option<Arc<dyn Carrier>>,
    /// Wraps the bus, for tests that make it unkind.
    pub bus: WrapBus,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self {
            kind: Some(Kind::Real),
            clock: Clock::system(),
            rules: ShopRules::default(),
            seed: None,
            provider: None,
            carrier: None,
            bus: Box::new(|bus| bus),
        }
    }
}

/// A shop whose parts are connected. Nothing runs yet but the writers.
pub struct Shop {
    /// Where its data is.
    pub data: DataDir,
    /// The logs of all contexts.
    pub logs: Vec<Arc<dyn Log>>,
    /// The topics.
    pub bus: Arc<dyn Bus>,
    /// The documents.
    pub store: Store,
    /// Seals and opens personal data.
    pub sealer: Sealer,
    /// Tells the time.
    pub clock: Clock,
    /// The figures of its rules.
    pub rules: Arc<ShopRules>,
    /// Everything that people can ask for.
    pub commands: Commands,
    /// How far the participants are.
    pub progress: Progress,
    /// Ends everything that was started.
    pub shutdown: Shutdown,
    provider: Arc<dyn PaymentProvider>,
    carrier: Arc<dyn Carrier>,
    writers: Vec<JoinHandle<()>>,
}

/// How long a shop may take to leave.
const DRAINING: Duration = Duration::from_secs(10);

impl Shop {
    /// Connects all parts of a shop in a data directory, which it claims for itself.
    pub async fn open(path: &Path, options: ShopOptions) -> Result<Self> {
        let data = DataDir::claim(path, options.kind)?;
        let clock = options.clock;
        let mut logs = Vec::new();
        let (mut handles, mut tasks) = (Vec::new(), Vec::new());
        for context in Context::ALL {
            let log = event_log::connect(&data.log(context), context).await?;
            let (writer, task) = Writer::start(Arc::clone(&log), clock.clone(), WriterOptions::default());
            logs.push(log);
            handles.push(writer);
            tasks.push(task);
        }
        let [catalog, inventory, ordering, payments, shipping] =
            <[Writer; 5]>::try_from(handles).ok().context("every context has a writer")?;
        let vault = platform::vault::connect(&data.vault()).await?;
        let sealer = match options.seed {
            Some(seed) => Sealer::with_seed(vault, seed),
            None => Sealer::new(vault),
        };
        let store = read_models::connect(&data.documents(), &read_models::documents::ALL).await?;
        let rules = Arc::new(options.rules);
        let writers = Writers { catalog, inventory, ordering, payments, shipping };
        let (provider, carrier) = reactors::participants::sandboxes(&clock);
        Ok(Self {
            bus: (options.bus)(Arc::new(LogBus::new(logs.iter().cloned()))),
            commands: Commands::new(writers, sealer.clone(), Arc::clone(&rules)),
            progress: Progress::default(),
            shutdown: Shutdown::new(),
            provider: options.provider.unwrap_or(provider),
            carrier: options.carrier.unwrap_or(carrier),
            writers: tasks,
            data,
            logs,
            store,
            sealer,
            clock,
            rules,
        })
    }

    /// The log of a context.
    pub fn log(&self, context: Context) -> Option<&Arc<dyn Log>> {
        self.logs.iter().find(|log| log.context() == context)
    }

    /// Who takes part in the choreography.
    pub fn participants(&self) -> Vec<Arc<dyn Participant>> {
        reactors::participants::all(
            &self.rules,
            &self.sealer,
            Arc::clone(&self.provider),
            Arc::clone(&self.carrier),
        )
    }

    /// What projectors work with.
    pub fn backends(&self) -> Backends {
        Backends::new(self.store.clone(), Arc::clone(&self.bus), self.clock.clone())
    }

    /// Waits until nobody has anything left to do, at most `patience`: every participant and projector has seen every
    /// event, and none of them led to another one. Deadlines that have not passed do not count.
    pub async fn settled(&self, patience: Duration) -> Result<()> {
        let waited = tokio::time::timeout(patience, async {
            loop {
                let before = self.heads().await?;
                self.reacted(patience).await?;
                projectors::caught_up(&self.store, self.bus.as_ref(), &projectors::REGISTRY, patience)
                    .await?;
                if self.heads().await? == before {
                    return anyhow::Ok(());
                }
            }
        });
        waited.await.context("the shop did not come to rest in time")?
    }

    /// Waits until every participant has handled every event there is, at most `patience`.
    pub async fn reacted(&self, patience: Duration) -> Result<()> {
        let arrived = self.progress.caught_up(self.bus.as_ref(), |_| true, patience).await?;
        anyhow::ensure!(arrived, "events are not handled in time");
        Ok(())
    }

    /// Where the logs end.
    pub async fn heads(&self) -> Result<Vec<u64>> {
        let mut heads = Vec::new();
        for log in &self.logs {
            heads.push(log.head().await?.position);
        }
        Ok(heads)
    }

    /// Ends what was started, in order: nothing new is begun, what was begun is finished and kept.
    pub async fn close(self) -> Result<()> {
        self.shutdown.begin();
        self.shutdown.drained(DRAINING).await?;
        drop(self.commands);
        for writer in self.writers {
            writer.await.context("a writer ended badly")?;
        }
        // Nobody writes any more: what is copied away now is the whole shop in its files.
        for address in self.data.addresses() {
            platform::sqlite::settle(&address).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shop_that_was_closed_leaves_no_write_ahead_log_and_its_files_are_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop::open(folder.path(), ShopOptions::default()).await.unwrap();
        let (store, logs) = (shop.store.clone(), shop.logs.clone());
        for collection in read_models::documents::ALL {
            store.generations().live(collection).await.unwrap();
        }
        shop.close().await.unwrap();
        let mut found = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let (name, about) = (file.file_name().into_string().unwrap(), file.metadata().unwrap());
            if name.contains(".sqlite") {
                assert_eq!(about.permissions().mode() & 0o077, 0, "{name}");
                found += 1;
            }
            assert!(!name.ends_with("-wal") || about.len() == 0, "{name} has {} bytes", about.len());
        }
        assert!(found >= logs.len() + 2, "{found} files");
    }
}
