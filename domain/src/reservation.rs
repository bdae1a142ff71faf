//! The reservation of an order. Its decisions read and write the stock of several SKUs at once, all or nothing.
//! Invariants: one reservation per order; it covers all lines or none; releases and consumption never exceed the
//! remaining units.

use std::collections::{BTreeMap, BTreeSet};

use schemas::reservation::{LineAtLocation, ReservationEvent};
use schemas::{LineId, LocationId, OrderId, Sku, Timestamp};

use crate::stock::{Part, Stock};
use crate::{Aggregate, Changes, Draft, Reads, Refusal, Seen};

mod consuming;
mod placing;
mod releasing;
mod reserving;

pub use consuming::ConsumeReservation;
pub use releasing::ReleaseReservation;
pub use reserving::{ReserveLine, ReserveOrder};

/// The state of an order's reservation.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reservation {
    /// It has not been requested.
    #[default]
    Unasked,
    Rejected,
    /// These units are reserved: one entry per line and location, never empty.
    Holding(Vec<LineAtLocation>),
    /// Nothing is reserved any longer, or the order ended before anything was reserved. Nothing will be reserved.
    Closed,
}

impl Aggregate for Reservation {
    type Event = ReservationEvent;

    fn evolve(self, event: &ReservationEvent) -> Self {
        match (self, event) {
            (Self::Unasked, ReservationEvent::ReservationConfirmed(e)) => Self::holding(e.lines.clone()),
            (Self::Unasked, ReservationEvent::ReservationRejected(_)) => Self::Rejected,
            (Self::Unasked, ReservationEvent::ReservationReleased(_)) => Self::Closed,
            (Self::Holding(lines), ReservationEvent::ReservationReleased(e)) => {
                Self::holding(without(lines, &e.lines))
            }
            (Self::Holding(lines), ReservationEvent::ReservationConsumed(e)) => {
                Self::holding(without(lines, &e.lines))
            }
            (
                state @ (Self::Unasked | Self::Rejected | Self::Holding(_) | Self::Closed),
                ReservationEvent::ReservationConfirmed(_)
                | ReservationEvent::ReservationRejected(_)
                | ReservationEvent::ReservationReleased(_)
                | ReservationEvent::ReservationConsumed(_),
            ) => state,
        }
    }
}

impl Reservation {
    /// Units that are still reserved.
    pub fn lines(&self) -> &[LineAtLocation] {
        match self {
            Self::Holding(lines) => lines,
            Self::Unasked | Self::Rejected | Self::Closed => &[],
        }
    }

    fn holding(lines: Vec<LineAtLocation>) -> Self {
        if lines.is_empty() { Self::Closed } else { Self::Holding(lines) }
    }
}

/// `lines` without the units of `gone`.
fn without(mut lines: Vec<LineAtLocation>, gone: &[LineAtLocation]) -> Vec<LineAtLocation> {
    for gone in gone {
        if let Some(line) = lines.iter_mut().find(|line| is_same_part(line, gone.line_id, &gone.location)) {
            line.qty = line.qty.saturating_sub(gone.qty);
        }
    }
    lines.retain(|line| line.qty > 0);
    lines
}

fn is_same_part(line: &LineAtLocation, line_id: LineId, location: &LocationId) -> bool {
    line.line_id == line_id && line.location == *location
}

fn units(lines: &[LineAtLocation]) -> u32 {
    lines.iter().map(|line| line.qty).fold(0, u32::saturating_add)
}

/// Reads the reservation and the stock of each SKU, sorted and without duplicates.
fn reads<'a>(order: OrderId, skus: impl Iterator<Item = &'a Sku>) -> Reads {
    let mut skus: Vec<_> = skus.collect();
    skus.sort();
    skus.dedup();
    let reservation = Reads::stream::<Reservation>(order.reservation_stream());
    skus.into_iter().fold(reservation, |reads, sku| reads.and::<Stock>(sku.stock_stream()))
}

/// A change of the stock of a SKU for an order.
type StockChange = fn(&mut Draft<'_, Stock>, &Sku, OrderId, &[Part]);

/// Changes the stock of each counted SKU of `lines`. Refuses a SKU that is not among the `named` ones, whose stock
/// was read.
fn change_stock<'a>(
    seen: &Seen,
    now: Timestamp,
    order_id: OrderId,
    lines: &[LineAtLocation],
    named: impl Iterator<Item = &'a Sku>,
    change: StockChange,
) -> Result<Changes, Refusal> {
    let named: BTreeSet<&Sku> = named.collect();
    let mut changes = Changes::none();
    for (sku, parts) in parts_by_sku(lines) {
        if !named.contains(sku) {
            return Err(not_named(sku));
        }
        let mut stock = Draft::<Stock>::of(seen, sku.stock_stream(), now);
        if matches!(stock.state(), Stock::Unopened) {
            return Err(not_named(sku));
        }
        change(&mut stock, sku, order_id, &parts);
        changes = changes.and(stock.changes());
    }
    Ok(changes)
}

/// A reservation holds a SKU whose stock was not read.
fn not_named(sku: &Sku) -> Refusal {
    let message = format!(
        "Units of {sku} are reserved for the order, but the SKU was not listed. List every SKU of the order whose stock is counted."
    );
    Refusal::rule("STOCK_NOT_NAMED", message).at("skus")
}

/// Lines with counted stock as parts by SKU: one part per location, sorted.
fn parts_by_sku(lines: &[LineAtLocation]) -> BTreeMap<&Sku, Vec<Part>> {
    let mut places: BTreeMap<(&Sku, &LocationId), Part> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.tracked) {
        let empty = || Part { location: line.location.clone(), line_ids: Vec::new(), qty: 0 };
        let part = places.entry((&line.sku, &line.location)).or_insert_with(empty);
        part.qty = part.qty.saturating_add(line.qty);
        part.line_ids.push(line.line_id);
    }
    let mut by_sku: BTreeMap<&Sku, Vec<Part>> = BTreeMap::new();
    for ((sku, _), part) in places {
        by_sku.entry(sku).or_default().push(part);
    }
    by_sku
}
