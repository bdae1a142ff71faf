//! A whole shop in this process.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use chorale::shop::{Only, Shop, ShopOptions};
use chorale::stores::Stores;
use platform::bus::Bus;
use platform::bus::shuffled::ShuffledBus;
use platform::clock::DrivenClock;
use reactors::adapters::Adapters;
use reactors::adapters::provider::PaymentProvider;
use schemas::envelope::Spoken;
use tempfile::TempDir;

use crate::gate::Gate;
use crate::provider::Puppet;

/// Everything that is waited for comes long before this, on the busiest machine too: it only ends a hang.
pub const SOON: Duration = Duration::from_secs(300);
/// How often a log is looked at when nothing else tells that it has grown.
pub(crate) const LOOK: Duration = Duration::from_millis(50);
/// When the driven clock begins.
const BEGINNING: &str = "2026-03-01T12:00:00Z";

/// Which bus a shop is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buses {
    /// The logs themselves.
    Plain,
    /// The logs shuffled across keys, redelivered and cut anywhere, in a way that follows from the seed.
    Shuffled(u64),
}

/// A shop with all its roles, on a clock that the test drives. It is the [`Shop`], with more to say.
pub struct Embedded {
    shop: Shop,
    /// Its time.
    pub clock: DrivenClock,
    /// Who hears of what.
    pub gate: Gate,
    /// Its payment provider.
    pub provider: Arc<Puppet>,
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
    /// A kind one, and one that is not.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Shuffled(7)];
}

impl Embedded {
    /// A new shop without products, in a folder of its own, with everything running.
    pub async fn empty(buses: Buses) -> Result<Self> {
        let clock = DrivenClock::new(BEGINNING.parse()?);
        let provider = Arc::new(Puppet::new(clock.clock()));
        let (gate, folder) = (Gate::default(), tempfile::tempdir()?);
        let stores = Stores::default();
        let shop = start(&folder, &stores, buses, &clock, &gate, &provider).await?;
        Ok(Self { shop, clock, gate, provider, keys: AtomicU64::new(0), buses, stores, folder })
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

    /// Leaves, and starts again on the same files.
    pub async fn restart(self) -> Result<Self> {
        let stores = self.stores.clone();
        self.restart_on(stores, async |_| Ok(())).await
    }

    /// Leaves, has something done to its files, and starts again on these stores.
    pub async fn restart_on(
        self,
        stores: Stores,
        meanwhile: impl AsyncFnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let Self { shop, clock, gate, provider, keys, buses, stores: _, folder } = self;
        shop.close().await?;
        meanwhile(folder.path()).await?;
        let shop = start(&folder, &stores, buses, &clock, &gate, &provider).await?;
        Ok(Self { shop, clock, gate, provider, keys, buses, stores, folder })
    }

    /// Leaves.
    pub async fn leave(self) -> Result<()> {
        self.shop.close().await
    }

    /// Waits until nobody has anything left to do.
    pub async fn rest(&self) -> Result<()> {
        self.shop.settled(SOON).await
    }

    /// Waits until every deadline that has passed by now is settled, and then until nobody has anything left to do.
    pub async fn on_time(&self) -> Result<()> {
        let settled = async {
            for log in &self.logs {
                while !log.due(self.clock.now(), 1).await?.is_empty() {
                    log.grown(log.head().await?.position, LOOK).await;
                }
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(SOON, settled).await.context("a deadline that has passed is not settled")??;
        self.rest().await
    }

    /// The stories of the orders that a text names.
    async fn stories_in(&self, text: &str) -> Result<String> {
        let mut stories = String::new();
        for order in self.orders().await?.into_iter().filter(|order| text.contains(&order.to_string())) {
            for event in self.events(&order.stream()).await? {
                stories.push_str(&format!(
                    "{} {}\n",
                    event.envelope.name,
                    Spoken::read(&event.payload)?.summary
                ));
            }
        }
        Ok(stories)
    }

    /// Comes to rest, checks everything that must be true of a shop whatever happened to it, and leaves.
    pub async fn sound(self) -> Result<()> {
        self.rest().await?;
        let wrong: Vec<_> = chorale::statements::check(&self.shop, |_| {})
            .await?
            .into_iter()
            .filter(|statement| !statement.holds)
            .map(|statement| format!("{}: {}", statement.name, statement.detail))
            .collect();
        if !wrong.is_empty() {
            bail!(
                "not true of this shop:\n{}\n{}",
                wrong.join("\n"),
                self.stories_in(&wrong.join("\n")).await?
            );
        }
        for order in self.orders().await? {
            let story = self.story(order).await?;
            let moved = self.provider.moved(order);
            ensure!(
                moved == story.money(),
                "{order}: the provider moved {moved:?}, the order knows {:?}",
                story.money()
            );
        }
        self.leave().await
    }
}

async fn start(
    folder: &TempDir,
    stores: &Stores,
    buses: Buses,
    clock: &DrivenClock,
    gate: &Gate,
    provider: &Arc<Puppet>,
) -> Result<Shop> {
    let gate = gate.clone();
    let wrap = move |bus: Arc<dyn Bus>| {
        gate.before(match buses {
            Buses::Plain => bus,
            Buses::Shuffled(seed) => Arc::new(ShuffledBus::new(bus, seed)),
        })
    };
    let payment_provider: Arc<dyn PaymentProvider> = Arc::clone(provider) as _;
    let options = ShopOptions {
        stores: stores.clone(),
        clock: Some(clock.clock()),
        adapters: Box::new(move |sandboxes| Adapters { payment_provider, ..sandboxes }),
        bus: Box::new(wrap),
        ..ShopOptions::default()
    };
    let shop = Shop::open(folder.path(), options).await.context("the shop cannot be opened")?;
    shop.start_reactors(&Only::default());
    shop.start_projectors(&[])?;
    Ok(shop)
}
