use super::*;
use crate::given::nothing_yet;
use crate::shipment::{Dispatch, LabelPrinted, Pack, label_call};

fn pack() -> Pack {
    Pack { shipment_id: parcel() }
}

fn print() -> LabelPrinted {
    LabelPrinted { shipment_id: parcel(), label: label() }
}

fn dispatch() -> Dispatch {
    Dispatch { shipment_id: parcel(), eta: None }
}

#[test]
fn a_planned_parcel_is_packed_once() {
    happened([planned()]).when(&pack()).then(&[packed()]).again().nothing();
    ready().when(&pack()).nothing();
}

#[test]
fn what_is_not_here_cannot_be_packed() {
    nothing_yet().when(&pack()).refused_for_now("NOT_FOUND");
    let refusal = on_its_way().when(&pack()).refused("ILLEGAL_TRANSITION");
    assert!(refusal.message.contains("confirm its delivery"), "{}", refusal.message);
    happened([planned(), cancelled(true)]).when(&pack()).refused("ILLEGAL_TRANSITION");
}

#[test]
fn packing_asks_the_carrier_for_a_label_and_nothing_else_does() {
    let call = label_call(&packed()).unwrap();
    assert_eq!((call.shipment_id, call.ship_to), (parcel(), address()));
    for other in [planned(), labelled(), dispatched(noon()), cancelled(true), held(HoldReason::Staff)] {
        assert_eq!(label_call(&other), None);
    }
}

#[test]
fn the_label_is_put_on_once() {
    happened([planned(), packed()]).when(&print()).then(&[labelled()]).again().nothing();
}

#[test]
fn a_label_for_a_parcel_that_was_taken_back_changes_nothing() {
    happened([planned(), packed(), cancelled(true)]).when(&print()).nothing();
    nothing_yet().when(&print()).nothing();
}

#[test]
fn a_labelled_parcel_leaves_once_and_should_arrive_in_three_days() {
    ready().when(&dispatch()).then(&[dispatched(in_three_days())]).again().nothing();
}

#[test]
fn an_express_parcel_should_arrive_tomorrow() {
    let story = [planned_as(ShippingMethod::Express), packed(), labelled()];
    happened(story).when(&dispatch()).then(&[dispatched(noon().plus(Duration::from_hours(24)))]);
}

#[test]
fn the_carrier_may_change_the_expected_arrival_only_after_the_dispatch() {
    let eta = noon().plus(Duration::from_hours(5));
    ready().when(&Dispatch { eta: Some(eta), ..dispatch() }).then(&[dispatched(eta)]);
    for wrong in
        [Timestamp::EPOCH, noon().plus(Duration::from_hours(24 * 367)), Timestamp::from_millis(i64::MAX)]
    {
        ready().when(&Dispatch { eta: Some(wrong), ..dispatch() }).refused("INVALID_TIME");
    }
}

#[test]
fn a_parcel_without_a_label_does_not_leave() {
    nothing_yet().when(&dispatch()).refused_for_now("NOT_FOUND");
    let refusal = happened([planned()]).when(&dispatch()).refused("ILLEGAL_TRANSITION");
    assert!(refusal.message.contains("pack it"), "{}", refusal.message);
    happened([planned(), packed()]).when(&dispatch()).refused_for_now("ILLEGAL_TRANSITION");
}

#[test]
fn a_parcel_is_not_dispatched_after_its_authorisation_has_expired() {
    ready().at(dispatch_by()).when(&dispatch()).events(1);
    let late = dispatch_by().plus(Duration::from_millis(1));
    ready().at(late).when(&dispatch()).refused_for_now("AUTHORIZATION_EXPIRED");
}

#[test]
fn a_parcel_that_has_left_keeps_its_expected_arrival() {
    let eta = noon().plus(Duration::from_hours(5));
    let left = ready().when(&Dispatch { eta: Some(eta), ..dispatch() }).again().nothing().after();
    left.when(&dispatch()).nothing();
    left.when(&Dispatch { eta: Some(in_three_days()), ..dispatch() }).refused("ALREADY_DISPATCHED");
}
