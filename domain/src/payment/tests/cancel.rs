use super::*;
use crate::given::nothing_yet;
use crate::payment::CancelPayment;

fn cancel() -> CancelPayment {
    CancelPayment { order_id: order_id() }
}

fn void_says(outcome: MoneyOutcome) -> ProviderAnswered {
    answer(PaymentStep::void(1), ProviderAnswer::Void(outcome))
}

fn late() -> PaymentEvent {
    LatePaymentDetected { order_id: order_id(), amount: eur(10_000) }.into()
}

#[test]
fn a_payment_cancelled_before_its_request_is_never_requested() {
    nothing_yet().when(&cancel()).then(&[cancelled()]).again().nothing().after().when(&request()).nothing();
}

#[test]
fn a_declined_payment_is_only_closed() {
    happened([requested(1, "first"), declined(1, DeclineCode::Fraud, 0)])
        .when(&cancel())
        .then(&[cancelled()]);
}

#[test]
fn money_that_is_set_aside_is_let_go() {
    let story = happened([requested(1, "first"), authorized(1)]);
    let then = story.when(&cancel()).then(&[cancelled(), void_requested(1)]).again().nothing().after();
    let voided = PaymentVoided { order_id: order_id(), step: PaymentStep::void(1), amount: eur(10_000) };
    then.when(&void_says(MoneyOutcome::Done)).then(&[PaymentEvent::from(voided)]).again().nothing();
}

#[test]
fn an_authorisation_that_cannot_be_voided_expires_by_itself() {
    let story = happened([requested(1, "first"), authorized(1), cancelled(), void_requested(1)]);
    let code = "not_found".to_owned();
    let no = PaymentVoidFailed { order_id: order_id(), step: PaymentStep::void(1), code };
    story.when(&void_says(failed("not_found"))).then(&[PaymentEvent::from(no)]).again().nothing();
}

#[test]
fn a_late_authorisation_after_a_cancellation_is_voided() {
    let then = happened([requested(1, "first")]).when(&cancel()).then(&[cancelled()]).after();
    let yes = authorize_says(1, granted(1));
    then.when(&yes).then(&[authorized(1), late(), void_requested(1)]).again().nothing();
}

#[test]
fn an_authorisation_followed_by_a_cancellation_has_the_same_result() {
    let then =
        happened([requested(1, "first")]).when(&authorize_says(1, granted(1))).then(&[authorized(1)]).after();
    then.when(&cancel()).then(&[cancelled(), void_requested(1)]).again().nothing();
}

#[test]
fn a_no_after_the_end_is_only_written_down() {
    let no = authorize_says(1, AuthorizeOutcome::Declined { code: DeclineCode::Declined });
    let story = happened([requested(1, "first"), cancelled()]);
    story.when(&no).then(&[declined(1, DeclineCode::Declined, 2)]).again().nothing();
}

#[test]
fn money_that_the_bank_sets_aside_after_having_said_no_is_let_go_when_the_order_is_over() {
    let story = happened([requested(1, "first"), declined(1, DeclineCode::Declined, 2), cancelled()]);
    story.when(&authorize_says(1, granted(1))).then(&[authorized(1), late(), void_requested(1)]);
}

#[test]
fn money_that_was_taken_is_refunded_and_the_rest_let_go() {
    let story =
        [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000), captured(1, 1, 6_000, 6_000)];
    let refund = refund_requested(&format!("cancelled-{}", parcel(1)), 1, 6_000);
    happened(story).when(&cancel()).then(&[cancelled(), remainder(4_000), refund]).again().nothing();
}

#[test]
fn an_open_capture_decides_whether_money_is_let_go_or_refunded() {
    let story = [requested(1, "first"), authorized(1), capture_requested(1, 1, 6_000)];
    let over = happened(story).when(&cancel()).then(&[cancelled()]).after();
    let refund = refund_requested(&format!("cancelled-{}", parcel(1)), 1, 6_000);
    let taken = [captured(1, 1, 6_000, 6_000), remainder(4_000), refund];
    over.when(&capture_says(1, 1, MoneyOutcome::Done)).then(&taken).again().nothing();
    let no = [capture_failed(1, 1, 6_000, "processing_error"), void_requested(1)];
    over.when(&capture_says(1, 1, failed("processing_error"))).then(&no).again().nothing();
}
