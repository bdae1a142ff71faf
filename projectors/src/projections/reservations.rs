//! Reservations of orders.

use read_models::documents::LineAtLocation;
use read_models::documents::reservations::{self, Reservation};
use schemas::reservation::ReservationEvent;
use schemas::{Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::{code, lines, shortages, time};

/// Entity of the reservation's stream.
pub static RESERVATIONS: Projection =
    Projection::entity(&reservations::RESERVATIONS, &[Topic::RESERVATION], &Entity(evolve));

/// The reservation after the event.
pub fn evolve(reservation: Option<Reservation>, event: &Recorded<ReservationEvent>) -> Option<Reservation> {
    let at = time(event.envelope.time);
    let mut reservation = reservation.unwrap_or_else(|| Reservation {
        order_id: event.envelope.stream.key().to_owned(),
        created_at: at.clone(),
        ..Reservation::default()
    });
    match &event.event {
        ReservationEvent::ReservationConfirmed(e) => {
            reservation.lines = lines(&e.lines);
            reservation.held = lines(&e.lines);
            reservation.status = "HELD".to_owned();
        }
        ReservationEvent::ReservationRejected(e) => {
            reservation.shortages = shortages(&e.shortages);
            reservation.status = "REJECTED".to_owned();
        }
        ReservationEvent::ReservationReleased(e) => {
            let gone = lines(&e.lines);
            give_up(&mut reservation, &gone, "RELEASED");
            reservation.released.extend(gone);
            reservation.release_reason = Some(code(&e.reason));
        }
        ReservationEvent::ReservationConsumed(e) => {
            let gone = lines(&e.lines);
            give_up(&mut reservation, &gone, "CONSUMED");
            reservation.consumed.extend(gone);
        }
    }
    let mut skus: Vec<_> =
        reservation.held.iter().filter(|line| line.tracked).map(|line| line.sku.clone()).collect();
    skus.sort_unstable();
    skus.dedup();
    reservation.held_skus = skus;
    reservation.updated_at = at;
    Some(reservation)
}

/// Takes `gone` off the held lines; once none is left the status is `over`.
fn give_up(reservation: &mut Reservation, gone: &[LineAtLocation], over: &str) {
    for line in gone {
        let same = |held: &&mut LineAtLocation| {
            held.line_id == line.line_id && held.sku == line.sku && held.location == line.location
        };
        if let Some(held) = reservation.held.iter_mut().find(same) {
            held.qty = held.qty.saturating_sub(line.qty);
        }
    }
    reservation.held.retain(|held| held.qty > 0);
    if reservation.held.is_empty() {
        reservation.status = over.to_owned();
    }
}
