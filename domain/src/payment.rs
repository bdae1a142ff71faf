//! The payment of an order, stream `payment-{orderId}`: what was authorised, captured, voided and refunded.
//! Invariants: captures never exceed their authorisation; refunds never exceed captures; when the order has ended,
//! authorised money is released and captured money is refunded; a step is sent to the provider with one key, and
//! repeated with a new number only after a definite refusal.

use schemas::payment::PaymentEvent;
use schemas::{OrderId, Timestamp};

use self::draft::PaymentDraft;
use crate::{Aggregate, Changes, Deadline, Draft, Refusal, Seen};

mod authorize;
mod book;
mod cancel;
mod capture;
mod chargeback;
mod draft;
mod outcomes;
pub mod provider;
mod refund;
#[cfg(test)]
mod tests;

pub use authorize::{CompleteAction, Confirmation, Reauthorize};
pub use book::{Book, Capture, CaptureSituation, Refund, RefundSituation, Try, TrySituation, Unanswered};
pub use capture::RetryCapture;
pub use chargeback::RecordChargeback;
pub use provider::{
    AuthorizeOutcome, INQUIRY, InquireStep, MoneyOutcome, ProviderAnswer, ProviderAnswered, ProviderAsk,
    ProviderCall, provider_call,
};

pub(crate) use authorize::RequestPayment;
pub(crate) use cancel::CancelPayment;
pub(crate) use capture::{RequestCapture, SettleCancelledLines};
pub(crate) use refund::{RequestRefund, RetryRefunds};

/// The state of an order's payment.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Payment {
    /// No money has been requested.
    #[default]
    NotAsked,
    /// The order needs the payment.
    Wanted(Book),
    /// The order has ended: authorised money, now or later, is released, and captured money is refunded.
    Unwanted(Book),
}

static NOTHING: Book = Book::new();

impl Payment {
    /// The interaction with the provider so far.
    pub fn book(&self) -> &Book {
        match self {
            Self::NotAsked => &NOTHING,
            Self::Wanted(book) | Self::Unwanted(book) => book,
        }
    }

    fn is_unwanted(&self) -> bool {
        matches!(self, Self::Unwanted(_))
    }
}

impl Aggregate for Payment {
    type Event = PaymentEvent;

    fn evolve(self, event: &PaymentEvent) -> Self {
        let (unwanted, book) = match self {
            Self::NotAsked => (false, Book::new()),
            Self::Wanted(book) => (false, book),
            Self::Unwanted(book) => (true, book),
        };
        let book = book.evolve(event);
        if unwanted || matches!(event, PaymentEvent::PaymentCancelled(_)) {
            Self::Unwanted(book)
        } else {
            Self::Wanted(book)
        }
    }

    fn deadline(&self) -> Option<Deadline> {
        self.book().next_inquiry().map(|at| Deadline { at, kind: INQUIRY })
    }
}

/// Decides on a payment. Afterwards, a payment that is no longer wanted releases all money that it can.
fn decide(
    order_id: OrderId,
    seen: &Seen,
    now: Timestamp,
    rule: impl FnOnce(&mut PaymentDraft<'_>) -> Result<(), Refusal>,
) -> Result<Changes, Refusal> {
    let payment = Draft::of(seen, order_id.payment_stream(), now);
    let mut draft = PaymentDraft { order_id, payment };
    rule(&mut draft)?;
    cancel::settle_unwanted(&mut draft);
    Ok(draft.payment.changes())
}
