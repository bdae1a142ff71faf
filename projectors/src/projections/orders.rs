//! Orders as everybody sees them.

mod ending;
mod holds;
mod money;
mod parcels;
mod placing;

use read_models::documents::orders::{self, Deadline, Order};
use schemas::life_cycle::{FulfilmentStatus, HoldReason, OrderStatus, PaymentStatus, allowed_actions};
use schemas::order::{OrderDeadline, OrderEvent};
use schemas::{Recorded, Timestamp, Topic};

use crate::projection::{Entity, Projection};
use crate::published::{code, named, time};

/// Entity of the order's stream.
pub static ORDERS: Projection = Projection::entity(&orders::ORDERS, &[Topic::ORDER], &Entity(evolve));

/// The order after the event.
pub fn evolve(order: Option<Order>, event: &Recorded<OrderEvent>) -> Option<Order> {
    let at = time(event.envelope.time);
    let mut order = match (&event.event, order) {
        (OrderEvent::OrderPlaced(placed), None) => placing::place(placed, &at),
        (_, order) => order?,
    };
    placing::evolve(&mut order, &event.event, &at);
    parcels::evolve(&mut order, &event.event, &at);
    money::evolve(&mut order, &event.event);
    holds::evolve(&mut order, &event.event, &at);
    ending::evolve(&mut order, &event.event);
    order.updated_at = at;
    derive(&mut order);
    Some(order)
}

/// What follows from the rest of the document.
fn derive(order: &mut Order) {
    let status: Option<OrderStatus> = named(&order.status);
    if status.is_some_and(OrderStatus::is_terminal) {
        order.clock = None;
    }
    order.on_hold = !order.holds.is_empty();
    order.deadlines = order.clock.iter().filter(|_| !order.on_hold).cloned().collect();
    let holds: Vec<HoldReason> = order.holds.iter().filter_map(|hold| named(&hold.reason)).collect();
    let payment: Option<PaymentStatus> = named(&order.payment_status);
    order.allowed_actions = status.zip(payment).map_or_else(Vec::new, |(status, payment)| {
        let actions = allowed_actions(status, payment, &holds, !order.cancelling.is_empty());
        actions.into_iter().map(|action| action.name().to_owned()).collect()
    });
}

fn set_status(order: &mut Order, status: OrderStatus) {
    order.status = status.name().to_owned();
}

fn set_payment(order: &mut Order, status: PaymentStatus) {
    order.payment_status = status.name().to_owned();
}

fn set_fulfilment(order: &mut Order, status: FulfilmentStatus) {
    order.fulfilment_status = status.name().to_owned();
}

fn set_clock(order: &mut Order, kind: OrderDeadline, at: Timestamp) {
    order.clock = Some(Deadline { kind: code(&kind), at: time(at) });
}
