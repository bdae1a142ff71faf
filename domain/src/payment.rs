//! The payment of an order, stream `payment-{orderId}`: what was set aside, taken, let go and given back.
//!
//! Invariants: what is taken of an authorisation never exceeds it; what is given back never exceeds what was taken; when
//! the order is over, money that is set aside is let go and money that was taken is given back; a step is asked of the
//! provider under one key, and repeated under a new number only after a definite no.

use schemas::payment::PaymentEvent;
use schemas::{OrderId, StreamId};

use crate::{Aggregate, Changes, Deadline, Reads, Refusal, Seen};

mod authorize;
mod book;
mod cancel;
mod capture;
mod chargeback;
pub mod provider;
mod refund;
#[cfg(test)]
mod tests;

pub use authorize::{CompleteAction, Confirmation, Reauthorize, RequestPayment};
pub use book::{Book, Capture, CaptureSituation, Refund, RefundSituation, Try, TrySituation, Unanswered};
pub use cancel::CancelPayment;
pub use capture::{RequestCapture, RetryCapture, SettleCancelledLines};
pub use chargeback::RecordChargeback;
pub use provider::{
    AuthorizeOutcome, INQUIRY, InquireStep, MoneyOutcome, ProviderAnswer, ProviderAnswered, ProviderAsk,
    ProviderCall, provider_call,
};
pub use refund::{RequestRefund, RetryRefunds};

/// Where the payment of an order stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Payment {
    /// Nobody has asked for money.
    #[default]
    NotAsked,
    /// The order wants to be paid.
    Wanted(Book),
    /// The order is over: whatever is or gets set aside is let go, whatever was taken is given back.
    Unwanted(Book),
}

static NOTHING: Book = Book::new();

impl Payment {
    /// What has happened with the provider so far.
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

/// A payment in the course of one decision: each event that is told changes what the next rule sees.
struct Draft {
    order_id: OrderId,
    payment: Payment,
    events: Vec<PaymentEvent>,
}

impl Draft {
    fn tell(&mut self, event: impl Into<PaymentEvent>) {
        let event = event.into();
        self.payment = std::mem::take(&mut self.payment).evolve(&event);
        self.events.push(event);
    }

    fn book(&self) -> &Book {
        self.payment.book()
    }
}

fn reads(order_id: OrderId) -> Reads {
    Reads::stream::<Payment>(order_id.payment_stream())
}

/// Decides on a payment; afterwards a payment that nobody wants any more has let go of what it can.
fn decide(
    order_id: OrderId,
    seen: &Seen,
    rule: impl FnOnce(&mut Draft) -> Result<(), Refusal>,
) -> Result<Changes, Refusal> {
    let stream: StreamId = order_id.payment_stream();
    let mut draft = Draft { order_id, payment: seen.state(&stream), events: Vec::new() };
    rule(&mut draft)?;
    cancel::let_go(&mut draft);
    Ok(Changes::of(&stream, draft.events))
}
