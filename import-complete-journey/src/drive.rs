//! Drives an import. The clock stops until all pending work is done, then jumps to the next basket, action of the diary or
//! timer of the shop. So an order never expires because processing is slow.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chorale::shop::Shop;
use event_log::port::Read;
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::clock::DrivenClock;
use platform::shutdown::Shutdown;
use schemas::Timestamp;
use tokio::time::Instant;

use crate::baskets::{self, Placed};
use crate::diary::{Act, Diary};
use crate::dice::Dice;
use crate::mark::{Mark, Marker};
use crate::prices::Prices;
use crate::seeding::{self, SIDE_BY_SIDE, Shelf};
use crate::supply::Delivery;
use crate::watch::Watch;
use crate::year::Year;
use crate::{acting, fate};

/// How long the shop may take to finish its pending work; more means that something is broken.
const PATIENCE: Duration = Duration::from_secs(300);
/// Longest time between two writes of the mark.
const MARKED_EVERY: Duration = Duration::from_secs(1);

/// Everything that follows from the data and the seed.
pub(crate) struct Plan {
    pub year: Year,
    /// Per week and product.
    pub prices: Prices,
    pub deliveries: BTreeMap<u8, Vec<Delivery>>,
    pub dice: Dice,
    /// One basket at a time, each to its end.
    pub lockstep: bool,
    /// Continue after the last basket until every order has ended.
    pub afterwards: bool,
}

/// How an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Finished,
    /// A stop was requested; the same import can continue from here.
    Interrupted,
}

/// A running import.
pub(crate) struct Drive<'a> {
    shop: &'a Shop,
    clock: &'a DrivenClock,
    plan: &'a Plan,
    marker: &'a mut Marker,
    mark: Mark,
    diary: Diary,
    kept: Instant,
    since: (Instant, u64),
}

impl<'a> Drive<'a> {
    /// Continues from a mark. The clock begins at the end of the logs. The shop's reactors must not run yet: with an older
    /// clock they could meet deadlines that have passed.
    pub async fn from(
        shop: &'a Shop,
        clock: &'a DrivenClock,
        plan: &'a Plan,
        marker: &'a mut Marker,
        mark: Mark,
    ) -> Result<Self> {
        let first = plan.year.baskets.first().context("there is nothing to import")?.at;
        clock.advance_to(mark.instant.max(first));
        for log in &shop.logs {
            let before_last = log.head().await?.position.saturating_sub(1);
            for last in log.read(Read::After(before_last), 1).await? {
                clock.advance_to(last.envelope.time);
            }
        }
        let diary = Diary::new(plan.dice, mark.instant, !plan.lockstep);
        let now = Instant::now();
        let since = (now, mark.millis);
        Ok(Self { shop, clock, plan, marker, mark, diary, kept: now, since })
    }

    /// Imports everything, or until `stop` begins. Returns how it ended, and the mark.
    pub async fn run(mut self, stop: &Shutdown) -> Result<(Ended, Mark)> {
        self.quiet().await?;
        let products = Watch::new("products", self.plan.year.products.len(), 0)?;
        seeding::catalogue(self.shop, &self.plan.year, || products.step()).await?;
        drop(products);
        self.quiet().await?;
        self.keep()?;
        let mut shelf = Shelf::read(self.shop).await?;
        self.diary.follow(self.shop).await?;
        let watch = Watch::new("baskets", self.plan.year.baskets.len(), self.mark.baskets)?;
        let mut ended = Ended::Interrupted;
        while !stop.has_begun() {
            let Some(next) = self.next().await? else {
                ended = Ended::Finished;
                break;
            };
            self.clock.advance_to(next);
            self.timers_and_diary().await?;
            self.begin_weeks(&mut shelf).await?;
            self.place_baskets().await?;
            self.timers_and_diary().await?;
            self.mark.instant = self.clock.now();
            if self.kept.elapsed() >= MARKED_EVERY {
                self.keep()?;
            }
            watch.at(self.mark.baskets, self.clock.now());
        }
        self.mark.finished = ended == Ended::Finished;
        self.keep()?;
        Ok((ended, self.mark))
    }

    fn keep(&mut self) -> Result<()> {
        let (begun, before) = self.since;
        self.mark.millis = before + u64::try_from(begun.elapsed().as_millis())?;
        self.marker.keep(&self.mark)?;
        self.kept = Instant::now();
        Ok(())
    }

    /// The time of the next step; `None` if nothing is left to do.
    async fn next(&self) -> Result<Option<Timestamp>> {
        let basket = self.plan.year.baskets.get(self.mark.baskets).map(|basket| basket.at);
        if basket.is_none() && !self.plan.afterwards {
            return Ok(None);
        }
        Ok(basket.into_iter().chain(self.diary.next()).chain(self.next_timer().await?).min())
    }

    async fn next_timer(&self) -> Result<Option<Timestamp>> {
        let mut next = None;
        for log in &self.shop.logs {
            next = next.into_iter().chain(log.next_due().await?).min();
        }
        Ok(next)
    }

    /// Runs the shop's timers and then the actions of the diary, until nothing more is due.
    async fn timers_and_diary(&mut self) -> Result<()> {
        loop {
            self.quiet().await?;
            self.diary.follow(self.shop).await?;
            let due = self.diary.due(self.clock.now());
            if due.is_empty() {
                return Ok(());
            }
            if self.plan.lockstep {
                for act in due {
                    self.act(&[act]).await?;
                    self.quiet().await?;
                }
            } else {
                self.act(&due).await?;
            }
        }
    }

    async fn act(&mut self, acts: &[Act]) -> Result<()> {
        let acting = stream::iter(acts.iter().copied()).map(|act| acting::act(&self.shop.commands, act));
        let answers: Vec<_> = acting.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
        self.marker.refused(answers.into_iter().flatten());
        Ok(())
    }

    /// Sets prices and books deliveries of the weeks that begin now, before the first basket of each.
    async fn begin_weeks(&mut self, shelf: &mut Shelf) -> Result<()> {
        let Some(basket) = self.plan.year.baskets.get(self.mark.baskets) else { return Ok(()) };
        while basket.at <= self.clock.now() && self.mark.weeks < basket.week {
            let week = self.mark.weeks + 1;
            let (prices, none) = (self.plan.prices.get(&week), BTreeMap::new());
            let deliveries = self.plan.deliveries.get(&week).map_or(&[][..], Vec::as_slice);
            seeding::week(self.shop, shelf, week, prices.unwrap_or(&none), deliveries).await?;
            self.quiet().await?;
            self.mark.weeks = week;
            self.keep()?;
        }
        Ok(())
    }

    /// Places the baskets of this hour together, at the time of the first; in lockstep only one.
    async fn place_baskets(&mut self) -> Result<()> {
        let (now, all) = (self.clock.now(), &self.plan.year.baskets);
        let Some(first) = all.get(self.mark.baskets).filter(|basket| basket.at <= now) else { return Ok(()) };
        let hour_ends = fate::on_the_hour(now.plus(Duration::from_millis(1)));
        let other = self.diary.next().into_iter().chain(self.next_timer().await?).min();
        let until = other.map_or(hour_ends, |other| other.min(hour_ends));
        let mut end = self.mark.baskets + 1;
        while !self.plan.lockstep
            && all
                .get(end)
                .is_some_and(|basket| basket.week == first.week && (basket.at < until || basket.at <= now))
        {
            end += 1;
        }
        let (plan, commands) = (self.plan, &self.shop.commands);
        let placing = stream::iter(&all[self.mark.baskets..end]).map(|basket| {
            baskets::place(commands, plan.dice, basket, plan.year.lines_of(basket), !plan.lockstep)
        });
        let placed: Vec<Placed> = placing.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
        self.marker.refused(placed.into_iter().flat_map(|placed| placed.refused));
        self.mark.baskets = end;
        Ok(())
    }

    /// Waits until all pending work is done: every record is handled, no external call is open, and no timer is due.
    async fn quiet(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let before = self.shop.heads().await?;
            self.shop.reacted(PATIENCE).await?;
            let mut ringing = None;
            for (log, head) in self.shop.logs.iter().zip(&before) {
                if log.next_due().await?.is_some_and(|due| due <= self.clock.now()) {
                    ringing = Some((log, *head));
                }
            }
            if let Some((log, head)) = ringing {
                if begun.elapsed() > PATIENCE {
                    bail!(
                        "a deadline of {} has passed and is not handled; see the program's log",
                        log.context()
                    );
                }
                log.grown(head, Duration::from_secs(1)).await;
            } else if self.shop.heads().await? == before {
                return Ok(());
            }
        }
    }
}
