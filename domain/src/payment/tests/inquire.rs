use super::*;
use crate::payment::{CancelPayment, INQUIRY, InquireStep, ProviderAsk, provider_call};
use crate::{Aggregate, Deadline};

fn step() -> PaymentStep {
    PaymentStep::authorize(1)
}

fn in_a_minute() -> Timestamp {
    noon().plus(Duration::from_mins(1))
}

fn inquire() -> InquireStep {
    InquireStep { order_id: order_id() }
}

fn state(given: &Given) -> Payment {
    given.state(&order_id().payment_stream())
}

#[test]
fn a_step_without_an_answer_is_asked_about_and_never_called_again_blindly() {
    let silent = authorize_says(1, AuthorizeOutcome::Unknown);
    let then = happened([requested(1, "first")]).when(&silent).then(&[unknown(step(), in_a_minute())]);
    let then = then.again().nothing().after();
    assert_eq!(state(&then).deadline(), Some(Deadline { at: in_a_minute(), kind: INQUIRY }));
    then.when(&inquire()).nothing();
    let then = then.at(in_a_minute()).when(&inquire()).then(&[inquiry(step(), 0)]).again().nothing().after();
    assert_eq!(state(&then).deadline(), None);
    then.when(&authorize_says(1, granted(1))).then(&[authorized(1)]).again().nothing();
}

#[test]
fn a_provider_that_still_does_not_know_is_asked_again_later() {
    let story = [requested(1, "first"), unknown(step(), noon()), inquiry(step(), 0)];
    let silent = authorize_says(1, AuthorizeOutcome::Unknown);
    let then = happened(story).when(&silent).then(&[unknown(step(), in_a_minute())]).after();
    then.at(in_a_minute()).when(&inquire()).then(&[inquiry(step(), 1)]);
}

#[test]
fn a_call_that_never_arrived_is_made_again_under_the_same_key() {
    let story = [requested(1, "first"), unknown(step(), noon()), inquiry(step(), 0)];
    let lost = authorize_says(1, AuthorizeOutcome::NeverArrived);
    let then = happened(story).when(&lost).then(&[requested(1, "first")]).after();
    assert_eq!(state(&then).book().attempt(), 1);
    then.when(&authorize_says(1, granted(1))).then(&[authorized(1)]);
}

#[test]
fn a_call_that_never_arrived_is_not_made_for_an_order_that_is_over() {
    let story = [requested(1, "first"), unknown(step(), noon()), cancelled(), inquiry(step(), 0)];
    let lost = authorize_says(1, AuthorizeOutcome::NeverArrived);
    happened(story).when(&lost).then(&[declined(1, DeclineCode::Declined, 2)]);
}

#[test]
fn never_arrived_is_only_believed_when_the_provider_was_asked() {
    let lost = authorize_says(1, AuthorizeOutcome::NeverArrived);
    happened([requested(1, "first")]).when(&lost).then(&[unknown(step(), in_a_minute())]).again().nothing();
}

#[test]
fn captures_and_refunds_without_an_answer_are_asked_about_too() {
    let capture = PaymentStep::capture(parcel(1), 1);
    let story = [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000)];
    let silent = capture_says(1, 1, MoneyOutcome::Unknown);
    let then = happened(story).when(&silent).then(&[unknown(capture.clone(), in_a_minute())]).after();
    let then = then.at(in_a_minute()).when(&inquire()).then(&[inquiry(capture, 0)]).after();
    let lost = capture_says(1, 1, MoneyOutcome::NeverArrived);
    then.when(&lost).then(&[capture_requested(1, 1, 6_000)]);
    let over = then.when(&CancelPayment { order_id: order_id() }).then(&[cancelled()]).after();
    over.when(&lost).then(&[capture_failed(1, 1, 6_000, "NEVER_ARRIVED"), void_requested(1)]);
}

#[test]
fn every_call_of_a_step_carries_the_same_key_inquiries_included() {
    let keys = [requested(1, "first"), inquiry(step(), 0), inquiry(step(), 1)]
        .map(|event| provider_call(&event).map(|call| call.idempotency_key()));
    assert_eq!(keys, [(); 3].map(|()| Some(format!("{}/authorize:1", order_id()))));
}

#[test]
fn only_intents_ask_for_a_call() {
    let ask = |event| provider_call(&event).map(|call| call.ask);
    let (provider_ref, amount) = ("ref-1".to_owned(), eur(6_000));
    let payment_token = token("first");
    assert_eq!(
        ask(requested(1, "first")),
        Some(ProviderAsk::Authorize { amount: eur(10_000), payment_token })
    );
    let taking = ProviderAsk::Capture { amount, provider_ref: provider_ref.clone() };
    assert_eq!(ask(capture_requested(1, 1, 6_000)), Some(taking));
    let refunding = ProviderAsk::Refund { amount, provider_ref: provider_ref.clone() };
    assert_eq!(ask(refund_requested("r", 1, 6_000)), Some(refunding));
    assert_eq!(ask(void_requested(1)), Some(ProviderAsk::Void { amount: eur(10_000), provider_ref }));
    assert_eq!(ask(inquiry(step(), 3)), Some(ProviderAsk::Inquire));
    for outcome in
        [authorized(1), action_required(), cancelled(), remainder(1), expired(), captured(1, 1, 1, 1)]
    {
        assert_eq!(ask(outcome), None);
    }
}
