use schemas::life_cycle::FulfilmentStatus;
use schemas::order::{Departure, OrderParcelDelivered, OrderPartiallyShipped, OrderShipped};

use super::*;

fn number() -> String {
    "10-000001".to_owned()
}

fn departure(i: usize, lines: Vec<LineAtLocation>, capture: i64) -> Departure {
    Departure {
        shipment_id: parcel(i),
        location: place(i),
        lines,
        carrier: "Post".to_owned(),
        tracking_number: format!("P{i}"),
        capture: euro(capture),
        delivery_due_at: later(48 + 24 * 7),
    }
}

#[test]
fn the_first_parcel_that_leaves_is_captured_with_the_shipping_cost() {
    let (order_id, order_number) = (order_id(), number());
    let departure = departure(1, vec![at(1, TEA, 1, 1), at(2, MUG, 1, 1)], 1_001 + 799 + 490);
    let event = OrderPartiallyShipped { order_id, order_number, departure };
    let given = confirmed(2).when(&dispatched(1)).then(&[OrderEvent::from(event)]).again().nothing().after();
    assert_eq!(order(&given).fulfilment(), FulfilmentStatus::Partial);
}

#[test]
fn the_last_parcel_that_leaves_ships_the_order() {
    let (order_id, order_number) = (order_id(), number());
    let event =
        OrderShipped { order_id, order_number, departure: departure(0, vec![at(1, TEA, 2, 0)], 2_002) };
    let given = after(confirmed(2), &[&dispatched(1)]);
    let given = given.when(&dispatched(0)).then(&[OrderEvent::from(event)]).again().nothing().after();
    assert_eq!(
        (status(&given), order(&given).fulfilment()),
        (OrderStatus::Shipped, FulfilmentStatus::Fulfilled)
    );
}

#[test]
fn everything_is_missed_only_when_the_slowest_parcel_is_late() {
    let slow = ParcelDispatched { eta: later(480), ..dispatched(0) };
    let shipped = the!(after(confirmed(2), &[&slow]).when(&dispatched(1)).changes(), OrderShipped);
    assert_eq!(shipped.departure.delivery_due_at, later(480 + 24 * 7));
}

#[test]
fn events_of_an_unknown_parcel_or_out_of_sequence_change_nothing() {
    let unknown = ShipmentId::derived(&["another"]);
    confirmed(1).when(&ParcelDispatched { shipment_id: unknown, ..dispatched(0) }).nothing();
    for given in [nothing_yet(), placed(), reserved(1)] {
        given.when(&dispatched(0)).nothing();
        given.when(&delivered(0)).nothing();
        given.when(&lost(0)).nothing();
    }
    confirmed(1).when(&delivered(0)).nothing();
    confirmed(1).when(&lost(0)).nothing();
}

#[test]
fn the_last_parcel_that_arrives_delivers_the_order() {
    let parcel_arrived =
        OrderParcelDelivered { order_id: order_id(), order_number: number(), shipment_id: parcel(0) };
    let given =
        shipped(2).when(&delivered(0)).then(&[OrderEvent::from(parcel_arrived)]).again().nothing().after();
    let last = the!(given.when(&delivered(1)).changes(), OrderDelivered);
    assert_eq!((last.shipment_id, last.return_until), (Some(parcel(1)), later(24 * 14)));
    assert_eq!(status(&given.when(&delivered(1)).again().nothing().after()), OrderStatus::Delivered);
}

#[test]
fn a_parcel_that_arrives_while_another_is_here_delivers_nothing_yet() {
    let given = after(confirmed(2), &[&dispatched(0), &delivered(0)]);
    assert_eq!(status(&given), OrderStatus::InFulfilment);
    let given = after(given, &[&dispatched(1), &delivered(1)]);
    assert_eq!(status(&given), OrderStatus::Delivered);
}

#[test]
fn a_lost_parcel_puts_the_order_on_hold_with_what_was_taken_for_it() {
    let hold = the!(shipped(2).when(&lost(1)).changes(), OrderPutOnHold);
    assert_eq!((hold.reason, hold.shipment_id), (HoldReason::ShipmentLost, Some(parcel(1))));
    assert_eq!(hold.amount, Some(euro(1_001 + 799)));
    assert_eq!(hold.ways_out, vec![WayOut::Refund, WayOut::Release]);
    let given = shipped(2).when(&lost(1)).again().nothing().after();
    let Order::Underway(underway) = order(&given) else { panic!("it is underway") };
    assert_eq!(underway.parcels[&parcel(1)].at, Whereabouts::Lost);
    let still_waits = after(given, &[&delivered(0)]);
    assert_eq!(status(&still_waits), OrderStatus::Shipped);
}

#[test]
fn a_lost_parcel_that_turns_up_is_delivered_and_nobody_has_to_decide() {
    let given = after(shipped(1), &[&lost(0)]);
    let changes = given.when(&delivered(0)).changes();
    assert_eq!(names(&changes), ["OrderDelivered", "OrderHoldReleased"]);
    assert_eq!(the!(changes, OrderHoldReleased).next_check_at, Some(later(24 * 14)));
}
