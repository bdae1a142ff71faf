//! The report of an import, for people and for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use chorale::invariants::orders::Orders;
use chorale::invariants::{self, Invariant, walk};
use chorale::shop::Shop;
use schemas::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::baskets::Refused;
use crate::mark::Mark;
use crate::watch::Watch;
use crate::year::Year;

mod machine;
mod print;

/// The result of an import.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub baskets: usize,
    /// Lines in the data.
    pub lines: usize,
    /// Products of the catalogue that were imported.
    pub products: usize,
    /// Orders that were placed.
    pub orders: usize,
    /// Orders by final status; cancelled ones by their reason.
    pub outcomes: BTreeMap<String, u64>,
    pub weeks: Vec<Week>,
    /// Refused lines and commands, by code.
    pub refusals: BTreeMap<String, u64>,
    pub refused: Vec<Refused>,
    /// Events of each type.
    pub events: BTreeMap<String, u64>,
    pub events_in_all: u64,
    /// Number of parked reactions.
    pub parked: usize,
    /// Duration of the import over all its runs, without reading the data and checking, in seconds.
    pub seconds: f64,
    /// Time that the read side needed to catch up at the end, in seconds.
    pub catching_up_seconds: f64,
    /// Duration of the checks, in seconds.
    pub checking_seconds: f64,
    pub orders_per_second: f64,
    pub events_per_second: f64,
    /// Peak resident memory before the checks, in bytes, with mapped files; `None` if the system does not report it.
    pub peak_memory_bytes: Option<u64>,
    /// Size of the data directory before the checks, in bytes.
    pub disk_bytes: u64,
    /// The invariants of a shop.
    pub statements: Vec<Invariant>,
}

/// Sales of a week, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Week {
    /// From 1.
    pub number: u8,
    /// Orders that were placed.
    pub orders: u64,
    /// Goods of orders that were not cancelled, at the shop's prices.
    pub shop: i64,
    /// Revenue of the tills, after discounts.
    pub till: i64,
    /// Revenue of the tills without discounts.
    pub regular: i64,
}

impl Report {
    /// Waits until the read side has caught up, at most `patience`, then checks and counts. The shop's reactors must
    /// have caught up.
    pub async fn of(
        shop: &Shop,
        year: &Year,
        mark: &Mark,
        refused: &BTreeSet<Refused>,
        patience: Duration,
    ) -> Result<Self> {
        let begun = Instant::now();
        shop.settled(patience).await?;
        let caught_up = Instant::now();
        // The check rebuilds every projection.
        let (peak_memory_bytes, disk_bytes) =
            (machine::peak_memory(), machine::size(shop.locations.data.path())?);
        let orders = Orders::read(shop).await?;
        let watch = Watch::new("checks", 0, 0)?;
        let statements = invariants::check(shop, |part| {
            watch.part(part.done, part.total, part.projection);
        })
        .await?;
        drop(watch);
        let checked = Instant::now();
        let events = events(shop).await?;
        let events_in_all = events.values().sum();
        let mut parked = 0;
        for log in &shop.logs {
            parked += log.parked(None, usize::MAX).await?.len();
        }
        let seconds = Duration::from_millis(mark.millis).as_secs_f64();
        let rate = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
        Ok(Self {
            baskets: year.baskets.len(),
            lines: year.lines.len(),
            products: year.products.len(),
            orders: orders.histories.len(),
            outcomes: outcomes(&orders),
            weeks: weeks(year, &orders),
            refusals: count(refused.iter().map(|one| one.code.clone())),
            refused: refused.iter().cloned().collect(),
            events,
            events_in_all,
            parked,
            seconds,
            catching_up_seconds: (caught_up - begun).as_secs_f64(),
            checking_seconds: (checked - caught_up).as_secs_f64(),
            orders_per_second: rate(orders.histories.len() as f64),
            events_per_second: rate(events_in_all as f64),
            peak_memory_bytes,
            disk_bytes,
            statements,
        })
    }
}

fn count(names: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

fn outcomes(orders: &Orders) -> BTreeMap<String, u64> {
    count(orders.histories.values().map(|order| {
        let hold = if order.holds.is_empty() { "" } else { ", on hold" };
        match order.cancelled {
            Some((reason, stage)) => format!("{} at {stage}: {reason:?}{hold}", order.status),
            None if order.refunded > 0 => format!("{}, refunded{hold}", order.status),
            None => format!("{}{hold}", order.status),
        }
    }))
}

async fn events(shop: &Shop) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for log in &shop.logs {
        walk(log.as_ref(), |event| {
            *counts.entry(event.envelope.full_type()).or_default() += 1;
            Ok(())
        })
        .await?;
    }
    Ok(counts)
}

fn weeks(year: &Year, orders: &Orders) -> Vec<Week> {
    let mut weeks: BTreeMap<u8, Week> = BTreeMap::new();
    let mut begins: BTreeMap<Timestamp, u8> = BTreeMap::new();
    for basket in &year.baskets {
        let week = weeks.entry(basket.week).or_insert_with(|| {
            begins.insert(basket.at, basket.week);
            Week { number: basket.week, ..Week::default() }
        });
        for line in year.lines_of(basket) {
            week.till += line.paid;
            week.regular += line.regular;
        }
    }
    for order in orders.histories.values() {
        let begun = begins.range(..=order.placed_at).next_back().map(|(_, number)| *number);
        if let Some(week) = begun.and_then(|number| weeks.get_mut(&number)) {
            week.orders += 1;
            week.shop += if order.ended_before_dispatch() { 0 } else { order.goods };
        }
    }
    weeks.into_values().collect()
}
