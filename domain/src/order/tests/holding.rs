use schemas::order::{OrderHoldReleased, OrderNoteAdded, OrderPutOnHold};

use super::*;

fn number() -> String {
    "10-000001".to_owned()
}

fn staff(way: WayOut) -> ResolveHold {
    resolve(HoldReason::Staff, None, way)
}

#[test]
fn a_human_can_stop_an_order_whose_parcels_are_here() {
    let hold = OrderPutOnHold {
        order_id: order_id(),
        order_number: number(),
        reason: HoldReason::Staff,
        shipment_id: None,
        text: Some(sealed("looks odd")),
        amount: None,
        ways_out: vec![WayOut::Release, WayOut::CancelRest],
        blocks: vec![parcel(0)],
    };
    let given = confirmed(1).when(&put_on_hold()).then(&[OrderEvent::from(hold)]).again().nothing().after();
    assert_eq!(crate::Aggregate::deadline(&order(&given)), None);
    let left = the!(shipped(1).when(&put_on_hold()).changes(), OrderPutOnHold);
    assert_eq!((left.ways_out, left.blocks), (vec![WayOut::Release], vec![]));
}

#[test]
fn an_order_that_is_not_paid_or_is_over_cannot_be_put_on_hold() {
    nothing_yet().when(&put_on_hold()).refused("NOT_FOUND");
    placed().when(&put_on_hold()).refused("ILLEGAL_TRANSITION");
    reserved(1).when(&put_on_hold()).refused("ILLEGAL_TRANSITION");
    after(placed(), &[&cancel()]).when(&put_on_hold()).refused("ILLEGAL_TRANSITION");
}

#[test]
fn a_released_hold_releases_the_parcels_and_restarts_the_deadlines() {
    let released = OrderHoldReleased {
        order_id: order_id(),
        order_number: number(),
        reason: HoldReason::Staff,
        shipment_id: None,
        frees: vec![parcel(0)],
        authorized_until: Some(later(24 * 7)),
        next_check_at: Some(later(72)),
    };
    let held = after(confirmed(1), &[&put_on_hold()]);
    let way = staff(WayOut::Release);
    held.when(&way).then(&[OrderEvent::from(released)]).again().nothing();
    let late = the!(held.at(later(100)).when(&way).changes(), OrderHoldReleased);
    assert_eq!(late.next_check_at, Some(later(24 * 7)), "no later than the money can be taken");
}

#[test]
fn the_rest_of_an_order_on_hold_can_be_cancelled() {
    let held = || after(confirmed(2), &[&dispatched(0), &put_on_hold()]);
    let changes = held().when(&staff(WayOut::CancelRest)).changes();
    assert_eq!(names(&changes), ["OrderHoldResolved", "OrderCancellationRequested"]);
    let asked = held().when(&staff(WayOut::CancelRest)).again().nothing().after();
    let settled = asked.when(&taken_back(1)).changes();
    assert_eq!(names(&settled), ["OrderParcelCancelled", "OrderLinesCancelled", "OrderHoldReleased"]);
    shipped_on_hold().when(&staff(WayOut::CancelRest)).refused("ILLEGAL_TRANSITION");
}

fn shipped_on_hold() -> Given {
    after(shipped(1), &[&put_on_hold()])
}

#[test]
fn a_hold_that_does_not_stand_or_does_not_allow_the_way_out_refuses_it() {
    nothing_yet().when(&staff(WayOut::Release)).refused("NOT_FOUND");
    shipped_on_hold().when(&staff(WayOut::Refund)).refused("WAY_OUT_NOT_ALLOWED");
    confirmed(1).when(&staff(WayOut::CancelRest)).refused_for_now("NOT_ON_HOLD");
    let refund = resolve(HoldReason::ShipmentLost, Some(parcel(0)), WayOut::Refund);
    shipped(1).when(&refund).refused_for_now("NOT_ON_HOLD");
    placed().when(&staff(WayOut::Release)).refused_for_now("NOT_ON_HOLD");
}

#[test]
fn parcels_stay_blocked_until_the_last_hold_that_blocks_them_is_released() {
    let both = || after(confirmed(2), &[&put_on_hold(), &taken_back(1)]);
    let released = the!(both().when(&staff(WayOut::Release)).changes(), OrderHoldReleased);
    assert!(released.frees.is_empty());
    let other = after(confirmed(1), &[&put_on_hold(), &expired()]);
    let first = the!(other.when(&staff(WayOut::Release)).changes(), OrderHoldReleased);
    assert!(first.frees.is_empty());
    let way = resolve(HoldReason::AuthorizationExpired, None, WayOut::Reauthorize);
    let given = after(other, &[&staff(WayOut::Release), &way]);
    let last = the!(given.when(&authorized(later(24 * 9))).changes(), OrderHoldReleased);
    assert_eq!((last.frees, last.authorized_until), (vec![parcel(0)], Some(later(24 * 9))));
}

fn expired() -> AuthorizationExpired {
    AuthorizationExpired { order_id: order_id(), rules: rules() }
}

#[test]
fn a_note_can_be_added_in_every_status() {
    let note = AddNote { order_id: order_id(), note: sealed("call back") };
    let added = OrderNoteAdded { order_id: order_id(), order_number: number(), note: sealed("call back") };
    for given in [placed(), reserved(1), confirmed(1), shipped(2), after(placed(), &[&cancel()])] {
        let before = order(&given);
        let then = given.when(&note).then(&[OrderEvent::from(added.clone())]);
        assert_eq!(order(&then.after()), before);
    }
    nothing_yet().when(&note).refused("NOT_FOUND");
}
