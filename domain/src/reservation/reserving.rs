//! Reserving the lines of an order.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::reservation::{LineAtLocation, ReservationConfirmed, ReservationRejected, Shortage};
use schemas::{LineId, LocationId, OrderId, Sku, Timestamp};

use super::placing::{Demand, allot, choose};
use super::{Reservation, change_stock, reads};
use crate::stock::{self, Item, Stock};
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen, ShopRules};

/// A line to reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReserveLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub qty: u32,
    /// Whether stock is counted. If not, the line is never short.
    pub tracked: bool,
}

/// Reserves all lines of an order, or none. No effect after the first decision, or when the order has ended.
#[derive(Clone, Debug)]
pub struct ReserveOrder {
    pub order_id: OrderId,
    /// Several lines may have the same SKU.
    pub lines: Vec<ReserveLine>,
    pub rules: Arc<ShopRules>,
}

impl Decision for ReserveOrder {
    fn reads(&self) -> Reads {
        reads(self.order_id, self.skus())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut reservation = Draft::<Reservation>::of(seen, self.order_id.reservation_stream(), now);
        match reservation.state() {
            Reservation::Unasked => {}
            Reservation::Rejected | Reservation::Holding(_) | Reservation::Closed => {
                return Ok(Changes::none());
            }
        }
        let item = |sku: &Sku| seen.state_ref::<Stock>(&sku.stock_stream()).and_then(Stock::item);
        let shortages = shortages(&self.lines, item);
        if !shortages.is_empty() {
            reservation.append(ReservationRejected { order_id: self.order_id, shortages });
            return Ok(reservation.changes());
        }
        let lines = place(&self.lines, item, &self.rules)?;
        let changes = change_stock(seen, now, self.order_id, &lines, self.skus(), stock::reserve)?;
        reservation.append(ReservationConfirmed { order_id: self.order_id, lines });
        Ok(changes.and(reservation.changes()))
    }
}

impl ReserveOrder {
    fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.lines.iter().filter(|line| line.tracked).map(|line| &line.sku)
    }
}

/// Units needed of each SKU with counted stock, over all lines.
fn wanted(lines: &[ReserveLine]) -> BTreeMap<&Sku, u32> {
    let mut wanted: BTreeMap<&Sku, u32> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.tracked) {
        let sum = wanted.entry(&line.sku).or_default();
        // No stock is as large as the saturated sum, so the line is refused correctly.
        *sum = sum.saturating_add(line.qty);
    }
    wanted
}

/// Every SKU of which there is not enough stock.
fn shortages<'a>(lines: &[ReserveLine], item: impl Fn(&Sku) -> Option<&'a Item>) -> Vec<Shortage> {
    let available = |sku| item(sku).map_or(0, |item| item.levels.in_all().available);
    wanted(lines)
        .into_iter()
        .map(|(sku, requested)| Shortage { sku: sku.clone(), requested, available: available(sku) })
        .filter(|shortage| shortage.requested > shortage.available)
        .collect()
}

/// Assigns lines to locations. A line that no single location can serve is split.
fn place<'a>(
    lines: &[ReserveLine],
    item: impl Fn(&Sku) -> Option<&'a Item>,
    rules: &ShopRules,
) -> Result<Vec<LineAtLocation>, Refusal> {
    let demand = |(sku, qty): (&Sku, u32)| {
        let places = item(sku).into_iter().flat_map(|item| &item.levels.places);
        let free = places
            .filter(|(_, place)| place.free() > 0)
            .map(|(location, place)| (location.clone(), place.free()));
        (sku.clone(), Demand { qty, free: free.collect() })
    };
    let demands: BTreeMap<Sku, Demand> = wanted(lines).into_iter().map(demand).collect();
    let chosen = choose(&demands, rules);
    let mut allotted: BTreeMap<&Sku, Vec<(LocationId, u32)>> =
        demands.iter().map(|(sku, demand)| (sku, allot(demand, &chosen))).collect();
    let elsewhere = chosen.first().or(rules.locations.first());

    let mut placed = Vec::new();
    for line in lines {
        let at = |location: &LocationId, qty| LineAtLocation {
            line_id: line.line_id,
            sku: line.sku.clone(),
            qty,
            location: location.clone(),
            tracked: line.tracked,
        };
        if !line.tracked {
            placed.push(at(elsewhere.ok_or_else(nowhere)?, line.qty));
            continue;
        }
        let mut left = line.qty;
        for (location, free) in allotted.get_mut(&line.sku).into_iter().flatten() {
            let qty = left.min(*free);
            if qty > 0 {
                placed.push(at(location, qty));
                *free -= qty;
                left -= qty;
            }
        }
    }
    Ok(placed)
}

fn nowhere() -> Refusal {
    Refusal::rule("NO_LOCATION", "The shop has no location to ship from. Add one to the shop's rules.")
}
