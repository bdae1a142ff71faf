use super::*;
use crate::given::nothing_yet;
use crate::payment::{CompleteAction, Confirmation, Reauthorize};

fn complete(confirmation: Confirmation) -> CompleteAction {
    CompleteAction { order_id: order_id(), confirmation, rules: rules() }
}

fn approved() -> CompleteAction {
    complete(Confirmation::Approved { authorized_until: Some(until()) })
}

#[test]
fn the_bank_is_asked_once_when_the_stock_is_there() {
    nothing_yet().when(&request()).then(&[requested(1, "first")]).again().nothing();
}

#[test]
fn another_way_to_pay_is_tried_after_a_no_but_never_beside_an_open_try() {
    let retry = RequestPayment { payment_token: token("second"), ..request() };
    let no = declined(1, DeclineCode::Declined, 2);
    happened([requested(1, "first"), no]).when(&retry).then(&[requested(2, "second")]).again().nothing();
    happened([requested(1, "first")]).when(&retry).nothing();
    happened([requested(1, "first"), action_required()]).when(&retry).nothing();
    happened([requested(1, "first"), authorized(1)]).when(&retry).nothing();
}

#[test]
fn a_token_that_was_declined_is_not_tried_again_by_a_late_event() {
    happened([requested(1, "first"), declined(1, DeclineCode::Declined, 2)]).when(&request()).nothing();
}

#[test]
fn an_order_that_has_ended_is_not_paid() {
    happened([cancelled()]).when(&request()).nothing();
}

#[test]
fn a_yes_authorises_and_is_quiet_when_repeated() {
    let yes = authorize_says(1, granted(1));
    happened([requested(1, "first")]).when(&yes).then(&[authorized(1)]).again().nothing();
}

#[test]
fn a_no_counts_the_tries_that_are_left() {
    let no = |attempt, code| authorize_says(attempt, AuthorizeOutcome::Declined { code });
    happened([requested(1, "first")])
        .when(&no(1, DeclineCode::InsufficientFunds))
        .then(&[declined(1, DeclineCode::InsufficientFunds, 2)])
        .again()
        .nothing();
    let twice_no = [
        declined(1, DeclineCode::Declined, 2),
        requested(2, "second"),
        declined(2, DeclineCode::Declined, 1),
    ];
    let third = [requested(1, "first")].into_iter().chain(twice_no).chain([requested(3, "third")]);
    happened(third).when(&no(3, DeclineCode::Declined)).then(&[declined(3, DeclineCode::Declined, 0)]);
}

#[test]
fn suspected_fraud_leaves_no_attempt() {
    let fraud = authorize_says(1, AuthorizeOutcome::Declined { code: DeclineCode::Fraud });
    happened([requested(1, "first")]).when(&fraud).then(&[declined(1, DeclineCode::Fraud, 0)]);
}

#[test]
fn an_answer_to_an_earlier_attempt_or_to_none_changes_nothing() {
    let story = [requested(1, "first"), declined(1, DeclineCode::Declined, 2), requested(2, "second")];
    happened(story).when(&authorize_says(1, granted(1))).nothing();
    nothing_yet().when(&authorize_says(1, granted(1))).nothing();
}

#[test]
fn an_attempt_with_an_outcome_is_neither_lost_nor_unknown_later() {
    let stories = [
        vec![requested(1, "first"), authorized(1)],
        vec![requested(1, "first"), declined(1, DeclineCode::Declined, 2)],
        vec![requested(1, "first"), action_required()],
    ];
    for story in stories {
        for late in [AuthorizeOutcome::NeverArrived, AuthorizeOutcome::Unknown] {
            happened(story.clone()).when(&authorize_says(1, late)).nothing();
        }
    }
}

#[test]
fn an_answer_to_another_kind_of_step_is_refused() {
    let odd = answer(PaymentStep::authorize(1), ProviderAnswer::Void(MoneyOutcome::Done));
    happened([requested(1, "first")]).when(&odd).refused("WRONG_ANSWER");
}

#[test]
fn an_authorisation_that_ends_at_an_impossible_time_is_refused_and_one_that_has_ended_is_not() {
    let until = |until| {
        let provider_ref = "ref-1".to_owned();
        authorize_says(1, AuthorizeOutcome::Authorized { provider_ref, authorized_until: until })
    };
    let ended = [requested(1, "first"), cancelled()];
    for story in [
        happened([requested(1, "first")]),
        happened([requested(1, "first"), action_required()]),
        happened(ended),
    ] {
        for wrong in
            [Timestamp::EPOCH, noon().plus(Duration::from_hours(24 * 367)), Timestamp::from_millis(i64::MAX)]
        {
            let refusal = story.when(&until(wrong)).refused("WRONG_ANSWER");
            assert!(refusal.message.contains(&wrong.to_string()), "{refusal}");
        }
    }
    // Found out by an inquiry, a week too late: the order then asks for another authorisation.
    let past = Timestamp::from_millis(noon().as_millis() - 60_000);
    happened([requested(1, "first")]).when(&until(past)).events(1);
}

#[test]
fn the_customer_is_sent_to_the_bank_and_comes_back_with_a_yes() {
    let outcome = AuthorizeOutcome::ActionRequired {
        action_url: "https://bank.example/1".to_owned(),
        provider_ref: "ref-1".to_owned(),
    };
    let go_there = authorize_says(1, outcome);
    let asked = happened([requested(1, "first")]).when(&go_there).then(&[action_required()]);
    let asked = asked.again().nothing().after();
    let approved = asked.when(&approved()).then(&[authorized(1)]).again().nothing().after();
    approved.when(&complete(Confirmation::Approved { authorized_until: None })).nothing();
    let longer = Some(until().plus(Duration::from_hours(1)));
    let other = complete(Confirmation::Approved { authorized_until: longer });
    approved.when(&other).refused("ILLEGAL_TRANSITION");
}

#[test]
fn an_authorisation_lasts_until_a_time_in_the_next_year_or_for_a_week() {
    let asked = happened([requested(1, "first"), action_required()]);
    for wrong in
        [Timestamp::EPOCH, noon().plus(Duration::from_hours(24 * 367)), Timestamp::from_millis(i64::MAX)]
    {
        let wrong = complete(Confirmation::Approved { authorized_until: Some(wrong) });
        let refusal = asked.when(&wrong).refused("INVALID_TIME");
        assert_eq!(refusal.errors[0].field.as_deref(), Some("authorizedUntil"));
    }
    let default = complete(Confirmation::Approved { authorized_until: None });
    let events = asked.when(&default).changes().events_of::<PaymentEvent>();
    let [PaymentEvent::PaymentAuthorized(event)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.authorized_until, noon().plus(Duration::from_hours(7 * 24)));
}

#[test]
fn the_customer_who_does_not_confirm_is_declined_and_may_try_again() {
    let no = complete(Confirmation::Refused);
    let asked = happened([requested(1, "first"), action_required()]);
    asked.when(&no).then(&[declined(1, DeclineCode::ActionFailed, 2)]).again().nothing();
}

#[test]
fn nothing_is_confirmed_that_does_not_wait_for_the_customer() {
    nothing_yet().when(&approved()).refused_for_now("NOT_FOUND");
    happened([requested(1, "first")]).when(&approved()).refused_for_now("ILLEGAL_TRANSITION");
    let no = declined(1, DeclineCode::ActionFailed, 2);
    happened([requested(1, "first"), action_required(), no]).when(&approved()).refused("ILLEGAL_TRANSITION");
    let refused = complete(Confirmation::Refused);
    happened([requested(1, "first"), authorized(1)]).when(&refused).refused("ILLEGAL_TRANSITION");
}

#[test]
fn a_lapsed_authorisation_is_asked_for_again_with_the_amount_and_token_that_are_known() {
    let again = Reauthorize { order_id: order_id(), amount: None, payment_token: None };
    let lapsed = happened([requested(1, "first"), authorized(1)]).at(until());
    lapsed.when(&again).then(&[requested(2, "first")]).again().nothing();
}

#[test]
fn a_valid_authorisation_is_not_requested_again() {
    let again = Reauthorize { order_id: order_id(), amount: None, payment_token: Some(token("second")) };
    happened([requested(1, "first"), authorized(1)]).when(&again).nothing();
    nothing_yet().when(&again).nothing();
    happened([requested(1, "first"), authorized(1), expired(), cancelled()]).when(&again).nothing();
}

#[test]
fn what_could_not_be_taken_for_want_of_an_authorisation_is_taken_when_there_is_one() {
    let code = "AUTHORIZATION_EXPIRED";
    let story = [requested(1, "first"), authorized(1), expired(), capture_failed(1, 1, 6_000, code)];
    let PaymentEvent::PaymentCaptureRequested(capture) = capture_requested(1, 2, 6_000) else {
        unreachable!()
    };
    let capture = PaymentCaptureRequested { provider_ref: "ref-2".to_owned(), ..capture };
    happened(story)
        .and::<Payment>(order_id().payment_stream(), [requested(2, "second")])
        .when(&authorize_says(2, granted(2)))
        .then(&[authorized(2), capture.into()])
        .again()
        .nothing();
}
