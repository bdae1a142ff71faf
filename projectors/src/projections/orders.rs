//! Orders.

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
    apply(&mut order, &event.event, &at);
    order.updated_at = at;
    derive(&mut order);
    Some(order)
}

/// The only place that decides which part of the document an event changes.
fn apply(order: &mut Order, event: &OrderEvent, at: &str) {
    match event {
        OrderEvent::OrderPlaced(_) => {}
        OrderEvent::OrderStockConfirmed(e) => placing::confirm_stock(order, e),
        OrderEvent::OrderStockRejected(e) => placing::reject_stock(order, e),
        OrderEvent::OrderPaymentAuthorized(e) => money::authorize(order, e),
        OrderEvent::OrderPaymentFailed(e) => {
            money::fail(order, e);
            holds::fail_payment(order);
        }
        OrderEvent::OrderPaymentRetryRequested(_) => money::retry(order),
        OrderEvent::OrderConfirmed(e) => {
            placing::confirm(order, e);
            parcels::plan(order, e);
        }
        OrderEvent::OrderCancellationRequested(e) => ending::request_cancellation(order, e),
        OrderEvent::OrderParcelCancelled(e) => parcels::take_back(order, e.shipment_id),
        OrderEvent::OrderCancellationRefused(_) => ending::refuse_cancellation(order),
        OrderEvent::OrderLinesCancelled(e) => {
            parcels::cancel_lines(order, e);
            money::cancel_lines(order, e);
            ending::cancel_lines(order, e);
        }
        OrderEvent::OrderCancelled(e) => ending::cancel(order, e),
        OrderEvent::OrderExpired(_) => ending::expire(order),
        // The hold that comes with it shows it.
        OrderEvent::OrderOverdue(_) => {}
        OrderEvent::OrderPutOnHold(e) => {
            parcels::hold(order, e);
            holds::put(order, e, at);
        }
        OrderEvent::OrderHoldReleased(e) => {
            parcels::release(order, e);
            holds::release(order, e);
        }
        OrderEvent::OrderHoldResolved(e) => {
            parcels::resolve(order, e);
            holds::resolve(order, e);
        }
        OrderEvent::OrderPartiallyShipped(e) => parcels::ship_part(order, &e.departure, at),
        OrderEvent::OrderShipped(e) => parcels::ship(order, &e.departure, at),
        OrderEvent::OrderParcelDelivered(e) => parcels::arrive(order, e.shipment_id, at),
        OrderEvent::OrderDelivered(e) => parcels::deliver(order, e, at),
        OrderEvent::OrderCompleted(_) => {
            parcels::complete(order);
            ending::complete(order);
        }
        OrderEvent::OrderPaymentCaptured(e) => money::capture(order, e),
        OrderEvent::OrderPaymentVoided(_) => money::void(order),
        OrderEvent::OrderRefunded(e) => {
            parcels::refund(order, e);
            money::refund(order, e);
        }
        OrderEvent::OrderNoteAdded(e) => placing::add_note(order, e, at),
    }
}

/// Fields that are computed from the rest of the document.
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
