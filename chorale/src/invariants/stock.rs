//! Invariants of stock, recomputed from movements and reservations.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use schemas::reservation::{LineAtLocation, ReservationEvent};
use schemas::stock::{Level, LevelsAfter, StockEvent};
use schemas::{LocationId, Sku, Topic};

use super::{Findings, Invariant, walk_topic};
use crate::shop::Shop;

/// Recomputed stock levels of a shop.
#[derive(Default)]
pub struct Stocks {
    locations: HashMap<Sku, BTreeMap<LocationId, Count>>,
    /// Units that reservations hold, by their own events.
    promised: HashMap<Sku, i64>,
    movements: u64,
    /// Levels stated by an event that differ from the recomputed ones.
    miscounted: Findings,
    /// Levels outside 0 ≤ reserved ≤ on hand.
    impossible: Findings,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    on_hand: i64,
    reserved: i64,
}

impl Stocks {
    /// Recomputes the levels from the inventory's log.
    pub async fn read(shop: &Shop) -> Result<Self> {
        let mut stocks = Self::default();
        walk_topic::<StockEvent>(shop, Topic::STOCK, |recorded| {
            stocks.count(&recorded.event, &recorded.envelope.token());
            Ok(())
        })
        .await?;
        walk_topic::<ReservationEvent>(shop, Topic::RESERVATION, |recorded| {
            match &recorded.event {
                ReservationEvent::ReservationConfirmed(e) => stocks.promise(&e.lines, 1),
                ReservationEvent::ReservationReleased(e) => stocks.promise(&e.lines, -1),
                ReservationEvent::ReservationConsumed(e) => stocks.promise(&e.lines, -1),
                ReservationEvent::ReservationRejected(_) => {}
            }
            Ok(())
        })
        .await?;
        Ok(stocks)
    }

    pub fn invariants(mut self) -> Vec<Invariant> {
        for (sku, locations) in &self.locations {
            let reserved: i64 = locations.values().map(|count| count.reserved).sum();
            let promised = self.promised.remove(sku).unwrap_or(0);
            if reserved != promised {
                self.miscounted
                    .add(|| format!("{sku} has {reserved} reserved, but reservations hold {promised}"));
            }
        }
        for (sku, promised) in self.promised.iter().filter(|(_, promised)| **promised != 0) {
            self.miscounted
                .add(|| format!("{promised} of {sku} are held by reservations, but none was ever reserved"));
        }
        let checked = format!("{} movements of {} SKUs", self.movements, self.locations.len());
        vec![
            self.miscounted.result("reserved = Σ reserved − released − committed, per SKU", checked.clone()),
            self.impossible.result("0 ≤ reserved ≤ on hand, at every event", checked),
        ]
    }

    fn promise(&mut self, lines: &[LineAtLocation], sign: i64) {
        for line in lines.iter().filter(|line| line.tracked) {
            *self.promised.entry(line.sku.clone()).or_default() += sign * i64::from(line.qty);
        }
    }

    fn count(&mut self, event: &StockEvent, token: &str) {
        use StockEvent as E;
        let (sku, location, on_hand, reserved, after) = match event {
            E::StockReceived(e) => (&e.sku, &e.location, i64::from(e.qty), 0, &e.after),
            E::StockAdjusted(e) => (&e.sku, &e.location, e.delta, 0, &e.after),
            E::StockReserved(e) => (&e.sku, &e.location, 0, i64::from(e.qty), &e.after),
            E::StockReleased(e) => (&e.sku, &e.location, 0, -i64::from(e.qty), &e.after),
            E::StockCommitted(e) => (&e.sku, &e.location, -i64::from(e.qty), -i64::from(e.qty), &e.after),
            E::StockTransferredOut(e) => (&e.sku, &e.from, -i64::from(e.qty), 0, &e.after),
            E::StockTransferredIn(e) => (&e.sku, &e.to, i64::from(e.qty), 0, &e.after),
            E::StockItemOpened(e) => {
                self.locations.entry(e.sku.clone()).or_default();
                return;
            }
            E::StockThresholdsSet(_) | E::LowStockReached(_) | E::StockDepleted(_) | E::BackInStock(_) => {
                return;
            }
        };
        self.movements += 1;
        let locations = self.locations.entry(sku.clone()).or_default();
        let level = locations.entry(location.clone()).or_default();
        level.on_hand += on_hand;
        level.reserved += reserved;
        let here = *level;
        let all = locations.values().fold(Count::default(), |all, level| Count {
            on_hand: all.on_hand + level.on_hand,
            reserved: all.reserved + level.reserved,
        });
        if !states(after, here, all) {
            self.miscounted.add(|| format!("{token} states levels that differ from the counted ones"));
        }
        if here.reserved < 0 || here.reserved > here.on_hand {
            self.impossible
                .add(|| format!("after {token} {} are on hand and {} reserved", here.on_hand, here.reserved));
        }
    }
}

fn states(after: &LevelsAfter, here: Count, all: Count) -> bool {
    let is = |level: &Level, count: Count| {
        i64::from(level.on_hand) == count.on_hand && i64::from(level.reserved) == count.reserved
    };
    is(&after.at_location, here) && is(&after.in_all, all)
}
