use schemas::life_cycle::PaymentStatus;
use schemas::order::{OrderPaymentCaptured, OrderPaymentVoided};

use super::*;

const FIRST: i64 = 2_002 + 490;
const SECOND: i64 = 1_001 + 799;

fn number() -> String {
    "10-000001".to_owned()
}

fn capture_failed(i: usize) -> CaptureFailed {
    CaptureFailed { order_id: order_id(), shipment_id: parcel(i), rules: rules() }
}

fn expired() -> AuthorizationExpired {
    AuthorizationExpired { order_id: order_id(), rules: rules() }
}

fn on(reason: HoldReason, way_out: WayOut) -> ResolveHold {
    resolve(reason, Some(parcel(0)), way_out)
}

#[test]
fn what_was_taken_is_added_up() {
    let given = after(confirmed(2), &[&dispatched(0), &captured(0, FIRST), &dispatched(1)]);
    assert_eq!(order(&given).payment(), PaymentStatus::PartiallyCaptured);
    let event = OrderPaymentCaptured {
        order_id: order_id(),
        order_number: number(),
        shipment_id: parcel(1),
        amount: euro(SECOND),
        captured: euro(GRAND),
    };
    let capture = captured(1, SECOND);
    let then = given.when(&capture).then(&[OrderEvent::from(event)]).again().nothing();
    assert_eq!(order(&then.after()).payment(), PaymentStatus::Captured);
}

#[test]
fn an_unexpected_payment_event_changes_nothing() {
    confirmed(1).when(&captured(0, 5)).nothing();
    confirmed(1).when(&capture_failed(0)).nothing();
    shipped(1).when(&capture_failed(0)).nothing();
    shipped(1).when(&expired()).nothing();
    reserved(1).when(&expired()).nothing();
    nothing_yet().when(&refund_succeeded(0, 5)).nothing();
    let voided = PaymentVoided { order_id: order_id(), amount: euro(GRAND), rules: rules() };
    confirmed(1).when(&voided).nothing();
}

#[test]
fn a_failed_capture_waits_for_staff_and_a_later_success_clears_it() {
    let given = after(confirmed(1), &[&dispatched(0)]);
    let hold = the!(given.when(&capture_failed(0)).changes(), OrderPutOnHold);
    assert_eq!((hold.reason, hold.amount), (HoldReason::CaptureFailed, Some(euro(GRAND))));
    let held = given.when(&capture_failed(0)).again().nothing().after();
    let retry = on(HoldReason::CaptureFailed, WayOut::RetryCapture);
    let resolved = the!(held.when(&retry).changes(), OrderHoldResolved);
    assert_eq!((resolved.amount, resolved.shipment_id), (Some(euro(GRAND)), Some(parcel(0))));
    let retried = held.when(&retry).again().nothing().after();
    assert_eq!(names(&retried.when(&capture_failed(0)).changes()), ["OrderPutOnHold"]);
    let success = captured(0, GRAND);
    assert_eq!(names(&retried.when(&success).changes()), ["OrderPaymentCaptured", "OrderHoldReleased"]);
}

#[test]
fn an_expired_authorisation_waits_for_staff_and_a_new_one_clears_it() {
    let given = confirmed(1);
    let hold = the!(given.when(&expired()).changes(), OrderPutOnHold);
    assert_eq!((hold.amount, hold.blocks), (Some(euro(GRAND)), vec![parcel(0)]));
    let held = given.when(&expired()).again().nothing().after();
    let again = resolve(HoldReason::AuthorizationExpired, None, WayOut::Reauthorize);
    let resolved = the!(held.when(&again).changes(), OrderHoldResolved);
    assert_eq!((resolved.amount, resolved.payment_token), (Some(euro(GRAND)), Some(sealed("token"))));
    let asked = held.when(&again).again().nothing().after();
    asked.when(&authorized(later(24 * 7))).nothing();
    let changes = asked.when(&authorized(later(24 * 8))).changes();
    assert_eq!(names(&changes), ["OrderPaymentAuthorized", "OrderHoldReleased"]);
    assert_eq!(the!(changes, OrderHoldReleased).authorized_until, Some(later(24 * 8)));
}

#[test]
fn a_second_refusal_by_the_bank_leaves_the_order_waiting_for_staff() {
    let again = resolve(HoldReason::AuthorizationExpired, None, WayOut::Reauthorize);
    let asked = after(confirmed(1), &[&expired(), &again]);
    let no = declined(DeclineCode::Declined, 0);
    let given = asked.when(&no).events(1).again().nothing().after();
    assert_eq!(order(&given).payment(), PaymentStatus::Failed);
    assert_eq!(order(&given).holds()[0].waits, Waits::ForHuman);
    given.when(&again).events(1);
}

#[test]
fn a_refunded_parcel_is_missed_no_more() {
    let given = after(shipped(2), &[&delivered(1), &lost(0)]);
    let refund = on(HoldReason::ShipmentLost, WayOut::Refund);
    let resolved = the!(given.when(&refund).changes(), OrderHoldResolved);
    assert_eq!(resolved.amount, Some(euro(FIRST)));
    let given = given.when(&refund).again().nothing().after();
    let changes = given.when(&refund_succeeded(0, FIRST)).changes();
    assert_eq!(names(&changes), ["OrderRefunded", "OrderHoldReleased", "OrderDelivered"]);
    assert_eq!(the!(changes, OrderRefunded).shipment_id, Some(parcel(0)));
    let success = refund_succeeded(0, FIRST);
    let then = given.when(&success).again().nothing();
    assert_eq!(order(&then.after()).payment(), PaymentStatus::PartiallyRefunded);
}

#[test]
fn an_order_of_which_nothing_remains_is_completed() {
    let refund = on(HoldReason::ShipmentLost, WayOut::Refund);
    let given = after(shipped(1), &[&lost(0), &refund]);
    let changes = given.when(&refund_succeeded(0, GRAND)).changes();
    assert_eq!(names(&changes), ["OrderRefunded", "OrderHoldReleased", "OrderCompleted"]);
}

#[test]
fn a_failed_refund_waits_for_a_human_who_can_have_it_tried_again() {
    let refund = on(HoldReason::ShipmentLost, WayOut::Refund);
    let given = after(shipped(1), &[&lost(0), &refund]);
    let held = given.when(&refund_failed(0, GRAND)).events(1).again().nothing().after();
    assert!(order(&held).holds().iter().all(|hold| hold.waits == Waits::ForHuman));
    let again = on(HoldReason::RefundFailed, WayOut::Refund);
    let resolved = the!(held.when(&again).changes(), OrderHoldResolved);
    assert_eq!((resolved.shipment_id, resolved.amount), (Some(parcel(0)), Some(euro(GRAND))));
    let given = after(held, &[&again, &refund_succeeded(0, GRAND)]);
    assert_eq!((status(&given), order(&given).holds()), (OrderStatus::Completed, &[][..]));
}

#[test]
fn a_lost_parcel_for_which_nothing_was_taken_is_written_off_at_once() {
    let given = after(confirmed(1), &[&dispatched(0), &capture_failed(0), &lost(0)]);
    let refund = on(HoldReason::ShipmentLost, WayOut::Refund);
    let changes = given.when(&refund).changes();
    assert_eq!(
        names(&changes),
        ["OrderHoldResolved", "OrderHoldReleased", "OrderHoldReleased", "OrderCompleted"]
    );
    let over = after(given, &[&refund]);
    let late = over.when(&captured(0, GRAND)).changes();
    assert_eq!(names(&late), ["OrderPaymentCaptured", "OrderPutOnHold"]);
    assert_eq!(the!(late, OrderPutOnHold).amount, Some(euro(GRAND)));
}

#[test]
fn money_of_a_cancelled_order_is_let_go() {
    let given = after(confirmed(1), &[&cancel(), &taken_back(0)]);
    assert_eq!(order(&given).payment(), PaymentStatus::Authorized);
    let voided = PaymentVoided { order_id: order_id(), amount: euro(GRAND), rules: rules() };
    let event = OrderPaymentVoided { order_id: order_id(), order_number: number(), amount: euro(GRAND) };
    let then = given.when(&voided).then(&[OrderEvent::from(event)]).again().nothing();
    assert_eq!(order(&then.after()).payment(), PaymentStatus::Voided);
    let unpaid = after(placed(), &[&cancel()]);
    assert_eq!(order(&unpaid).payment(), PaymentStatus::None);
    assert_eq!(order(&after(reserved(1), &[&cancel()])).payment(), PaymentStatus::Voided);
}
