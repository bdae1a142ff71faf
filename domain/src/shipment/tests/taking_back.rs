use super::*;
use crate::given::nothing_yet;
use crate::shipment::{CancelShipment, CancelShipments, Dispatch, LabelImpossible};

fn take_back() -> CancelShipments {
    CancelShipments { shipment_ids: vec![parcel()] }
}

fn dispatch() -> Dispatch {
    Dispatch { shipment_id: parcel(), eta: None }
}

#[test]
fn a_cancellation_before_the_dispatch_prevents_it() {
    let then = ready().when(&take_back()).then(&[cancelled(true)]).again().nothing().after();
    let refusal = then.when(&dispatch()).refused("ILLEGAL_TRANSITION");
    assert!(refusal.message.contains("was cancelled"), "{}", refusal.message);
}

#[test]
fn a_dispatch_before_the_cancellation_is_not_stopped() {
    let then = ready().when(&dispatch()).then(&[dispatched(in_three_days())]).again().nothing().after();
    then.when(&take_back()).nothing();
}

#[test]
fn of_two_parcels_the_one_that_is_still_here_comes_back() {
    let both = CancelShipments { shipment_ids: vec![other(), parcel(), parcel()] };
    let planned_there = ShipmentPlanned { shipment_id: other(), ..as_planned() };
    let story = on_its_way().and::<Shipment>(other().stream(), [planned_there.into()]);
    let back = ShipmentCancelled {
        shipment_id: other(),
        order_id: order_id(),
        lines: vec![line(1, "central")],
        requested: true,
    };
    story.when(&both).then(&[ShipmentEvent::from(back)]).again().nothing();
}

fn as_planned() -> ShipmentPlanned {
    let ShipmentEvent::ShipmentPlanned(planned) = planned() else { unreachable!() };
    planned
}

#[test]
fn an_unplanned_parcel_cannot_be_taken_back() {
    nothing_yet().when(&take_back()).nothing();
    nothing_yet().when(&CancelShipment { shipment_id: parcel() }).refused_for_now("NOT_FOUND");
}

#[test]
fn staff_takes_a_parcel_back_without_being_asked_and_that_is_told() {
    let cancel = CancelShipment { shipment_id: parcel() };
    happened([planned()]).when(&cancel).then(&[cancelled(false)]).again().nothing();
    ready().when(&cancel).then(&[cancelled(false)]);
    on_its_way().when(&cancel).refused("ILLEGAL_TRANSITION");
}

#[test]
fn a_parcel_that_is_held_can_be_taken_back() {
    happened([planned(), held(HoldReason::Staff)]).when(&take_back()).then(&[cancelled(true)]);
}

#[test]
fn a_parcel_whose_address_was_erased_before_its_label_was_printed_is_taken_back_without_being_asked() {
    let impossible = LabelImpossible { shipment_id: parcel() };
    happened([planned(), packed()]).when(&impossible).then(&[cancelled(false)]).again().nothing();
    happened([planned(), packed(), cancelled(true)]).when(&impossible).nothing();
    ready().when(&impossible).nothing();
    on_its_way().when(&impossible).nothing();
    nothing_yet().when(&impossible).nothing();
}
