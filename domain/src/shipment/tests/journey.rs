use super::*;
use crate::given::nothing_yet;
use crate::shipment::{ConfirmDelivery, RecordDeliveryAttempt, ReportLost, UpdateTracking};

fn seen(status: &str) -> UpdateTracking {
    UpdateTracking {
        shipment_id: parcel(),
        status: status.to_owned(),
        place: Some("Hub".to_owned()),
        eta: None,
    }
}

fn tracked(status: &str) -> ShipmentEvent {
    TrackingUpdated {
        shipment_id: parcel(),
        order_id: order_id(),
        status: status.to_owned(),
        place: Some("Hub".to_owned()),
        eta: None,
    }
    .into()
}

fn attempt(attempt: Option<u32>) -> RecordDeliveryAttempt {
    RecordDeliveryAttempt { shipment_id: parcel(), attempt, reason: "nobody at home".to_owned() }
}

fn attempted(attempt: u32) -> ShipmentEvent {
    let reason = "nobody at home".to_owned();
    DeliveryAttemptFailed { shipment_id: parcel(), order_id: order_id(), attempt, reason }.into()
}

fn arrive() -> ConfirmDelivery {
    ConfirmDelivery { shipment_id: parcel(), delivered_at: None }
}

fn lose() -> ReportLost {
    ReportLost { shipment_id: parcel(), reason: None }
}

#[test]
fn a_repeated_tracking_update_is_recorded_once() {
    let then = on_its_way().when(&seen("sorted")).then(&[tracked("sorted")]).again().nothing().after();
    then.when(&seen("loaded")).then(&[tracked("loaded")]);
}

#[test]
fn only_a_parcel_on_its_way_is_followed() {
    nothing_yet().when(&seen("sorted")).refused_for_now("NOT_FOUND");
    ready().when(&seen("sorted")).refused("ILLEGAL_TRANSITION");
}

#[test]
fn each_failed_delivery_is_counted_once() {
    on_its_way().when(&attempt(Some(1))).then(&[attempted(1)]).again().nothing();
    let then = on_its_way().when(&attempt(None)).then(&[attempted(1)]).after();
    then.when(&attempt(None)).then(&[attempted(2)]);
}

#[test]
fn a_delivery_cannot_fail_before_the_parcel_left() {
    nothing_yet().when(&attempt(None)).refused_for_now("NOT_FOUND");
    ready().when(&attempt(None)).refused("ILLEGAL_TRANSITION");
}

#[test]
fn a_parcel_arrives_once() {
    on_its_way().when(&arrive()).then(&[delivered(noon())]).again().nothing();
}

#[test]
fn the_carrier_may_report_a_past_delivery_but_not_a_future_one() {
    let early = noon().plus(Duration::from_hours(1));
    let said = ConfirmDelivery { delivered_at: Some(noon()), ..arrive() };
    on_its_way().at(early).when(&said).then(&[delivered(noon())]);
    let future = ConfirmDelivery { delivered_at: Some(early), ..arrive() };
    on_its_way().when(&future).refused("INVALID_TIME");
}

#[test]
fn what_has_not_left_does_not_arrive_and_is_not_lost() {
    for refused in [ready(), happened([planned(), cancelled(true)])] {
        refused.when(&arrive()).refused("ILLEGAL_TRANSITION");
        refused.when(&lose()).refused("ILLEGAL_TRANSITION");
    }
    nothing_yet().when(&arrive()).refused_for_now("NOT_FOUND");
    nothing_yet().when(&lose()).refused_for_now("NOT_FOUND");
}

#[test]
fn a_parcel_is_lost_once_and_may_turn_up() {
    let then = on_its_way().when(&lose()).then(&[lost()]).again().nothing().after();
    then.when(&seen("found")).refused("ILLEGAL_TRANSITION");
    then.when(&arrive())
        .then(&[delivered(noon())])
        .again()
        .nothing()
        .after()
        .when(&lose())
        .refused("ILLEGAL_TRANSITION");
}
