//! Shipments.

use read_models::documents::shipments::{self, Shipment, TRACKING, Tracking};
use schemas::shipment::{ShipmentEvent, ShipmentPlanned};
use schemas::{Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::{code, lines, sealed, time};

/// Entity of the shipment's stream.
pub static SHIPMENTS: Projection =
    Projection::entity(&shipments::SHIPMENTS, &[Topic::SHIPMENT], &Entity(evolve));

/// The shipment after the event.
pub fn evolve(shipment: Option<Shipment>, event: &Recorded<ShipmentEvent>) -> Option<Shipment> {
    let at = time(event.envelope.time);
    let mut shipment = match shipment {
        Some(shipment) => shipment,
        None => begin(event, &at)?,
    };
    match &event.event {
        ShipmentEvent::ShipmentPlanned(e) => plan(&mut shipment, e),
        ShipmentEvent::ShipmentPacked(_) => {
            shipment.status = "PACKED".to_owned();
            shipment.packed_at = Some(at.clone());
        }
        ShipmentEvent::ShipmentLabelled(e) => {
            shipment.carrier = Some(e.carrier.clone());
            shipment.tracking_number = Some(e.tracking_number.clone());
            shipment.tracking_url = Some(e.tracking_url.clone());
        }
        ShipmentEvent::ShipmentDispatched(e) => {
            shipment.status = "DISPATCHED".to_owned();
            shipment.lines = lines(&e.lines);
            shipment.carrier = Some(e.carrier.clone());
            shipment.tracking_number = Some(e.tracking_number.clone());
            shipment.tracking_url = Some(e.tracking_url.clone());
            shipment.eta = Some(time(e.eta));
            shipment.dispatched_at = Some(at.clone());
        }
        ShipmentEvent::TrackingUpdated(e) => {
            shipment.eta = e.eta.map(time).or(shipment.eta);
            track(&mut shipment.tracking, &e.status, e.place.as_deref(), &at);
        }
        ShipmentEvent::DeliveryAttemptFailed(e) => {
            // Reports may come in any order.
            shipment.failed_attempts = shipment.failed_attempts.max(e.attempt);
            track(&mut shipment.tracking, &e.reason, None, &at);
        }
        ShipmentEvent::ShipmentDelivered(e) => {
            shipment.status = "DELIVERED".to_owned();
            shipment.delivered_at = Some(time(e.delivered_at));
        }
        ShipmentEvent::ShipmentLost(_) => shipment.status = "LOST".to_owned(),
        ShipmentEvent::ShipmentCancelled(e) => {
            shipment.status = "CANCELLED".to_owned();
            shipment.lines = lines(&e.lines);
        }
        ShipmentEvent::ShipmentHeld(e) => {
            let reason = code(&e.reason);
            if !shipment.held_for.contains(&reason) {
                shipment.held_for.push(reason);
            }
        }
        ShipmentEvent::ShipmentHoldLifted(e) => {
            let reason = code(&e.reason);
            shipment.held_for.retain(|held| *held != reason);
            shipment.dispatch_by = Some(time(e.dispatch_by));
        }
    }
    shipment.updated_at = at;
    Some(shipment)
}

/// The document before the first event; `None` for an event that cannot be the first.
fn begin(event: &Recorded<ShipmentEvent>, at: &str) -> Option<Shipment> {
    match &event.event {
        ShipmentEvent::ShipmentPlanned(e) => Some(blank(event, &e.order_id.to_string(), at)),
        // Cancelled before it was planned.
        ShipmentEvent::ShipmentCancelled(e) => Some(blank(event, &e.order_id.to_string(), at)),
        ShipmentEvent::ShipmentPacked(_)
        | ShipmentEvent::ShipmentLabelled(_)
        | ShipmentEvent::ShipmentDispatched(_)
        | ShipmentEvent::TrackingUpdated(_)
        | ShipmentEvent::DeliveryAttemptFailed(_)
        | ShipmentEvent::ShipmentDelivered(_)
        | ShipmentEvent::ShipmentLost(_)
        | ShipmentEvent::ShipmentHeld(_)
        | ShipmentEvent::ShipmentHoldLifted(_) => None,
    }
}

fn blank(event: &Recorded<ShipmentEvent>, order_id: &str, at: &str) -> Shipment {
    Shipment {
        shipment_id: event.envelope.stream.key().to_owned(),
        order_id: order_id.to_owned(),
        planned_at: at.to_owned(),
        ..Shipment::default()
    }
}

fn plan(shipment: &mut Shipment, e: &ShipmentPlanned) {
    shipment.order_number = Some(e.order_number.clone());
    shipment.status = "PLANNED".to_owned();
    shipment.location = Some(e.location.to_string());
    shipment.shipping_method = Some(code(&e.shipping_method));
    shipment.lines = lines(&e.lines);
    shipment.ship_to = Some(sealed(&e.ship_to));
    shipment.dispatch_by = Some(time(e.dispatch_by));
}

fn track(tracking: &mut Vec<Tracking>, status: &str, place: Option<&str>, at: &str) {
    let said = Tracking { status: status.to_owned(), place: place.map(str::to_owned), at: at.to_owned() };
    tracking.insert(0, said);
    tracking.truncate(TRACKING);
}
