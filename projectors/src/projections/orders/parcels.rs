//! The parcels of an order.

use read_models::documents::LineAtLocation;
use read_models::documents::orders::{Deadline, Order, Parcel};
use schemas::life_cycle::{FulfilmentStatus, HoldReason, OrderStatus, WayOut};
use schemas::order::{
    Departure, OrderConfirmed, OrderDeadline, OrderDelivered, OrderHoldReleased, OrderHoldResolved,
    OrderLinesCancelled, OrderPutOnHold, OrderRefunded,
};
use schemas::{LocationId, ShipmentId};

use super::{set_clock, set_fulfilment, set_status};
use crate::published::{code, lines, time};

const PLANNED: &str = "PLANNED";
const TAKEN_BACK: &str = "TAKEN_BACK";

pub(super) fn take_back(order: &mut Order, shipment: ShipmentId) {
    set_state(order, shipment, TAKEN_BACK);
}

pub(super) fn ship_part(order: &mut Order, departure: &Departure, at: &str) {
    depart(order, departure, at);
    set_status(order, OrderStatus::InFulfilment);
    set_fulfilment(order, FulfilmentStatus::Partial);
}

pub(super) fn ship(order: &mut Order, departure: &Departure, at: &str) {
    depart(order, departure, at);
    all_left(order);
    set_clock(order, OrderDeadline::Delivery, departure.delivery_due_at);
}

pub(super) fn deliver(order: &mut Order, e: &OrderDelivered, at: &str) {
    if let Some(shipment) = e.shipment_id {
        arrive(order, shipment, at);
    }
    set_status(order, OrderStatus::Delivered);
    set_fulfilment(order, FulfilmentStatus::Delivered);
    set_clock(order, OrderDeadline::ReturnWindow, e.return_until);
}

pub(super) fn cancel_lines(order: &mut Order, e: &OrderLinesCancelled) {
    for shipment in &e.shipment_ids {
        set_state(order, *shipment, "CANCELLED");
    }
    count(order, &lines(&e.lines), |line, qty| line.cancelled_qty += qty);
    settle_cancellation(order);
}

pub(super) fn hold(order: &mut Order, e: &OrderPutOnHold) {
    if e.reason == HoldReason::ShipmentLost {
        move_lost(order, e.shipment_id, "DISPATCHED", "LOST");
    }
}

pub(super) fn release(order: &mut Order, e: &OrderHoldReleased) {
    if e.reason == HoldReason::ShipmentLost {
        move_lost(order, e.shipment_id, "LOST", "DISPATCHED");
    }
}

/// If nothing was captured for the parcel, nothing is refunded, and no refund will write it off.
pub(super) fn resolve(order: &mut Order, e: &OrderHoldResolved) {
    if e.way_out == WayOut::Refund && e.amount.is_some_and(|amount| amount.minor == 0) {
        write_off(order, e.shipment_id);
    }
}

pub(super) fn refund(order: &mut Order, e: &OrderRefunded) {
    write_off(order, e.shipment_id);
}

pub(super) fn complete(order: &mut Order) {
    let arrived = order.parcels.iter().any(|parcel| parcel.state == "DELIVERED");
    let status = if arrived { FulfilmentStatus::Delivered } else { FulfilmentStatus::Fulfilled };
    set_fulfilment(order, status);
}

pub(super) fn plan(order: &mut Order, e: &OrderConfirmed) {
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
    order.arrival_due_at = Some(time(departure.delivery_due_at));
    count(order, &lines(&departure.lines), |line, qty| line.shipped_qty += qty);
}

pub(super) fn arrive(order: &mut Order, shipment: ShipmentId, at: &str) {
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
}

fn move_lost(order: &mut Order, shipment: Option<ShipmentId>, from: &str, to: &str) {
    let Some(id) = shipment.map(|id| id.to_string()) else { return };
    for parcel in order.parcels.iter_mut().filter(|parcel| parcel.shipment_id == id && parcel.state == from) {
        parcel.state = to.to_owned();
    }
}

/// A parcel that was refunded, or never paid for, is no longer expected, unless it has arrived.
fn write_off(order: &mut Order, shipment: Option<ShipmentId>) {
    let Some(id) = shipment.map(|id| id.to_string()) else { return };
    for parcel in
        order.parcels.iter_mut().filter(|parcel| parcel.shipment_id == id && parcel.state != "DELIVERED")
    {
        parcel.state = "WRITTEN_OFF".to_owned();
    }
}

/// An order is shipped once every parcel has left or was taken back, and at least one has left.
fn settle_cancellation(order: &mut Order) {
    let waiting = order.parcels.iter().any(|parcel| parcel.state == PLANNED || parcel.state == TAKEN_BACK);
    if order.status == OrderStatus::InFulfilment.name() && !waiting {
        all_left(order);
        order.clock =
            order.arrival_due_at.clone().map(|at| Deadline { kind: code(&OrderDeadline::Delivery), at });
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
