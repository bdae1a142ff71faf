//! Holds of an order.

use read_models::documents::orders::{Hold, Order};
use schemas::ShipmentId;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{OrderDeadline, OrderHoldReleased, OrderHoldResolved, OrderPutOnHold};

use super::set_clock;
use crate::published::{money, named, sealed, texts, time};

pub(super) fn put(order: &mut Order, e: &OrderPutOnHold, at: &str) {
    add(order, e, at);
    if e.reason == HoldReason::RefundFailed {
        // The way out that was chosen for the lost parcel did not work.
        choose(order, HoldReason::ShipmentLost, e.shipment_id, None);
    }
}

pub(super) fn fail_payment(order: &mut Order) {
    choose(order, HoldReason::AuthorizationExpired, None, None);
}

pub(super) fn resolve(order: &mut Order, e: &OrderHoldResolved) {
    choose(order, e.reason, e.shipment_id, Some(e.way_out));
}

pub(super) fn release(order: &mut Order, e: &OrderHoldReleased) {
    order.holds.retain(|hold| !is(hold, e.reason, e.shipment_id));
    if let Some(until) = e.authorized_until {
        order.authorized_until = Some(time(until));
    }
    if let (Some(kind), Some(next)) = (awaited(order), e.next_check_at) {
        set_clock(order, kind, next);
    }
}

/// A reason holds an order (or one of its parcels) once; a repetition replaces the details.
fn add(order: &mut Order, e: &OrderPutOnHold, at: &str) {
    let before = order.holds.iter().position(|hold| is(hold, e.reason, e.shipment_id));
    let since = before.map_or_else(|| at.to_owned(), |known| order.holds.remove(known).since);
    order.holds.push(Hold {
        reason: e.reason.name().to_owned(),
        shipment_id: e.shipment_id.map(|id| id.to_string()),
        text: e.text.as_ref().map(sealed),
        ways_out: e.ways_out.iter().map(|way| way.name().to_owned()).collect(),
        amount: e.amount.map(money),
        chosen: None,
        blocks: texts(&e.blocks),
        since,
    });
}

fn choose(order: &mut Order, reason: HoldReason, shipment: Option<ShipmentId>, way_out: Option<WayOut>) {
    for hold in order.holds.iter_mut().filter(|hold| is(hold, reason, shipment)) {
        hold.chosen = way_out.map(|way| way.name().to_owned());
    }
}

fn is(hold: &Hold, reason: HoldReason, shipment: Option<ShipmentId>) -> bool {
    hold.reason == reason.name() && hold.shipment_id == shipment.map(|id| id.to_string())
}

/// The deadline that an order in this status has.
fn awaited(order: &Order) -> Option<OrderDeadline> {
    match named(&order.status)? {
        OrderStatus::Placed => Some(OrderDeadline::StockAnswer),
        OrderStatus::StockConfirmed => Some(OrderDeadline::Payment),
        OrderStatus::Confirmed | OrderStatus::InFulfilment => Some(OrderDeadline::Fulfilment),
        OrderStatus::Shipped => Some(OrderDeadline::Delivery),
        OrderStatus::Delivered => Some(OrderDeadline::ReturnWindow),
        OrderStatus::Completed | OrderStatus::Rejected | OrderStatus::Expired | OrderStatus::Cancelled => {
            None
        }
    }
}
