//! Consuming reserved units: they leave with a parcel.

use schemas::reservation::{LineAtLocation, ReservationConsumed};
use schemas::{OrderId, Sku, Timestamp};

use super::{Reservation, change_stock, is_same_part, reads, units, without};
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen, stock};

/// Removes the units of a dispatched parcel from the stock, but no more than the order still holds per line and
/// location. Other units are ignored.
#[derive(Clone, Debug)]
pub struct ConsumeReservation {
    pub order_id: OrderId,
    /// Dispatched units, as in the order's event.
    pub lines: Vec<LineAtLocation>,
}

impl ConsumeReservation {
    fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.lines.iter().filter(|line| line.tracked).map(|line| &line.sku)
    }

    /// The units of `remaining` that are consumed.
    fn consumed(&self, remaining: &[LineAtLocation]) -> Vec<LineAtLocation> {
        let mut left = remaining.to_vec();
        let mut consumed = Vec::new();
        for wanted in &self.lines {
            let found = left.iter_mut().find(|line| is_same_part(line, wanted.line_id, &wanted.location));
            if let Some(line) = found
                && line.qty.min(wanted.qty) > 0
            {
                let qty = line.qty.min(wanted.qty);
                line.qty -= qty;
                consumed.push(LineAtLocation { qty, ..line.clone() });
            }
        }
        consumed
    }
}

impl Decision for ConsumeReservation {
    fn reads(&self) -> Reads {
        reads(self.order_id, self.skus())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut reservation = Draft::<Reservation>::of(seen, self.order_id.reservation_stream(), now);
        let lines = self.consumed(reservation.lines());
        if lines.is_empty() {
            return Ok(Changes::none());
        }
        let changes = change_stock(seen, now, self.order_id, &lines, self.skus(), stock::commit)?;
        let remaining = units(&without(reservation.lines().to_vec(), &lines));
        reservation.append(ReservationConsumed { order_id: self.order_id, lines, remaining });
        Ok(changes.and(reservation.changes()))
    }
}
