//! The parcels of an order.

use read_models::documents::LineAtLocation;
use read_models::documents::orders::{Order, Parcel};
use schemas::life_cycle::{FulfilmentStatus, OrderStatus};
use schemas::order::{Departure, OrderConfirmed, OrderDeadline, OrderEvent};
use schemas::{LocationId, ShipmentId};

use super::{set_clock, set_fulfilment, set_status};
use crate::published::lines;

const PLANNED: &str = "PLANNED";

pub(super) fn evolve(order: &mut Order, event: &OrderEvent, at: &str) {
    match event {
        OrderEvent::OrderConfirmed(e) => plan(order, e),
        OrderEvent::OrderParcelCancelled(e) => set_state(order, e.shipment_id, "CANCELLED"),
        OrderEvent::OrderPartiallyShipped(e) => {
            depart(order, &e.departure, at);
            set_status(order, OrderStatus::InFulfilment);
            set_fulfilment(order, FulfilmentStatus::Partial);
        }
        OrderEvent::OrderShipped(e) => {
            depart(order, &e.departure, at);
            all_left(order);
            set_clock(order, OrderDeadline::Delivery, e.delivery_due_at);
        }
        OrderEvent::OrderParcelDelivered(e) => arrive(order, e.shipment_id, at),
        OrderEvent::OrderDelivered(e) => {
            if let Some(shipment) = e.shipment_id {
                arrive(order, shipment, at);
            }
            set_status(order, OrderStatus::Delivered);
            set_fulfilment(order, FulfilmentStatus::Delivered);
            set_clock(order, OrderDeadline::ReturnWindow, e.return_until);
        }
        OrderEvent::OrderLinesCancelled(e) => {
            for shipment in &e.shipment_ids {
                set_state(order, *shipment, "CANCELLED");
            }
            count(order, &lines(&e.lines), |line, qty| line.cancelled_qty += qty);
            settle_cancellation(order);
        }
        OrderEvent::OrderCancellationRefused(_) => settle_cancellation(order),
        _ => {}
    }
}

fn plan(order: &mut Order, e: &OrderConfirmed) {
    let mut locations: Vec<&LocationId> = e.lines.iter().map(|line| &line.location).collect();
    locations.sort_unstable();
    locations.dedup();
    let parcel = |location: &LocationId| Parcel {
        shipment_id: ShipmentId::of(e.order_id, location).to_string(),
        location: location.to_string(),
        lines: lines(&e.lines.iter().filter(|line| line.location == *location).cloned().collect::<Vec<_>>()),
        state: PLANNED.to_owned(),
        carrier: None,
        tracking_number: None,
        dispatched_at: None,
        delivered_at: None,
    };
    order.parcels = locations.into_iter().map(parcel).collect();
}

fn depart(order: &mut Order, departure: &Departure, at: &str) {
    let id = departure.shipment_id.to_string();
    for parcel in order.parcels.iter_mut().filter(|parcel| parcel.shipment_id == id) {
        parcel.state = "DISPATCHED".to_owned();
        parcel.carrier = Some(departure.carrier.clone());
        parcel.tracking_number = Some(departure.tracking_number.clone());
        parcel.dispatched_at = Some(at.to_owned());
    }
    count(order, &lines(&departure.lines), |line, qty| line.shipped_qty += qty);
    order.cancelling.retain(|asked| *asked != id);
}

fn arrive(order: &mut Order, shipment: ShipmentId, at: &str) {
    let id = shipment.to_string();
    for parcel in order.parcels.iter_mut().filter(|parcel| parcel.shipment_id == id) {
        parcel.state = "DELIVERED".to_owned();
        parcel.delivered_at = Some(at.to_owned());
    }
}

fn set_state(order: &mut Order, shipment: ShipmentId, state: &str) {
    let id = shipment.to_string();
    for parcel in order.parcels.iter_mut().filter(|parcel| parcel.shipment_id == id) {
        parcel.state = state.to_owned();
    }
    order.cancelling.retain(|asked| *asked != id);
}

/// Once every parcel has left or been taken back, an order of which some were sent is shipped.
fn settle_cancellation(order: &mut Order) {
    let waiting = order.parcels.iter().any(|parcel| parcel.state == PLANNED);
    if order.status == OrderStatus::InFulfilment.name() && !waiting {
        all_left(order);
    }
}

fn all_left(order: &mut Order) {
    set_status(order, OrderStatus::Shipped);
    set_fulfilment(order, FulfilmentStatus::Fulfilled);
}

fn count(
    order: &mut Order,
    parts: &[LineAtLocation],
    add: fn(&mut read_models::documents::orders::OrderLine, u32),
) {
    for part in parts {
        for line in order.lines.iter_mut().filter(|line| line.line_id == part.line_id) {
            add(line, part.qty);
        }
    }
}
