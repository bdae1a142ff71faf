//! What an order waits for.

use read_models::documents::orders::{Hold, Order};
use schemas::ShipmentId;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{OrderDeadline, OrderEvent};

use super::set_clock;
use crate::published::{named, sealed, texts, time};

pub(super) fn evolve(order: &mut Order, event: &OrderEvent, at: &str) {
    match event {
        OrderEvent::OrderOverdue(_) => {
            order.clock = None;
            add(order, HoldReason::Overdue, None, HoldReason::Overdue.ways_out(), at);
        }
        OrderEvent::OrderPutOnHold(e) => {
            let hold = add(order, e.reason, e.shipment_id, &e.ways_out, at);
            hold.text = e.text.as_ref().map(sealed);
            hold.blocks = texts(&e.blocks);
        }
        OrderEvent::OrderHoldResolved(e) => {
            for hold in order.holds.iter_mut().filter(|hold| is(hold, e.reason, e.shipment_id)) {
                hold.chosen = Some(e.way_out.name().to_owned());
            }
        }
        OrderEvent::OrderHoldReleased(e) => {
            order.holds.retain(|hold| !is(hold, e.reason, e.shipment_id));
            if let Some(until) = e.authorized_until {
                order.authorized_until = Some(time(until));
            }
            order.clock = None;
            if let (Some(kind), Some(next)) = (awaited(order), e.next_check_at) {
                set_clock(order, kind, next);
            }
        }
        _ => {}
    }
}

/// A reason holds an order (or one of its parcels) once; saying it again renews what is known of it.
fn add<'a>(
    order: &'a mut Order,
    reason: HoldReason,
    shipment: Option<ShipmentId>,
    ways_out: &[WayOut],
    at: &str,
) -> &'a mut Hold {
    let known = order.holds.iter().position(|hold| is(hold, reason, shipment)).unwrap_or(order.holds.len());
    let since = order.holds.get(known).map_or(at, |hold| &hold.since).to_owned();
    let hold = Hold {
        reason: reason.name().to_owned(),
        shipment_id: shipment.map(|id| id.to_string()),
        text: None,
        ways_out: ways_out.iter().map(|way| way.name().to_owned()).collect(),
        chosen: None,
        blocks: Vec::new(),
        since,
    };
    order.holds.splice(known..(known + 1).min(order.holds.len()), [hold]);
    &mut order.holds[known]
}

fn is(hold: &Hold, reason: HoldReason, shipment: Option<ShipmentId>) -> bool {
    hold.reason == reason.name() && hold.shipment_id == shipment.map(|id| id.to_string())
}

/// What an order in this status waits for.
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
