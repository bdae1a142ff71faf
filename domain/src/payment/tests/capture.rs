use super::*;
use crate::given::nothing_yet;
use crate::payment::{RequestCapture, RetryCapture, SettleCancelledLines};

fn capture(number: u32, minor: i64, last: bool) -> RequestCapture {
    RequestCapture { order_id: order_id(), shipment_id: parcel(number), amount: eur(minor), last }
}

fn paid() -> Given {
    happened([requested(1, "first"), authorized(1)])
}

fn too_late() -> Timestamp {
    until().plus(Duration::from_millis(1))
}

#[test]
fn each_parcel_that_leaves_is_captured_once() {
    let first = capture(1, 6_000, false);
    let then = paid().when(&first).then(&[capture_requested(1, 1, 6_000)]).again().nothing();
    then.after().when(&capture(2, 4_000, true)).then(&[capture_requested(2, 1, 4_000)]).again().nothing();
}

#[test]
fn with_the_last_parcel_the_rest_is_let_go_once() {
    let last = capture(1, 6_000, true);
    paid().when(&last).then(&[capture_requested(1, 1, 6_000), remainder(4_000)]).again().nothing();
}

#[test]
fn captures_add_up_as_they_are_answered_and_are_quiet_when_repeated() {
    let asked = [
        requested(1, "first"),
        authorized(1),
        capture_requested(1, 1, 6_000),
        capture_requested(2, 1, 4_000),
    ];
    let second = capture_says(2, 1, MoneyOutcome::Done);
    let first = capture_says(1, 1, MoneyOutcome::Done);
    let then = happened(asked).when(&second).then(&[captured(2, 1, 4_000, 4_000)]).again().nothing().after();
    then.when(&first).then(&[captured(1, 1, 6_000, 10_000)]).again().nothing();
}

#[test]
fn never_more_is_taken_than_was_authorised() {
    let code = "EXCEEDS_AUTHORIZATION";
    let asked = [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000)];
    happened(asked)
        .when(&capture(2, 4_001, false))
        .then(&[capture_failed(2, 1, 4_001, code)])
        .again()
        .nothing();
}

#[test]
fn a_voided_authorisation_cannot_be_captured() {
    let story = [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000), remainder(4_000)];
    happened(story).when(&capture(2, 1, false)).then(&[capture_failed(2, 1, 1, "EXCEEDS_AUTHORIZATION")]);
}

#[test]
fn an_authorisation_that_lapsed_fails_the_capture_and_says_so_once() {
    let code = "AUTHORIZATION_EXPIRED";
    let first = capture(1, 6_000, false);
    let late = paid().at(too_late()).when(&first);
    let late = late.then(&[expired(), capture_failed(1, 1, 6_000, code)]).again().nothing().after();
    late.when(&capture(2, 4_000, true)).then(&[capture_failed(2, 1, 4_000, code)]);
}

#[test]
fn the_last_instant_of_an_authorisation_is_early_enough() {
    paid().at(until()).when(&capture(1, 6_000, false)).then(&[capture_requested(1, 1, 6_000)]);
}

#[test]
fn a_capture_that_never_arrived_is_repeated_only_after_an_inquiry() {
    let step = PaymentStep::capture(parcel(1), 1);
    let never = capture_says(1, 1, MoneyOutcome::NeverArrived);
    let asked = happened([requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000)]);
    let ask_at = noon().plus(rules().inquiry);
    let unknown = asked.when(&never).then(&[unknown(step.clone(), ask_at)]).again().nothing().after();
    let inquired = unknown.and::<Payment>(order_id().payment_stream(), [inquiry(step, 0)]);
    inquired.when(&never).then(&[capture_requested(1, 1, 6_000)]);
}

#[test]
fn a_provider_that_calls_the_authorisation_lapsed_is_believed() {
    let code = "AUTHORIZATION_EXPIRED";
    let asked = [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000)];
    let no = capture_says(1, 1, failed(code));
    happened(asked).when(&no).then(&[expired(), capture_failed(1, 1, 6_000, code)]).again().nothing();
}

#[test]
fn a_capture_without_an_authorisation_fails_and_is_told() {
    nothing_yet().when(&capture(1, 100, false)).then(&[capture_failed(1, 1, 100, "NOT_AUTHORIZED")]);
    let pending = happened([requested(1, "first")]);
    pending.when(&capture(1, 100, false)).then(&[capture_failed(1, 1, 100, "AUTHORIZATION_PENDING")]);
}

#[test]
fn nothing_is_captured_for_an_order_that_is_over() {
    happened([requested(1, "first"), cancelled()]).when(&capture(1, 100, true)).nothing();
}

#[test]
fn a_failed_capture_is_repeated_under_a_new_number_when_a_human_says_so() {
    let story = [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000), remainder(4_000)];
    let no = capture_says(1, 1, failed("processing_error"));
    let then =
        happened(story).when(&no).then(&[capture_failed(1, 1, 6_000, "processing_error")]).again().nothing();
    let retry = RetryCapture { order_id: order_id(), shipment_id: Some(parcel(1)) };
    let then = then.after().when(&retry).then(&[capture_requested(1, 2, 6_000)]).again().nothing().after();
    then.when(&no).nothing();
}

#[test]
fn a_retry_without_a_parcel_repeats_all_that_failed_and_only_that() {
    let story = [
        requested(1, "first"),
        authorized(1),
        capture_requested(1, 1, 6_000),
        captured(1, 1, 6_000, 6_000),
        capture_failed(2, 1, 3_000, "processing_error"),
    ];
    let retry = RetryCapture { order_id: order_id(), shipment_id: None };
    happened(story).when(&retry).then(&[capture_requested(2, 2, 3_000)]).again().nothing();
    nothing_yet().when(&retry).nothing();
}

#[test]
fn lines_that_will_not_come_are_let_go_once_every_parcel_has_left() {
    let settle = |due| SettleCancelledLines {
        order_id: order_id(),
        refund_id: "lines-7".to_owned(),
        refund_due: eur(due),
    };
    let story =
        [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000), captured(1, 1, 6_000, 6_000)];
    happened(story.clone()).when(&settle(0)).then(&[remainder(4_000)]).again().nothing();
    let both = [remainder(4_000), refund_requested("lines-7", 1, 1_000)];
    happened(story).when(&settle(1_000)).then(&both).again().nothing();
}

#[test]
fn the_amount_of_a_failed_capture_stays_authorised() {
    let story = [requested(1, "first"), authorized(1), capture_failed(1, 1, 6_000, "processing_error")];
    happened(story).when(&capture(2, 1_000, true)).then(&[capture_requested(2, 1, 1_000), remainder(3_000)]);
}
