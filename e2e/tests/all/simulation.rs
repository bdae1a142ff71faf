//! Shoppers, staff, a provider and a clock act at random, on a bus that only keeps the order per key. The seed
//! determines everything except the interleaving of tasks. A failure names the seed; `CHORALE_SIMULATION_SEEDS="4 5
//! 6"` runs other seeds.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use chorale::invariants::orders::Orders;
use command_api::CommandError;
use command_api::inputs::ActionOutcome;
use e2e::{Buses, Done, Embedded};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use schemas::OrderId;
use schemas::life_cycle::WayOut;

const SKUS: [&str; 8] = ["A-1", "B-2", "C-3", "D-4", "E-5", "F-6", "G-7", "H-8"];
const PLACES: [&str; 3] = ["central", "north", "south"];
const ORDERS: usize = 60;
const STEPS: usize = 360;
const TOKENS: [&str; 12] = [
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_decline",
    "tok_action",
    "tok_timeout",
    "tok_flaky",
    "tok_capture_fails",
    "tok_refund_fails",
];
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(flavor = "multi_thread")]
async fn random_commands_and_failures_never_oversell_lose_money_or_lose_an_order() -> Result<()> {
    let chosen = std::env::var("CHORALE_SIMULATION_SEEDS").unwrap_or_else(|_| "1 2 3".to_owned());
    for seed in chosen.split_whitespace() {
        let seed = seed.parse()?;
        simulate(seed).await.with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

async fn simulate(seed: u64) -> Result<()> {
    let shop = Embedded::empty(Buses::Shuffled(seed)).await?;
    let mut day = Day { shop: &shop, random: StdRng::seed_from_u64(seed), orders: Vec::new() };
    for sku in SKUS {
        let stock: Vec<_> = PLACES.map(|place| (place, day.random.random_range(1..6))).into();
        let minor = day.random.random_range(100..3_000);
        shop.offer(sku, minor, &stock).await?;
    }
    for _ in 0..STEPS {
        day.step().await?;
    }
    ensure!(day.orders.len() >= ORDERS / 2, "only {} orders", day.orders.len());
    wind_down(&shop).await?;
    shop.sound().await
}

struct Day<'a> {
    shop: &'a Embedded,
    random: StdRng,
    orders: Vec<OrderId>,
}

/// A rule may refuse the command, and a parcel may not be planned yet. Any other error is a failure.
fn tolerate(done: Done) -> Result<()> {
    match done {
        Ok(_) | Err(CommandError::Refused { .. } | CommandError::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Day<'_> {
    async fn step(&mut self) -> Result<()> {
        let shop = self.shop;
        let chance = self.random.random_range(0..100);
        if self.orders.is_empty() || (chance < 25 && self.orders.len() < ORDERS) {
            return self.place().await;
        }
        let order = self.orders.choose(&mut self.random).copied().context("there is one")?;
        let place = *PLACES.choose(&mut self.random).context("there is one")?;
        let parcel = shop.parcel(order, place)?;
        match chance {
            0..=29 => tolerate(shop.cancel(order).await),
            30..=44 => self.pack(order, place).await,
            45..=59 => tolerate(shop.dispatch(parcel).await),
            60..=67 => tolerate(shop.deliver(parcel).await),
            68..=70 => tolerate(shop.lose(parcel).await),
            71..=72 => tolerate(shop.take_back(parcel).await),
            73..=76 => tolerate(shop.put_on_hold(order).await),
            77..=80 => resolve(shop, order, &mut self.random).await,
            81..=83 => self.count(place).await,
            84..=87 => tolerate(shop.retry_payment(order, "tok_ok").await),
            88..=90 => self.come_back(order).await,
            91..=94 => {
                self.upset_the_provider();
                Ok(())
            }
            _ => {
                self.let_time_pass();
                Ok(())
            }
        }
    }

    async fn place(&mut self) -> Result<()> {
        let mut lines = Vec::new();
        for _ in 0..self.random.random_range(1..=3) {
            // The same SKU may be on two lines.
            lines.push((
                *SKUS.choose(&mut self.random).context("there is one")?,
                self.random.random_range(1..=3),
            ));
        }
        let token = TOKENS.choose(&mut self.random).context("there is one")?;
        self.orders.push(self.shop.place_paying(&lines, token).await?);
        Ok(())
    }

    async fn pack(&self, order: OrderId, place: &str) -> Result<()> {
        let parcel = self.shop.parcel(order, place)?;
        tolerate(self.shop.close_box(parcel).await)
    }

    async fn count(&mut self, place: &str) -> Result<()> {
        let sku = SKUS.choose(&mut self.random).context("there is one")?;
        match self.random.random_range(-2..=2) {
            0 => tolerate(self.shop.receive(sku, place, 2).await),
            delta => tolerate(self.shop.adjust(sku, place, delta).await),
        }
    }

    async fn come_back(&mut self, order: OrderId) -> Result<()> {
        let approves = self.random.random_bool(0.7);
        let outcome = if approves { ActionOutcome::Approved } else { ActionOutcome::Refused };
        tolerate(self.shop.come_back(order, outcome).await)
    }

    fn upset_the_provider(&mut self) {
        let provider = &self.shop.provider;
        let kind = ["authorize", "capture", "refund"][self.random.random_range(0..3)];
        match self.random.random_range(0..3) {
            0 => provider.fail_next(kind, "UPSET"),
            1 => provider.lose_next_answer(kind),
            _ => provider.lose_next_call(kind),
        }
    }

    fn let_time_pass(&mut self) {
        let seconds = match self.random.random_range(0..10) {
            0 => self.random.random_range(3_600..200_000),
            1..=3 => self.random.random_range(60..1_200),
            _ => self.random.random_range(1..90),
        };
        self.shop.clock.advance_by(Duration::from_secs(seconds));
    }
}

/// Staff choose any way out of any hold of the order.
async fn resolve(shop: &Embedded, order: OrderId, random: &mut StdRng) -> Result<()> {
    let orders = Orders::read(shop).await?;
    let history = orders.histories.get(&order).context("it was placed")?;
    let Some((reason, parcel)) = history.holds.iter().next().copied() else { return Ok(()) };
    let way_out = *reason.ways_out().choose(random).context("there is one")?;
    tolerate(shop.resolve(order, reason, parcel, way_out).await)
}

/// All parties act until every order has ended: each order must have a way to its end.
async fn wind_down(shop: &Embedded) -> Result<()> {
    let mut duty =
        [WayOut::Refund, WayOut::RetryCapture, WayOut::CancelRest, WayOut::Reauthorize, WayOut::Release];
    for round in 0..12 {
        if round == 4 {
            // Amounts that cannot be captured are written off.
            duty.reverse();
        }
        shop.on_time().await?;
        let orders = Orders::read(shop).await?;
        let open: Vec<_> = orders
            .histories
            .iter()
            .filter(|(_, history)| !history.status.is_terminal() || !history.holds.is_empty())
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        for (order, history) in open {
            for (reason, parcel) in &history.holds {
                for way_out in duty.into_iter().filter(|way_out| reason.ways_out().contains(way_out)) {
                    if shop.resolve(*order, *reason, *parcel, way_out).await.is_ok() {
                        break;
                    }
                }
            }
            for place in PLACES {
                let parcel = shop.parcel(*order, place)?;
                tolerate(shop.close_box(parcel).await)?;
                shop.reacted(e2e::SOON).await?;
                tolerate(shop.dispatch(parcel).await)?;
                tolerate(shop.deliver(parcel).await)?;
            }
        }
        shop.clock.advance_by(DAY);
        shop.on_time().await?;
        shop.clock.advance_by(DAY * 14);
    }
    let orders = Orders::read(shop).await?;
    let mut stuck = Vec::new();
    for (order, history) in orders.histories {
        if !history.status.is_terminal() || !history.holds.is_empty() {
            stuck.push(format!(
                "{order}: {} {:?} {:?}",
                history.status,
                history.holds,
                shop.history(order).await?.names()
            ));
        }
    }
    ensure!(stuck.is_empty(), "orders without a way out:\n{}", stuck.join("\n"));
    Ok(())
}
