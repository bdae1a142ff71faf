//! Tests of the rules of payments.

use std::sync::Arc;
use std::time::Duration;

use schemas::payment::*;
use schemas::{Currency, Money, OrderId, Sealed, ShipmentId, Timestamp};

use super::{AuthorizeOutcome, MoneyOutcome, Payment, ProviderAnswer, ProviderAnswered, RequestPayment};
use crate::ShopRules;
use crate::given::{Given, given, noon};

mod authorize;
mod cancel;
mod capture;
mod inquire;
mod properties;
mod refund;

fn order_id() -> OrderId {
    OrderId::derived(&["1"])
}

fn parcel(number: u32) -> ShipmentId {
    ShipmentId::derived(&[&number.to_string()])
}

fn eur(minor: i64) -> Money {
    Currency::EUR.minor(minor)
}

fn token(name: &str) -> Sealed {
    Sealed { subject: "order-1".to_owned(), alg: "XC20P".to_owned(), data: name.to_owned() }
}

fn rules() -> Arc<ShopRules> {
    Arc::new(ShopRules::default())
}

fn until() -> Timestamp {
    noon().plus(Duration::from_hours(24 * 7))
}

/// An authorisation of 100 euros is requested with the first token.
fn request() -> RequestPayment {
    RequestPayment { order_id: order_id(), amount: eur(10_000), payment_token: token("first") }
}

fn answer(step: PaymentStep, answer: ProviderAnswer) -> ProviderAnswered {
    ProviderAnswered { order_id: order_id(), step, answer, rules: rules() }
}

fn authorize_says(attempt: u32, outcome: AuthorizeOutcome) -> ProviderAnswered {
    answer(PaymentStep::authorize(attempt), ProviderAnswer::Authorize(outcome))
}

fn capture_says(number: u32, attempt: u32, outcome: MoneyOutcome) -> ProviderAnswered {
    answer(PaymentStep::capture(parcel(number), attempt), ProviderAnswer::Capture(outcome))
}

fn granted(attempt: u32) -> AuthorizeOutcome {
    AuthorizeOutcome::Authorized { provider_ref: format!("ref-{attempt}"), authorized_until: until() }
}

fn failed(code: &str) -> MoneyOutcome {
    MoneyOutcome::Failed { code: code.to_owned() }
}

fn happened(events: impl IntoIterator<Item = PaymentEvent>) -> Given {
    given::<Payment>(order_id().payment_stream(), events)
}

fn requested(attempt: u32, name: &str) -> PaymentEvent {
    let (step, amount) = (PaymentStep::authorize(attempt), eur(10_000));
    PaymentRequested { order_id: order_id(), step, attempt, amount, payment_token: token(name) }.into()
}

fn authorized(attempt: u32) -> PaymentEvent {
    PaymentAuthorized {
        order_id: order_id(),
        step: PaymentStep::authorize(attempt),
        amount: eur(10_000),
        provider_ref: format!("ref-{attempt}"),
        authorized_until: until(),
    }
    .into()
}

fn declined(attempt: u32, code: DeclineCode, attempts_left: u32) -> PaymentEvent {
    let (step, retryable) = (PaymentStep::authorize(attempt), code.retryable());
    PaymentDeclined { order_id: order_id(), step, code, retryable, attempts_left }.into()
}

fn action_required() -> PaymentEvent {
    PaymentActionRequired {
        order_id: order_id(),
        step: PaymentStep::authorize(1),
        action_url: "https://bank.example/1".to_owned(),
        provider_ref: "ref-1".to_owned(),
    }
    .into()
}

fn capture_requested(number: u32, attempt: u32, minor: i64) -> PaymentEvent {
    PaymentCaptureRequested {
        order_id: order_id(),
        step: PaymentStep::capture(parcel(number), attempt),
        shipment_id: parcel(number),
        amount: eur(minor),
        provider_ref: "ref-1".to_owned(),
    }
    .into()
}

fn captured(number: u32, attempt: u32, minor: i64, in_all: i64) -> PaymentEvent {
    PaymentCaptured {
        order_id: order_id(),
        step: PaymentStep::capture(parcel(number), attempt),
        shipment_id: parcel(number),
        amount: eur(minor),
        captured: eur(in_all),
    }
    .into()
}

fn capture_failed(number: u32, attempt: u32, minor: i64, code: &str) -> PaymentEvent {
    PaymentCaptureFailed {
        order_id: order_id(),
        step: PaymentStep::capture(parcel(number), attempt),
        shipment_id: parcel(number),
        amount: eur(minor),
        code: code.to_owned(),
    }
    .into()
}

fn remainder(minor: i64) -> PaymentEvent {
    PaymentRemainderReleased { order_id: order_id(), amount: eur(minor) }.into()
}

fn expired() -> PaymentEvent {
    PaymentAuthorizationExpired { order_id: order_id(), step: PaymentStep::authorize(1), amount: eur(10_000) }
        .into()
}

fn cancelled() -> PaymentEvent {
    PaymentCancelled { order_id: order_id() }.into()
}

fn void_requested(attempt: u32) -> PaymentEvent {
    PaymentVoidRequested {
        order_id: order_id(),
        step: PaymentStep::void(attempt),
        amount: eur(10_000),
        provider_ref: format!("ref-{attempt}"),
    }
    .into()
}

fn refund_requested(id: &str, attempt: u32, minor: i64) -> PaymentEvent {
    RefundRequested {
        order_id: order_id(),
        step: PaymentStep::refund(id, attempt),
        refund_id: id.to_owned(),
        amount: eur(minor),
        provider_ref: "ref-1".to_owned(),
    }
    .into()
}

fn refund_failed(id: &str, attempt: u32, minor: i64, code: &str) -> PaymentEvent {
    RefundFailed {
        order_id: order_id(),
        step: PaymentStep::refund(id, attempt),
        refund_id: id.to_owned(),
        amount: eur(minor),
        code: code.to_owned(),
    }
    .into()
}

fn unknown(step: PaymentStep, ask_at: Timestamp) -> PaymentEvent {
    PaymentOutcomeUnknown { order_id: order_id(), step, ask_at }.into()
}

fn inquiry(step: PaymentStep, asked: u32) -> PaymentEvent {
    PaymentInquiryRequested { order_id: order_id(), step, asked }.into()
}
