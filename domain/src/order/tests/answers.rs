use schemas::life_cycle::PaymentStatus;
use schemas::order::{
    OrderPaymentFailed, OrderPaymentRetryRequested, OrderStockConfirmed, OrderStockRejected,
};
use schemas::reservation::Shortage;

use super::*;

fn stock_rejected() -> (StockAnswered, Vec<Shortage>) {
    let shortages = vec![Shortage { sku: TEA.parse().unwrap(), requested: 3, available: 1 }];
    let answer = StockAnswer::Rejected(shortages.clone());
    (StockAnswered { order_id: order_id(), answer, rules: rules() }, shortages)
}

fn retry(token: &str) -> RetryPayment {
    RetryPayment { order_id: order_id(), payment_token: sealed(token) }
}

fn number() -> String {
    "10-000001".to_owned()
}

#[test]
fn reserved_stock_asks_for_the_payment() {
    let confirmed = OrderStockConfirmed {
        order_id: order_id(),
        order_number: number(),
        lines: stock(2),
        amount: euro(GRAND),
        payment_token: sealed("token"),
        expires_at: noon().plus(Duration::from_mins(15)),
    };
    placed().when(&stock_confirmed(2)).then(&[OrderEvent::from(confirmed)]).again().nothing();
}

#[test]
fn short_stock_ends_the_order() {
    let (answer, shortages) = stock_rejected();
    let rejected = OrderStockRejected { order_id: order_id(), order_number: number(), shortages };
    let then = placed().when(&answer).then(&[OrderEvent::from(rejected)]);
    assert_eq!(status(&then.again().nothing().after()), OrderStatus::Rejected);
}

#[test]
fn an_answer_about_stock_that_comes_too_late_changes_nothing() {
    let cancelled = after(placed(), &[&cancel()]);
    cancelled.when(&stock_confirmed(1)).nothing();
    cancelled.when(&stock_rejected().0).nothing();
    confirmed(1).when(&stock_rejected().0).nothing();
    nothing_yet().when(&stock_confirmed(1)).nothing();
}

#[test]
fn an_authorised_payment_confirms_the_order() {
    let changes = reserved(2).when(&authorized(later(24 * 7))).changes();
    assert_eq!(names(&changes), ["OrderPaymentAuthorized", "OrderConfirmed"]);
    let event = the!(changes, OrderConfirmed);
    assert_eq!((event.lines, event.ship_to), (stock(2), sealed("address")));
    assert_eq!((event.fulfil_by, event.authorized_until), (later(72), later(24 * 7)));
    let given = reserved(2).when(&authorized(later(24 * 7))).again().nothing().after();
    assert_eq!(
        (status(&given), order(&given).payment()),
        (OrderStatus::Confirmed, PaymentStatus::Authorized)
    );
}

#[test]
fn a_declined_payment_leaves_the_order_waiting_for_another_way_to_pay() {
    let failed = OrderPaymentFailed {
        order_id: order_id(),
        order_number: number(),
        code: DeclineCode::InsufficientFunds,
        retryable: true,
        attempts_left: 2,
    };
    let answer = declined(DeclineCode::InsufficientFunds, 2);
    let then = reserved(1).when(&answer).then(&[OrderEvent::from(failed)]).again().nothing();
    assert_eq!(order(&then.after()).payment(), PaymentStatus::Failed);
}

#[test]
fn the_last_declined_payment_cancels_the_order() {
    for answer in [declined(DeclineCode::Declined, 0), declined(DeclineCode::Fraud, 2)] {
        let changes = reserved(2).when(&answer).changes();
        assert_eq!(names(&changes), ["OrderPaymentFailed", "OrderCancelled"]);
        let event = the!(changes, OrderCancelled);
        assert_eq!((event.reason, event.stage), (CancelReason::PaymentFailed, OrderStatus::StockConfirmed));
        assert_eq!((event.held, event.skus), (stock(2), vec![TEA.parse().unwrap()]));
        reserved(2).when(&answer).again().nothing();
    }
}

#[test]
fn an_answer_about_the_payment_that_comes_too_late_changes_nothing() {
    let cancelled = after(reserved(1), &[&cancel()]);
    cancelled.when(&authorized(later(1))).nothing();
    cancelled.when(&declined(DeclineCode::Declined, 0)).nothing();
    confirmed(1).when(&declined(DeclineCode::Declined, 0)).nothing();
    placed().when(&authorized(later(1))).nothing();
    nothing_yet().when(&authorized(later(1))).nothing();
}

#[test]
fn after_a_failed_payment_another_way_can_be_tried_and_an_old_no_is_not_heard_again() {
    let no = declined(DeclineCode::Declined, 2);
    let requested = OrderPaymentRetryRequested {
        order_id: order_id(),
        order_number: number(),
        amount: euro(GRAND),
        payment_token: sealed("other"),
    };
    let retry = retry("other");
    let then = after(reserved(1), &[&no]).when(&retry).then(&[OrderEvent::from(requested)]).again().nothing();
    let given = then.after();
    assert_eq!(order(&given).payment(), PaymentStatus::Pending);
    given.when(&no).nothing();
    given.when(&declined(DeclineCode::Declined, 1)).events(1);
    assert_eq!(status(&given.when(&authorized(later(9))).after()), OrderStatus::Confirmed);
}

#[test]
fn there_is_nothing_to_retry_unless_a_payment_has_failed() {
    nothing_yet().when(&retry("other")).refused("NOT_FOUND");
    placed().when(&retry("other")).refused_for_now("ILLEGAL_TRANSITION");
    reserved(1).when(&retry("other")).refused_for_now("ILLEGAL_TRANSITION");
    confirmed(1).when(&retry("other")).refused("ILLEGAL_TRANSITION");
}
