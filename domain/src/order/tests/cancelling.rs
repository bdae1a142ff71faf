use schemas::order::{OrderCancellationRequested, OrderCancelled, OrderParcelCancelled};

use super::*;

fn cancelled(stage: OrderStatus, held: Vec<LineAtLocation>) -> OrderEvent {
    OrderEvent::from(OrderCancelled {
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        reason: CancelReason::Customer,
        text: Some(sealed("why")),
        stage,
        held,
        skus: vec![TEA.parse().unwrap()],
        paid: euro(0),
    })
}

fn sorted(mut ids: Vec<ShipmentId>) -> Vec<ShipmentId> {
    ids.sort();
    ids
}

#[test]
fn up_to_the_payment_an_order_is_cancelled_at_once() {
    placed().when(&cancel()).then(&[cancelled(OrderStatus::Placed, vec![])]).again().nothing();
    let held = stock(2);
    reserved(2).when(&cancel()).then(&[cancelled(OrderStatus::StockConfirmed, held)]).again().nothing();
}

#[test]
fn from_the_confirmation_on_the_parcels_that_are_here_are_asked() {
    let requested = |asked: Vec<ShipmentId>| {
        OrderEvent::from(OrderCancellationRequested {
            order_id: order_id(),
            order_number: "10-000001".to_owned(),
            reason: CancelReason::Customer,
            text: Some(sealed("why")),
            shipment_ids: sorted(asked),
        })
    };
    confirmed(2).when(&cancel()).then(&[requested(vec![parcel(0), parcel(1)])]).again().nothing();
    after(confirmed(2), &[&dispatched(0)])
        .when(&cancel())
        .then(&[requested(vec![parcel(1)])])
        .again()
        .nothing();
}

#[test]
fn an_order_that_has_left_or_is_over_cannot_be_cancelled() {
    nothing_yet().when(&cancel()).refused("NOT_FOUND");
    let refusal = shipped(1).when(&cancel()).refused("ILLEGAL_TRANSITION");
    assert!(refusal.message.contains("returned"), "{refusal}");
    let expired = after(placed().at(later(1)), &[&due(schemas::order::OrderDeadline::StockAnswer)]);
    expired.when(&cancel()).refused("ILLEGAL_TRANSITION");
}

#[test]
fn when_all_parcels_come_back_the_order_is_cancelled() {
    let asked = after(confirmed(2), &[&cancel()]);
    let back = OrderParcelCancelled {
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        shipment_id: parcel(1),
    };
    let given = asked.when(&taken_back(1)).then(&[OrderEvent::from(back)]).again().nothing().after();
    let changes = given.when(&taken_back(0)).changes();
    assert_eq!(names(&changes), ["OrderParcelCancelled", "OrderCancelled"]);
    let event = the!(changes, OrderCancelled);
    assert_eq!((event.stage, event.text, event.held.len()), (OrderStatus::Confirmed, Some(sealed("why")), 3));
    given.when(&taken_back(0)).again().nothing();
}

#[test]
fn when_every_parcel_was_faster_the_cancellation_is_refused() {
    let asked = after(confirmed(2), &[&cancel()]);
    let given = after(asked, &[&dispatched(0)]);
    assert_eq!(status(&given), OrderStatus::InFulfilment);
    let changes = given.when(&dispatched(1)).changes();
    assert_eq!(names(&changes), ["OrderShipped", "OrderCancellationRefused"]);
    let refused = the!(changes, OrderCancellationRefused);
    assert_eq!(refused.shipment_ids, sorted(vec![parcel(0), parcel(1)]));
    given.when(&dispatched(1)).again().nothing();
}

#[test]
fn when_some_parcels_were_faster_only_the_lines_of_the_others_are_cancelled() {
    let asked = || after(confirmed(2), &[&cancel()]);
    let left_first = after(asked(), &[&dispatched(0)]).when(&taken_back(1)).changes();
    assert_eq!(
        names(&left_first),
        ["OrderParcelCancelled", "OrderLinesCancelled", "OrderCancellationRefused"]
    );
    let back_first = after(asked(), &[&taken_back(1)]).when(&dispatched(0)).changes();
    assert_eq!(names(&back_first), ["OrderShipped", "OrderLinesCancelled", "OrderCancellationRefused"]);
    for changes in [left_first, back_first] {
        let lines = the!(changes, OrderLinesCancelled);
        assert_eq!(lines.lines, vec![at(1, TEA, 1, 1), at(2, MUG, 1, 1)]);
        assert_eq!((lines.totals.subtotal, lines.totals.grand), (euro(2_002), euro(2_002 + 490)));
        assert_eq!((lines.shipment_ids, lines.refund_due), (vec![parcel(1)], euro(0)));
        assert_eq!(the!(changes, OrderCancellationRefused).shipment_ids, vec![parcel(0)]);
    }
    let given = after(asked(), &[&taken_back(1), &dispatched(0)]);
    assert_eq!(status(&given), OrderStatus::Shipped);
    given.when(&taken_back(1)).nothing();
    assert_eq!(status(&after(given, &[&delivered(0)])), OrderStatus::Delivered);
}

#[test]
fn a_parcel_that_arrived_before_the_other_came_back_delivers_the_order() {
    let given = after(confirmed(2), &[&dispatched(0), &delivered(0), &cancel()]);
    assert_eq!(status(&given), OrderStatus::InFulfilment);
    let changes = given.when(&taken_back(1)).changes();
    assert_eq!(names(&changes), ["OrderParcelCancelled", "OrderLinesCancelled", "OrderDelivered"]);
    assert_eq!(the!(changes, OrderDelivered).shipment_id, None);
}

#[test]
fn a_parcel_that_comes_back_without_being_asked_puts_the_order_on_hold() {
    let given = confirmed(2).when(&taken_back(1)).again().nothing().after();
    let hold = the!(confirmed(2).when(&taken_back(1)).changes(), OrderPutOnHold);
    assert_eq!((hold.reason, hold.shipment_id), (HoldReason::ParcelCancelled, Some(parcel(1))));
    assert_eq!((hold.ways_out, hold.blocks), (vec![WayOut::CancelRest], vec![parcel(0)]));
    let way = resolve(HoldReason::ParcelCancelled, Some(parcel(1)), WayOut::CancelRest);
    let changes = given.when(&way).changes();
    assert_eq!(names(&changes), ["OrderHoldResolved", "OrderCancellationRequested"]);
    assert_eq!(the!(changes, OrderCancellationRequested).shipment_ids, vec![parcel(0)]);
    let resolved = given.when(&way).again().nothing().after();
    let cancelled = resolved.when(&taken_back(0)).changes();
    assert_eq!(names(&cancelled), ["OrderParcelCancelled", "OrderHoldReleased", "OrderCancelled"]);
    let faster = resolved.when(&dispatched(0)).changes();
    assert_eq!(
        names(&faster),
        ["OrderShipped", "OrderLinesCancelled", "OrderCancellationRefused", "OrderHoldReleased"]
    );
}

#[test]
fn the_rest_of_an_order_whose_other_parcel_left_is_cancelled_without_asking() {
    let given = after(confirmed(2), &[&taken_back(1), &dispatched(0)]);
    assert_eq!(status(&given), OrderStatus::InFulfilment);
    let way = resolve(HoldReason::ParcelCancelled, Some(parcel(1)), WayOut::CancelRest);
    let changes = given.when(&way).changes();
    assert_eq!(names(&changes), ["OrderHoldResolved", "OrderLinesCancelled", "OrderHoldReleased"]);
    assert_eq!(status(&given.when(&cancel()).after()), OrderStatus::Shipped);
    given.when(&way).again().nothing();
}

#[test]
fn an_unknown_parcel_changes_nothing() {
    let unknown = ShipmentId::derived(&["another"]);
    confirmed(1).when(&ParcelCancelled { shipment_id: unknown, ..taken_back(0) }).nothing();
    nothing_yet().when(&taken_back(0)).nothing();
    reserved(1).when(&taken_back(0)).nothing();
}
