//! What an order held leaves the house.

use schemas::reservation::{LineAtLocation, ReservationConsumed, ReservationEvent};
use schemas::{OrderId, Timestamp};

use super::releasing::unseen;
use super::{Reservation, is_same_part, parts_by_sku, reads, stock_of, units, without};
use crate::stock::Stock;
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// Takes what left with a parcel out of the stock. Never more than the order still holds of a line at a location; what it does
/// not hold any more is passed over.
#[derive(Clone, Debug)]
pub struct ConsumeReservation {
    /// Whose.
    pub order_id: OrderId,
    /// What left, as the order's event says.
    pub lines: Vec<LineAtLocation>,
}

impl ConsumeReservation {
    /// What is to be consumed of what remains.
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
        reads(self.order_id, self.lines.iter().filter(|line| line.tracked).map(|line| &line.sku))
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        let stream = self.order_id.reservation_stream();
        let remaining = seen.state::<Reservation>(&stream);
        let lines = self.consumed(remaining.lines());
        if lines.is_empty() {
            return Ok(Changes::none());
        }
        let mut changes = Changes::none();
        for (sku, parts) in parts_by_sku(&lines) {
            let item = stock_of(seen, sku).and_then(Stock::item).ok_or_else(|| unseen(sku))?;
            for event in item.commit(self.order_id, &parts) {
                changes.push(&sku.stock_stream(), event);
            }
        }
        let left = units(&without(remaining.lines().to_vec(), &lines));
        let consumed = ReservationConsumed { order_id: self.order_id, lines, remaining: left };
        changes.push(&stream, ReservationEvent::from(consumed));
        Ok(changes)
    }
}
