use super::*;
use crate::given::nothing_yet;
use crate::shipment::{HoldShipments, PlanShipments};

#[test]
fn a_confirmed_order_becomes_one_parcel_per_location() {
    let plan =
        PlanShipments { order: confirmed(vec![line(1, "central"), line(2, "north"), line(3, "north")]) };
    let north: ShipmentEvent = ShipmentPlanned {
        shipment_id: other(),
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        location: location("north"),
        lines: vec![line(2, "north"), line(3, "north")],
        shipping_method: ShippingMethod::Standard,
        ship_to: address(),
        dispatch_by: dispatch_by(),
    }
    .into();
    let then = nothing_yet().when(&plan).on(&parcel().stream(), &[planned()]);
    then.on(&other().stream(), &[north]).events(2).again().nothing();
}

#[test]
fn a_parcel_that_was_taken_back_is_not_planned_again() {
    let plan = PlanShipments { order: confirmed(vec![line(1, "central")]) };
    happened([planned(), cancelled(true)]).when(&plan).nothing();
}

#[test]
fn unplanned_parcels_are_never_held() {
    let hold = HoldShipments { shipment_ids: vec![parcel()], reason: HoldReason::Staff };
    nothing_yet().when(&hold).nothing();
}
