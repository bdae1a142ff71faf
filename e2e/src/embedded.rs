//! A complete shop in this process.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use chorale::data_dir::DataDirError;
use chorale::shop::{Only, Shop, ShopOptions};
use chorale::stores::Stores;
use platform::bus::Bus;
use platform::bus::shuffled::ShuffledBus;
use platform::clock::DrivenClock;
use reactors::adapters::Adapters;
use reactors::adapters::provider::PaymentProvider;
use schemas::Timestamp;
use schemas::envelope::Spoken;
use tempfile::TempDir;

use crate::held_bus::HeldGroups;
use crate::provider::ScriptedProvider;

/// Upper limit for every wait, far above what a busy machine needs. It only ends a hang.
pub const SOON: Duration = Duration::from_secs(300);
/// Interval at which a log is checked for new events if there is no notification.
pub(crate) const POLL: Duration = Duration::from_millis(50);
/// Start of the driven clock.
const BEGINNING: &str = "2026-03-01T12:00:00Z";

/// The bus of a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buses {
    /// The logs in their own order.
    Plain,
    /// The logs shuffled across keys, redelivered, and split into batches anywhere, all from the seed.
    Shuffled(u64),
}

/// A shop with all roles, on a clock that the test drives. Dereferences to [`Shop`].
pub struct Embedded {
    shop: Shop,
    pub clock: DrivenClock,
    /// Groups whose deliveries are withheld.
    pub held_groups: HeldGroups,
    pub provider: Arc<ScriptedProvider>,
    pub(crate) keys: AtomicU64,
    buses: Buses,
    stores: Stores,
    folder: TempDir,
}

impl Deref for Embedded {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl Buses {
    /// One ordered bus and one shuffled bus.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Shuffled(7)];
}

impl Embedded {
    /// A new shop without products, in its own directory, with all roles running.
    pub async fn empty(buses: Buses) -> Result<Self> {
        let clock = DrivenClock::new(BEGINNING.parse()?);
        let provider = Arc::new(ScriptedProvider::new(clock.clock()));
        let (held_groups, folder) = (HeldGroups::default(), tempfile::tempdir()?);
        let stores = Stores::default();
        let shop = start(&folder, &stores, buses, &clock, &held_groups, &provider).await?;
        Ok(Self { shop, clock, held_groups, provider, keys: AtomicU64::new(0), buses, stores, folder })
    }

    /// A new shop with a few products: `TEA-100` at €10.00, 20 in `central`; `MUG-1` at €15.00, 20 in `north`, so that an
    /// order of both makes two parcels; `LAST-1` at €5.00, of which there is one.
    pub async fn open(buses: Buses) -> Result<Self> {
        let shop = Self::empty(buses).await?;
        shop.offer("TEA-100", 1_000, &[("central", 20)]).await?;
        shop.offer("MUG-1", 1_500, &[("north", 20)]).await?;
        shop.offer("LAST-1", 500, &[("central", 1)]).await?;
        Ok(shop)
    }

    /// Closes the shop and reopens it on the same files.
    pub async fn restart(self) -> Result<Self> {
        let stores = self.stores.clone();
        self.restart_on(stores, async |_| Ok(())).await
    }

    /// Closes the shop and reopens it on the same files, in a process whose clock says `now`, perhaps earlier than before.
    pub async fn restart_at(mut self, now: Timestamp) -> Result<Self> {
        self.clock = DrivenClock::new(now);
        Box::pin(self.restart()).await
    }

    /// Closes the shop, runs `change` on its directory, and reopens it on these stores.
    pub async fn restart_on(
        self,
        stores: Stores,
        change: impl AsyncFnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let Self { shop, clock, held_groups, provider, keys, buses, stores: _, folder } = self;
        shop.close().await?;
        change(folder.path()).await?;
        let shop = start(&folder, &stores, buses, &clock, &held_groups, &provider).await?;
        Ok(Self { shop, clock, held_groups, provider, keys, buses, stores, folder })
    }

    pub async fn leave(self) -> Result<()> {
        self.shop.close().await
    }

    /// Closes the shop, and hands over its data directory.
    pub async fn leave_data(self) -> Result<TempDir> {
        self.shop.close().await?;
        Ok(self.folder)
    }

    /// Waits until all consumers have caught up.
    pub async fn settle(&self) -> Result<()> {
        self.shop.settled(SOON).await
    }

    /// Waits until every passed deadline is handled, and then until all consumers have caught up.
    pub async fn on_time(&self) -> Result<()> {
        let settled = async {
            for log in &self.logs {
                while !log.due(self.clock.now(), 1).await?.is_empty() {
                    log.grown(log.head().await?.position, POLL).await;
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(SOON, settled)
            .await
            .context("timed out waiting for passed deadlines to be handled")??;
        self.settle().await
    }

    /// The events of the orders whose ids occur in `text`, one per line.
    async fn histories_in(&self, text: &str) -> Result<String> {
        let mut histories = String::new();
        for order in self.orders().await?.into_iter().filter(|order| text.contains(&order.to_string())) {
            for event in self.events(&order.stream()).await? {
                histories.push_str(&format!(
                    "{} {}\n",
                    event.envelope.name,
                    Spoken::read(&event.payload)?.summary
                ));
            }
        }
        Ok(histories)
    }

    /// Waits until all consumers have caught up, checks all invariants, and closes the shop.
    pub async fn sound(self) -> Result<()> {
        self.settle().await?;
        let wrong: Vec<_> = chorale::invariants::check(&self.shop, |_| {})
            .await?
            .into_iter()
            .filter(|invariant| !invariant.holds)
            .map(|invariant| format!("{}: {}", invariant.name, invariant.detail))
            .collect();
        if !wrong.is_empty() {
            bail!(
                "invariants violated:\n{}\n{}",
                wrong.join("\n"),
                self.histories_in(&wrong.join("\n")).await?
            );
        }
        for order in self.orders().await? {
            let history = self.history(order).await?;
            let moved = self.provider.moved(order);
            ensure!(
                moved == history.money(),
                "{order}: the provider moved {moved:?}, the order recorded {:?}",
                history.money()
            );
        }
        self.leave().await
    }
}

/// Repeats `open` while the data directory is in use. From its fork until it executes its program, a child process
/// holds copies of all open files, with their locks, and other tests in this process start children at any time.
pub async fn once_free<T>(open: impl AsyncFn() -> Result<T>) -> Result<T> {
    let began = Instant::now();
    loop {
        match open().await {
            Err(error) if is_in_use(&error) && began.elapsed() < SOON => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

fn is_in_use(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(DataDirError::InUse(_))))
}

async fn start(
    folder: &TempDir,
    stores: &Stores,
    buses: Buses,
    clock: &DrivenClock,
    held_groups: &HeldGroups,
    provider: &Arc<ScriptedProvider>,
) -> Result<Shop> {
    let options = || {
        let held_groups = held_groups.clone();
        let wrap = move |bus: Arc<dyn Bus>| {
            held_groups.wrap(match buses {
                Buses::Plain => bus,
                Buses::Shuffled(seed) => Arc::new(ShuffledBus::new(bus, seed)),
            })
        };
        let payment_provider: Arc<dyn PaymentProvider> = Arc::clone(provider) as _;
        ShopOptions {
            stores: stores.clone(),
            clock: Some(clock.clock()),
            adapters: Box::new(move |sandboxes| Adapters { payment_provider, ..sandboxes }),
            bus: Box::new(wrap),
            ..ShopOptions::default()
        }
    };
    let open = async || Shop::open(folder.path(), options()).await.context("the shop cannot be opened");
    let shop = once_free(open).await?;
    shop.start_reactors(&Only::default());
    shop.start_projectors(&[])?;
    Ok(shop)
}
