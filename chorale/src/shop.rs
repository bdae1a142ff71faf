//! A shop, assembled: logs, bus, writers, reactors, projectors and the two APIs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use command_api::{Commands, Writers};
use domain::ShopRules;
use event_log::port::Log;
use event_log::writer::{Writer, WriterOptions};
use platform::bus::Bus;
use platform::bus::publisher::RelayedTopics;
use platform::clock::{Clock, DrivenClock};
use platform::sealing::Sealer;
use platform::shutdown::Shutdown;
use projectors::Backends;
use reactors::adapters::Adapters;
use reactors::progress::Progress;
use read_models::Store;
use schemas::{Context, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::shop_properties::{self, Kind, Want};
use crate::stores::{StoreLocations, Stores};

mod following;
mod lag;
mod roles;
pub(crate) mod sources;
pub(crate) mod status;
mod time;

pub use roles::Only;
pub use status::StatusReader;

/// Wraps a bus.
pub type WrapBus = Box<dyn FnOnce(Arc<dyn Bus>) -> Arc<dyn Bus> + Send>;
/// Replaces some of the adapters to services outside the shop.
pub type ReplaceAdapters = Box<dyn FnOnce(Adapters) -> Adapters + Send>;

/// Options of a shop beside its data directory. The defaults are those of the program.
pub struct ShopOptions {
    /// The stores that are not in the data directory.
    pub stores: Stores,
    /// The kind of time that is required.
    pub want: Want,
    /// The clock. If `None`: the system's clock, or on imported time the time of the shop's events.
    pub clock: Option<Clock>,
    /// The parameters of its rules, if the shop is new; `None` for the defaults.
    pub rules: Option<ShopRules>,
    /// Makes sealing repeatable, for imports that are compared byte by byte.
    pub seed: Option<u64>,
    /// Replaces some of the sandboxes.
    pub adapters: ReplaceAdapters,
    /// Wraps the bus, for tests with faults.
    pub bus: WrapBus,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self {
            stores: Stores::default(),
            want: Want::Kind(Kind::Real),
            clock: None,
            rules: None,
            seed: None,
            adapters: Box::new(|sandboxes| sandboxes),
            bus: Box::new(|bus| bus),
        }
    }
}

/// A shop whose parts are connected. Only the writers are running yet.
pub struct Shop {
    /// The locations of its stores.
    pub locations: StoreLocations,
    /// The kind of time that it runs on.
    pub kind: Kind,
    /// The logs of all contexts.
    pub logs: Vec<Arc<dyn Log>>,
    pub bus: Arc<dyn Bus>,
    pub store: Store,
    /// Seals and opens personal data.
    pub sealer: Sealer,
    pub clock: Clock,
    /// The figures of its rules.
    pub rules: Arc<ShopRules>,
    /// All commands.
    pub commands: Commands,
    /// The progress of the reactors.
    pub progress: Progress,
    /// Stops everything that was started.
    pub shutdown: Shutdown,
    /// Whether deadlines pass in this process: its clock runs by itself or is driven from here.
    keeps_time: bool,
    /// The topics that relays write to; `None` if the topics are the logs themselves.
    relayed: Option<Arc<dyn RelayedTopics>>,
    /// The projectors that were started here.
    running: status::Running,
    adapters: Adapters,
    writers: Vec<JoinHandle<()>>,
    /// Why the process cannot continue; set by the role that finds out.
    fault: watch::Sender<Option<String>>,
}

/// How long a shop may take to stop.
const DRAINING: Duration = Duration::from_secs(10);
/// How often the progress of relays in other processes is read.
const LOOK: Duration = Duration::from_millis(20);

impl Shop {
    /// Connects all parts of a shop. Claims the data directory if it contains logs.
    pub async fn open(path: &Path, options: ShopOptions) -> Result<Self> {
        let locations = StoreLocations::claim(path, &options.stores)?;
        let mut logs = Vec::new();
        for context in Context::ALL {
            logs.push(event_log::connect(&locations.log(context), context).await?);
        }
        let (kind, rules) = shop_properties::agree(&logs, options.want, options.rules).await?;
        let rules = Arc::new(rules);
        let (relayed, bus) = locations.bus.connect(&logs).await?;
        let progress = if locations.is_exclusive() {
            Progress::default()
        } else {
            Progress::shared(logs.iter().cloned())
        };
        let keeps_time = options.clock.is_some() || kind == Kind::Real;
        let (clock, bus) = told_by(options.clock, kind, (options.bus)(bus));
        let (shutdown, fault) = (Shutdown::new(), watch::Sender::new(None));
        let (writers, tasks) = start_writers(&logs, &clock, &shutdown, &fault)?;
        let vault = platform::vault::connect(&locations.vault()).await?;
        let sealer = match options.seed {
            Some(seed) => Sealer::with_seed(vault, seed),
            None => Sealer::new(vault),
        };
        let store = locations.read_models(&logs).await?;
        let shop = Self {
            commands: Commands::new(writers, sealer.clone(), Arc::clone(&rules)),
            shutdown,
            running: status::Running::default(),
            adapters: (options.adapters)(Adapters::sandboxes(&clock)),
            writers: tasks,
            fault,
            locations,
            kind,
            logs,
            bus,
            store,
            sealer,
            clock,
            rules,
            progress,
            keeps_time,
            relayed,
        };
        if shop.relayed.is_some() {
            // Other processes may run the reactors: a caller that waits for the shop waits for them, too.
            shop.expect_all_reactors();
        }
        Ok(shop)
    }

    /// Declares that the documents belong to this shop's logs; refuses the documents of
    /// others.
    pub async fn claim_documents(&self) -> Result<()> {
        sources::claim(&self.store, &self.logs).await
    }

    /// Waits until a role finds that the process cannot continue, and returns the reason.
    pub async fn failed(&self) -> String {
        let mut fault = self.fault.subscribe();
        match fault.wait_for(Option::is_some).await {
            Ok(fault) => fault.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// The log of a context.
    pub fn log(&self, context: Context) -> Option<&Arc<dyn Log>> {
        self.logs.iter().find(|log| log.context() == context)
    }

    /// What projectors need.
    pub fn backends(&self) -> Backends {
        Backends::new(self.store.clone(), Arc::clone(&self.bus), self.clock.clone())
    }

    /// Waits until all consumers have caught up, at most `patience`: every reactor and projector has handled every
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
        match waited.await {
            Ok(settled) => settled,
            Err(_) => {
                bail!(
                    "timed out waiting for consumers to catch up; still behind: {}",
                    self.behind().await?.join(", ")
                )
            }
        }
    }

    /// The consumers that have not caught up.
    async fn behind(&self) -> Result<Vec<String>> {
        let relays = self.unrelayed(&self.heads().await?).await?;
        let mut behind: Vec<String> = relays.iter().map(|context| format!("relay of {context}")).collect();
        behind.extend(self.progress.behind(self.bus.as_ref()).await?);
        for projection in &projectors::REGISTRY {
            let caught_up =
                projectors::caught_up(&self.store, self.bus.as_ref(), &[*projection], Duration::ZERO).await;
            behind.extend(caught_up.err().map(|error| error.to_string()));
        }
        Ok(behind)
    }

    /// Waits until the topics contain the logs up to their current ends.
    async fn relayed(&self) -> Result<()> {
        let heads = self.heads().await?;
        while !self.unrelayed(&heads).await?.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The contexts whose topics do not yet contain their logs up to these heads.
    async fn unrelayed(&self, heads: &[u64]) -> Result<Vec<Context>> {
        if self.relayed.is_none() {
            return Ok(Vec::new());
        }
        let reach = self.bus.reach(&Context::ALL).await?;
        let there = |context: Context| reach.get(&context).map_or(0, |reach| reach.position);
        let behind = self.logs.iter().zip(heads).filter(|(log, head)| there(log.context()) < **head);
        Ok(behind.map(|(log, _)| log.context()).collect())
    }

    /// Waits until every reactor has handled every event there is, at most `patience`.
    pub async fn reacted(&self, patience: Duration) -> Result<()> {
        let relayed = tokio::time::timeout(patience, self.relayed()).await;
        relayed.context("timed out waiting for the relay")??;
        let arrived = self.progress.caught_up(self.bus.as_ref(), |_| true, patience).await?;
        anyhow::ensure!(arrived, "timed out waiting for the reactors");
        Ok(())
    }

    /// The heads of the logs.
    pub async fn heads(&self) -> Result<Vec<u64>> {
        let mut heads = Vec::new();
        for log in &self.logs {
            heads.push(log.head().await?.position);
        }
        Ok(heads)
    }

    /// Stops everything in order: nothing new is started, and work that has begun is finished and stored.
    pub async fn close(self) -> Result<()> {
        self.shutdown.begin();
        self.shutdown.drained(DRAINING).await?;
        drop(self.commands);
        for writer in self.writers {
            writer.await.context("a writer failed")?;
        }
        // All writers have stopped: a copy of the files is a complete shop.
        for address in self.locations.addresses() {
            platform::sqlite::settle(&address).await;
        }
        Ok(())
    }
}

/// The clock of a shop of this kind, and the bus; on imported time the bus drives the clock.
fn told_by(clock: Option<Clock>, kind: Kind, bus: Arc<dyn Bus>) -> (Clock, Arc<dyn Bus>) {
    match (clock, kind) {
        (Some(clock), _) => (clock, bus),
        (None, Kind::Real) => (Clock::system(), bus),
        (None, Kind::Imported) => {
            let clock = DrivenClock::new(Timestamp::EPOCH);
            (clock.clock(), time::event_time_bus(bus, clock))
        }
    }
}

/// Starts a writer per log. A writer that ends before the shutdown ends the process: nothing more could be recorded.
fn start_writers(
    logs: &[Arc<dyn Log>],
    clock: &Clock,
    shutdown: &Shutdown,
    fault: &watch::Sender<Option<String>>,
) -> Result<(Writers, Vec<JoinHandle<()>>)> {
    let start = |log: &Arc<dyn Log>| {
        let (writer, task) = Writer::start(Arc::clone(log), clock.clone(), WriterOptions::default());
        let (context, shutdown, fault) = (log.context(), shutdown.clone(), fault.clone());
        let watched = tokio::spawn(async move {
            let ended = task.await;
            if !shutdown.has_begun() || ended.is_err() {
                fault.send_replace(Some(format!("the writer of {context} has ended; see the program's log")));
            }
        });
        (writer, watched)
    };
    let (handles, tasks): (Vec<Writer>, Vec<JoinHandle<()>>) = logs.iter().map(start).unzip();
    Ok((Writers::new(handles)?, tasks))
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
            store.generations.live(collection).await.unwrap();
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
