//! Releasing reserved units.

use schemas::reservation::{LineAtLocation, ReleaseReason, ReservationReleased};
use schemas::{LineId, LocationId, OrderId, Sku, Timestamp};

use super::{Reservation, change_stock, is_same_part, reads, units, without};
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen, stock};

/// Releases units that are reserved for an order: all of them, or some lines. If the order ends before it requested a
/// reservation, that is recorded and a later request has no effect.
#[derive(Clone, Debug)]
pub struct ReleaseReservation {
    pub order_id: OrderId,
    pub reason: ReleaseReason,
    /// SKUs with counted stock that may be reserved for the order; their stock is read. Additional SKUs do no harm. A
    /// missing one leads to a refusal, so that no units stay reserved unnoticed.
    pub skus: Vec<Sku>,
    /// Lines and locations to release; `None` for everything, because the order has ended.
    pub lines: Option<Vec<(LineId, LocationId)>>,
}

impl ReleaseReservation {
    /// Releases everything, because the order has ended.
    pub fn all(order_id: OrderId, reason: ReleaseReason, skus: impl IntoIterator<Item = Sku>) -> Self {
        Self { order_id, reason, skus: skus.into_iter().collect(), lines: None }
    }

    /// Releases these lines only.
    pub fn of(order_id: OrderId, reason: ReleaseReason, lines: &[LineAtLocation]) -> Self {
        let skus = lines.iter().filter(|line| line.tracked).map(|line| line.sku.clone()).collect();
        let lines = lines.iter().map(|line| (line.line_id, line.location.clone())).collect();
        Self { order_id, reason, skus, lines: Some(lines) }
    }

    /// The units of `remaining` that are released.
    fn released(&self, remaining: &[LineAtLocation]) -> Vec<LineAtLocation> {
        let wanted = |line: &&LineAtLocation| match &self.lines {
            None => true,
            Some(lines) => lines.iter().any(|(line_id, location)| is_same_part(line, *line_id, location)),
        };
        remaining.iter().filter(wanted).cloned().collect()
    }
}

impl Decision for ReleaseReservation {
    fn reads(&self) -> Reads {
        reads(self.order_id, self.skus.iter())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut reservation = Draft::<Reservation>::of(seen, self.order_id.reservation_stream(), now);
        let (order_id, reason) = (self.order_id, self.reason);
        let remaining = match reservation.state() {
            Reservation::Unasked if self.lines.is_none() => {
                let (lines, remaining) = (Vec::new(), 0);
                reservation.append(ReservationReleased { order_id, reason, lines, remaining });
                return Ok(reservation.changes());
            }
            Reservation::Unasked | Reservation::Rejected | Reservation::Closed => return Ok(Changes::none()),
            Reservation::Holding(lines) => lines,
        };
        let lines = self.released(remaining);
        if lines.is_empty() {
            return Ok(Changes::none());
        }
        let remaining = units(&without(remaining.clone(), &lines));
        let changes = change_stock(seen, now, order_id, &lines, self.skus.iter(), stock::release)?;
        reservation.append(ReservationReleased { order_id, reason, lines, remaining });
        Ok(changes.and(reservation.changes()))
    }
}
