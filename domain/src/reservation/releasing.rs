//! What an order held is given back.

use schemas::reservation::{LineAtLocation, ReleaseReason, ReservationReleased};
use schemas::{LineId, LocationId, OrderId, Sku, Timestamp};

use super::{Reservation, change_stock, is_same_part, reads, units, without};
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen, stock};

/// Gives back what an order still holds: all of it, or some lines. When the order ends before it asked for anything, that is
/// written down, and asking later does nothing.
#[derive(Clone, Debug)]
pub struct ReleaseReservation {
    /// Whose.
    pub order_id: OrderId,
    /// Why.
    pub reason: ReleaseReason,
    /// The counted SKUs that the order may hold: their stock is read. More than it holds does no harm; one that is missing
    /// is a refusal, so that nothing stays behind unnoticed.
    pub skus: Vec<Sku>,
    /// Which lines at which locations; `None` for all that remains, because the order has ended.
    pub lines: Option<Vec<(LineId, LocationId)>>,
}

impl ReleaseReservation {
    /// The order has ended: all that remains of `skus`.
    pub fn all(order_id: OrderId, reason: ReleaseReason, skus: impl IntoIterator<Item = Sku>) -> Self {
        Self { order_id, reason, skus: skus.into_iter().collect(), lines: None }
    }

    /// These lines are no longer wanted, the others are.
    pub fn of(order_id: OrderId, reason: ReleaseReason, lines: &[LineAtLocation]) -> Self {
        let skus = lines.iter().filter(|line| line.tracked).map(|line| line.sku.clone()).collect();
        let lines = lines.iter().map(|line| (line.line_id, line.location.clone())).collect();
        Self { order_id, reason, skus, lines: Some(lines) }
    }

    /// What is to be given back of what remains.
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
