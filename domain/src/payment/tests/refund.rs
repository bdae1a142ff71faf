use super::*;
use crate::given::nothing_yet;
use crate::payment::{RecordChargeback, RequestRefund, RetryRefunds};

fn refund(minor: i64) -> RequestRefund {
    RequestRefund {
        order_id: order_id(),
        refund_id: "r".to_owned(),
        amount: eur(minor),
        shipment_id: Some(parcel(1)),
    }
}

fn says(attempt: u32, outcome: MoneyOutcome) -> ProviderAnswered {
    answer(PaymentStep::refund("r", attempt), ProviderAnswer::Refund(outcome))
}

fn taken() -> Given {
    happened([
        requested(1, "first"),
        authorized(1),
        capture_requested(1, 1, 6_000),
        captured(1, 1, 6_000, 6_000),
    ])
}

#[test]
fn money_is_refunded_once_per_refund() {
    let then =
        taken().when(&refund(2_000)).then(&[refund_requested("r", 1, 2_000)]).again().nothing().after();
    let paid = RefundSucceeded {
        order_id: order_id(),
        step: PaymentStep::refund("r", 1),
        refund_id: "r".to_owned(),
        amount: eur(2_000),
        refunded: eur(2_000),
    };
    let then =
        then.when(&says(1, MoneyOutcome::Done)).then(&[PaymentEvent::from(paid)]).again().nothing().after();
    then.when(&refund(2_000)).nothing();
}

#[test]
fn never_more_is_refunded_than_was_taken() {
    let code = "EXCEEDS_CAPTURED";
    let other = RequestRefund { refund_id: "other".to_owned(), ..refund(5_000) };
    let then = taken().when(&other).then(&[refund_requested("other", 1, 5_000)]).after();
    then.when(&refund(1_001)).then(&[refund_failed("r", 1, 1_001, code)]);
    then.when(&refund(1_000)).then(&[refund_requested("r", 1, 1_000)]);
    nothing_yet().when(&refund(1)).then(&[refund_failed("r", 1, 1, code)]);
}

#[test]
fn nothing_is_refunded_for_nothing() {
    taken().when(&refund(0)).nothing();
    taken().when(&refund(-1)).nothing();
}

#[test]
fn a_failed_refund_is_repeated_under_a_new_number_when_a_human_says_so() {
    let no = says(1, failed("account_closed"));
    let then = taken().when(&refund(2_000)).after().when(&no).then(&[refund_failed(
        "r",
        1,
        2_000,
        "account_closed",
    )]);
    let then = then.again().nothing().after();
    let retry = RetryRefunds { order_id: order_id() };
    then.when(&retry).then(&[refund_requested("r", 2, 2_000)]).again().nothing().after().when(&no).nothing();
    then.when(&refund(2_000)).then(&[refund_requested("r", 2, 2_000)]).again().nothing();
}

#[test]
fn a_retry_is_quiet_where_no_refund_failed() {
    taken().when(&RetryRefunds { order_id: order_id() }).nothing();
}

#[test]
fn a_chargeback_is_recorded_once_and_only_of_money_that_was_taken() {
    let chargeback =
        RecordChargeback { order_id: order_id(), amount: eur(6_000), provider_ref: "dp-1".to_owned() };
    let (amount, provider_ref) = (eur(6_000), "dp-1".to_owned());
    let event = ChargebackReceived { order_id: order_id(), amount, provider_ref };
    let known = taken().when(&chargeback).then(&[PaymentEvent::from(event)]).again().nothing().after();
    let other = RecordChargeback { amount: eur(5_000), ..chargeback.clone() };
    known.when(&other).refused("CHARGEBACK_RECORDED");
    nothing_yet().when(&chargeback).refused_for_now("NOT_FOUND");
    happened([requested(1, "first"), authorized(1)]).when(&chargeback).refused_for_now("NOTHING_CAPTURED");
}
