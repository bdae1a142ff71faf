use super::*;
use crate::given::nothing_yet;
use crate::shipment::MOST_ATTEMPTS;
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
    RecordDeliveryAttempt { shipment_id: parcel(), attempt, reason: "not at home".to_owned() }
}

fn attempted(attempt: u32) -> ShipmentEvent {
    let reason = "not at home".to_owned();
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
fn an_attempt_is_known_by_number_and_reason_and_reports_may_come_in_any_order() {
    let second = on_its_way().when(&attempt(Some(2))).then(&[attempted(2)]).after();
    let other = RecordDeliveryAttempt { reason: "no such street".to_owned(), ..attempt(Some(2)) };
    let refusal = second.when(&other).refused("ATTEMPT_RECORDED");
    assert!(refusal.message.contains("not at home"), "{refusal}");
    let both = second.when(&attempt(Some(1))).then(&[attempted(1)]).again().nothing().after();
    both.when(&attempt(Some(2))).nothing();
    both.when(&attempt(None)).then(&[attempted(3)]);
}

#[test]
fn the_number_of_an_attempt_is_bounded_and_old_ones_beyond_the_bound_swallow_no_later_attempt() {
    for number in [0, MOST_ATTEMPTS + 1, u32::MAX] {
        on_its_way().when(&attempt(Some(number))).refused("OUT_OF_RANGE");
    }
    let old = happened([planned(), packed(), labelled(), dispatched(in_three_days()), attempted(u32::MAX)]);
    old.when(&attempt(None)).then(&[attempted(1)]);
    let last = on_its_way().when(&attempt(Some(MOST_ATTEMPTS))).events(1).after();
    last.when(&attempt(None)).refused("OUT_OF_RANGE");
}

#[test]
fn an_expected_arrival_in_a_report_is_neither_past_nor_far_away() {
    let eta = noon().plus(Duration::from_hours(1));
    let report = |eta| UpdateTracking { eta: Some(eta), ..seen("sorted") };
    let known = on_its_way().when(&report(eta)).events(1).after();
    known.at(noon().plus(Duration::from_hours(9))).when(&report(eta)).nothing();
    for wrong in [Timestamp::EPOCH, noon().plus(Duration::from_hours(24 * 367))] {
        on_its_way().when(&report(wrong)).refused("INVALID_TIME");
    }
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
    let refusal = on_its_way().when(&future).refused("INVALID_TIME");
    assert_eq!(refusal.errors[0].field.as_deref(), Some("deliveredAt"));
}

#[test]
fn a_parcel_does_not_arrive_before_it_left_even_if_it_was_lost() {
    let given = happened([planned(), packed(), labelled()]).at(noon().plus(Duration::from_hours(1)));
    let left = given.and::<Shipment>(parcel().stream(), [dispatched(in_three_days())]);
    let now = left.at(noon().plus(Duration::from_hours(2)));
    let lost = now.when(&lose()).after();
    for parcel in [now, lost] {
        for early in [Timestamp::EPOCH, noon().plus(Duration::from_mins(59))] {
            let before = ConfirmDelivery { delivered_at: Some(early), ..arrive() };
            parcel.when(&before).refused("INVALID_TIME");
        }
        let at = noon().plus(Duration::from_hours(1));
        let same_time = ConfirmDelivery { delivered_at: Some(at), ..arrive() };
        parcel.when(&same_time).then(&[delivered(at)]);
    }
}

#[test]
fn a_known_delivery_or_loss_is_not_replaced_by_another_one() {
    let arrived = on_its_way().when(&arrive()).after().at(noon().plus(Duration::from_hours(2)));
    arrived.when(&ConfirmDelivery { delivered_at: Some(noon()), ..arrive() }).nothing();
    let other = ConfirmDelivery { delivered_at: Some(noon().plus(Duration::from_hours(1))), ..arrive() };
    arrived.when(&other).refused("ALREADY_DELIVERED");
    let burnt = ReportLost { reason: Some("burnt".to_owned()), ..lose() };
    let lost = on_its_way().when(&burnt).events(1).again().nothing().after();
    lost.when(&lose()).nothing();
    lost.when(&ReportLost { reason: Some("stolen".to_owned()), ..lose() }).refused("ALREADY_LOST");
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
