use super::*;
use crate::shipment::{Dispatch, HoldShipments, LiftHolds};

fn hold(reason: HoldReason) -> HoldShipments {
    HoldShipments { shipment_ids: vec![parcel()], reason }
}

fn lift() -> LiftHolds {
    LiftHolds { shipment_ids: vec![parcel()], reason: HoldReason::Staff, authorized_until: None }
}

fn dispatch() -> Dispatch {
    Dispatch { shipment_id: parcel(), eta: None }
}

#[test]
fn hold_then_dispatch_keeps_the_parcel_here_until_the_hold_is_over() {
    let then =
        ready().when(&hold(HoldReason::Staff)).then(&[held(HoldReason::Staff)]).again().nothing().after();
    then.when(&dispatch()).refused_for_now("SHIPMENT_ON_HOLD");
    let then = then.when(&lift()).then(&[lifted(HoldReason::Staff, dispatch_by())]).again().nothing().after();
    then.when(&dispatch()).then(&[dispatched(in_three_days())]);
}

#[test]
fn a_dispatch_before_the_hold_is_not_stopped() {
    let then = ready().when(&dispatch()).then(&[dispatched(in_three_days())]).after();
    then.when(&hold(HoldReason::Staff)).nothing();
    then.when(&lift()).nothing();
}

#[test]
fn releasing_a_parcel_lifts_every_reason_that_holds_it() {
    let reasons = [HoldReason::Staff, HoldReason::ParcelCancelled];
    let events = reasons.map(held);
    let lifted = reasons.map(|reason| lifted(reason, dispatch_by()));
    let free = lift();
    let held = ready().and::<Shipment>(parcel().stream(), events);
    held.when(&free).then(&lifted).again().nothing().after().when(&dispatch()).events(1);
}

#[test]
fn a_new_authorisation_lets_the_parcel_leave_later() {
    let until = dispatch_by().plus(Duration::from_hours(24));
    let reason = HoldReason::AuthorizationExpired;
    let lift = LiftHolds { reason, authorized_until: Some(until), ..lift() };
    let held = ready().and::<Shipment>(parcel().stream(), [held(reason)]).at(until);
    let then = held.when(&lift).then(&[lifted(reason, until)]).again().nothing().after();
    then.when(&dispatch()).events(1);
    ready().when(&lift).then(&[lifted(reason, until)]).again().nothing();
}
