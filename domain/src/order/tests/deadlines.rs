use schemas::order::{OrderDeadline, OrderExpired, OrderOverdue};

use super::*;
use crate::{Aggregate, Deadline};

fn number() -> String {
    "10-000001".to_owned()
}

fn expired(deadline: OrderDeadline, held: Vec<LineAtLocation>) -> OrderEvent {
    OrderEvent::from(OrderExpired {
        order_id: order_id(),
        order_number: number(),
        deadline,
        held,
        skus: vec![TEA.parse().unwrap()],
        paid: euro(0),
    })
}

#[test]
fn an_order_that_inventory_does_not_answer_or_nobody_pays_expires() {
    let (stock_due, payment_due) = (due(OrderDeadline::StockAnswer), due(OrderDeadline::Payment));
    let then = placed().at(later(1)).when(&stock_due).then(&[expired(OrderDeadline::StockAnswer, vec![])]);
    then.again().nothing();
    let then = reserved(2).at(later(1)).when(&payment_due).then(&[expired(OrderDeadline::Payment, stock(2))]);
    then.again().nothing();
}

#[test]
fn a_deadline_that_has_not_passed_or_that_the_order_no_longer_has_does_nothing() {
    placed().when(&due(OrderDeadline::StockAnswer)).nothing();
    reserved(1).at(later(1)).when(&due(OrderDeadline::StockAnswer)).nothing();
    confirmed(1).at(later(1)).when(&due(OrderDeadline::Payment)).nothing();
    nothing_yet().when(&due(OrderDeadline::Payment)).nothing();
    let cancelled = after(placed(), &[&cancel()]).at(later(1));
    cancelled.when(&due(OrderDeadline::StockAnswer)).nothing();
}

#[test]
fn an_order_that_is_not_dispatched_in_time_waits_for_staff_until_it_is() {
    let overdue = due(OrderDeadline::Fulfilment);
    let late = confirmed(1).at(later(72));
    let changes = late.when(&overdue).changes();
    assert_eq!(names(&changes), ["OrderOverdue", "OrderPutOnHold"]);
    let event = OrderOverdue {
        order_id: order_id(),
        order_number: number(),
        deadline: OrderDeadline::Fulfilment,
        due_at: later(72),
    };
    assert_eq!(the!(changes, OrderOverdue), event);
    assert!(the!(changes, OrderPutOnHold).blocks.is_empty());
    let held = late.when(&overdue).again().nothing().after();
    let left = held.when(&dispatched(0)).changes();
    assert_eq!(names(&left), ["OrderShipped", "OrderHoldReleased"]);
    assert_eq!(the!(left, OrderHoldReleased).next_check_at, Some(later(48 + 24 * 7)));
}

#[test]
fn a_release_gives_an_overdue_order_more_time() {
    let held = after(confirmed(1).at(later(72)), &[&due(OrderDeadline::Fulfilment)]);
    let given = after(held, &[&resolve(HoldReason::Overdue, None, WayOut::Release)]);
    let deadline = Deadline { at: later(72 + 72), kind: FULFILMENT_DEADLINE };
    assert_eq!(order(&given).deadline(), Some(deadline));
}

#[test]
fn an_order_whose_money_can_no_longer_be_taken_waits_for_another_authorisation() {
    let soon = after(reserved(1), &[&authorized(later(24))]);
    assert_eq!(order(&soon).deadline(), Some(Deadline { at: later(24), kind: FULFILMENT_DEADLINE }));
    let hold = the!(soon.at(later(24)).when(&due(OrderDeadline::Fulfilment)).changes(), OrderPutOnHold);
    assert_eq!((hold.reason, hold.amount), (HoldReason::AuthorizationExpired, Some(euro(GRAND))));
    assert_eq!(hold.blocks, vec![parcel(0)]);
}

#[test]
fn an_order_that_is_not_delivered_in_time_waits_for_staff_until_it_is() {
    let late = shipped(1).at(later(48 + 24 * 7));
    let changes = late.when(&due(OrderDeadline::Delivery)).changes();
    assert_eq!(names(&changes), ["OrderOverdue", "OrderPutOnHold"]);
    assert_eq!(the!(changes, OrderPutOnHold).ways_out, vec![WayOut::Release]);
    let held = late.when(&due(OrderDeadline::Delivery)).again().nothing().after();
    let arrived = held.when(&delivered(0)).changes();
    assert_eq!(names(&arrived), ["OrderDelivered", "OrderHoldReleased"]);
}

#[test]
fn an_order_is_completed_when_the_return_window_ends() {
    let given = after(shipped(1), &[&delivered(0)]);
    given.clone().at(later(24 * 14 - 1)).when(&due(OrderDeadline::ReturnWindow)).nothing();
    let given = given.at(later(24 * 14));
    let changes = given.when(&due(OrderDeadline::ReturnWindow)).changes();
    assert_eq!(names(&changes), ["OrderCompleted"]);
    given.when(&due(OrderDeadline::ReturnWindow)).again().nothing();
}

#[test]
fn every_deadline_that_an_order_names_can_be_answered() {
    for given in [placed(), reserved(1), confirmed(1), shipped(1), after(shipped(1), &[&delivered(0)])] {
        let deadline = order(&given).deadline().unwrap();
        let decision = OrderDeadlinePassed::of(order_id(), deadline.kind, rules()).unwrap();
        assert!(!given.at(deadline.at).when(&decision).changes().events.is_empty(), "{}", deadline.kind);
    }
    assert!(OrderDeadlinePassed::of(order_id(), "order.else", rules()).is_none());
}
