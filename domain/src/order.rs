//! An order: the aggregate that the other contexts react to. Only the order reacts to them, so no other
//! context decides its status.
//!
//! **Invariant:** every order has ended, has a deadline, or waits for a human. **Invariant:** the amounts captured
//! for dispatched parcels add up to the totals without cancelled lines. Events: [`schemas::order`]. Allowed steps per
//! status: [`schemas::life_cycle`].

use std::sync::Arc;

use schemas::life_cycle::{
    FulfilmentStatus, HoldReason, OrderAction, OrderStatus, PaymentStatus, allowed_actions,
};
use schemas::order::{OrderConfirmed, OrderEvent, OrderPlaced, OrderStockConfirmed};
use schemas::reservation::LineAtLocation;
use schemas::{Money, Sealed, Timestamp};

use crate::{Aggregate, Deadline};

mod answers;
mod cancelling;
mod deadlines;
mod draft;
mod fulfilment;
mod hold;
mod holding;
mod money;
mod notes;
mod parcel;
mod placing;
mod pricing;
mod sums;
mod underway;

#[cfg(test)]
mod tests;

pub use answers::{RetryPayment, StockAnswer};
pub use cancelling::{CancelOrder, ParcelCancelled};
pub use fulfilment::ParcelDelivered;
pub use hold::{Hold, Waits};
pub use holding::{PutOnHold, ResolveHold};
pub use money::{
    AuthorizationExpired, CaptureFailed, PaymentCaptured, PaymentVoided, RefundFailed, RefundSucceeded,
};
pub use notes::AddNote;
pub use parcel::{Capture, Parcel, Whereabouts};
pub use placing::{OrderedLine, PlaceOrder};
pub use sums::Share;
pub use underway::{Cancellation, Stage, Underway};

pub(crate) use answers::{PaymentAnswer, PaymentAnswered, StockAnswered};
pub(crate) use deadlines::{
    DELIVERY_DEADLINE, FULFILMENT_DEADLINE, OrderDeadlinePassed, PAYMENT_DEADLINE, RETURN_WINDOW_DEADLINE,
    STOCK_ANSWER_DEADLINE,
};
pub(crate) use fulfilment::{ParcelDispatched, ParcelLost};

// ── State ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The state of an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Order {
    /// The order does not exist yet.
    #[default]
    Unplaced,
    /// Placed; inventory has not answered yet.
    AwaitingStock(Arc<OrderPlaced>),
    /// All lines are reserved; the payment is not authorised yet.
    AwaitingPayment(Box<AwaitingPayment>),
    /// The payment is authorised; includes completed orders.
    Underway(Box<Underway>),
    /// Rejected, expired or cancelled before any parcel left.
    Over(Box<Over>),
}

/// All lines are reserved; the payment is not authorised yet.
#[derive(Clone, Debug, PartialEq)]
pub struct AwaitingPayment {
    placed: Arc<OrderPlaced>,
    held: Vec<LineAtLocation>,
    token: Sealed,
    due_at: Timestamp,
    payment: Try,
}

/// State of the payment attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Try {
    /// An attempt is in progress. `left`: attempts left after the last decline, by which a repeated decline is
    /// recognised.
    Running { left: u32 },
    /// The last attempt was declined; the customer can use another payment method.
    Declined { left: u32 },
    /// The amount is authorised.
    Authorized { until: Timestamp },
}

/// An order that ended before any parcel left. Only payment events can follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Over {
    placed: Arc<OrderPlaced>,
    ending: Ending,
    money: Afterwards,
    refunded: Money,
    holds: Vec<Hold>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Rejected,
    Expired,
    Cancelled,
}

/// The payment after the end of the order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Afterwards {
    /// Unchanged since the end of the order.
    AsItWas(PaymentStatus),
    Voided,
    Refunded,
}

impl Order {
    /// The order's status; `None` if the order does not exist.
    pub fn status(&self) -> Option<OrderStatus> {
        match self {
            Self::Unplaced => None,
            Self::AwaitingStock(_) => Some(OrderStatus::Placed),
            Self::AwaitingPayment(_) => Some(OrderStatus::StockConfirmed),
            Self::Underway(order) => Some(order.stage.status()),
            Self::Over(over) => Some(match over.ending {
                Ending::Rejected => OrderStatus::Rejected,
                Ending::Expired => OrderStatus::Expired,
                Ending::Cancelled => OrderStatus::Cancelled,
            }),
        }
    }

    /// The payment dimension of its status.
    pub fn payment(&self) -> PaymentStatus {
        match self {
            Self::Unplaced | Self::AwaitingStock(_) => PaymentStatus::None,
            Self::AwaitingPayment(order) => match order.payment {
                Try::Running { .. } => PaymentStatus::Pending,
                Try::Declined { .. } => PaymentStatus::Failed,
                Try::Authorized { .. } => PaymentStatus::Authorized,
            },
            Self::Underway(order) => order.payment(),
            Self::Over(over) => match over.money {
                // An authorisation that has not arrived is no longer wanted.
                Afterwards::AsItWas(PaymentStatus::Pending) | Afterwards::Voided => PaymentStatus::Voided,
                Afterwards::AsItWas(payment) => payment,
                Afterwards::Refunded => PaymentStatus::Refunded,
            },
        }
    }

    /// The fulfilment dimension of its status.
    pub fn fulfilment(&self) -> FulfilmentStatus {
        match self {
            Self::Underway(order) => order.fulfilment(),
            _ => FulfilmentStatus::Unfulfilled,
        }
    }

    /// Holds that staff must resolve.
    pub fn holds(&self) -> &[Hold] {
        match self {
            Self::Underway(order) => &order.holds,
            Self::Over(over) => &over.holds,
            _ => &[],
        }
    }

    /// The actions that are allowed now.
    pub fn allowed_actions(&self) -> Vec<OrderAction> {
        let Some(status) = self.status() else { return Vec::new() };
        let holds: Vec<HoldReason> = self.holds().iter().map(|hold| hold.reason).collect();
        let cancelling = matches!(self, Self::Underway(order) if order.cancellation.is_some());
        allowed_actions(status, self.payment(), &holds, cancelling)
    }

    /// The sums without cancelled lines; `None` if the order does not exist.
    pub fn totals(&self) -> Option<schemas::order::Totals> {
        match self {
            Self::Underway(order) => Some(order.totals),
            _ => self.placed().map(|placed| placed.totals),
        }
    }

    /// The event that placed the order.
    fn placed(&self) -> Option<&Arc<OrderPlaced>> {
        match self {
            Self::Unplaced => None,
            Self::AwaitingStock(placed) => Some(placed),
            Self::AwaitingPayment(order) => Some(&order.placed),
            Self::Underway(order) => Some(&order.placed),
            Self::Over(over) => Some(&over.placed),
        }
    }
}

// ── Evolve ─────────────────────────────────────────────────────────────────────────────────────────────────────────

impl Aggregate for Order {
    type Event = OrderEvent;

    fn evolve(self, event: &OrderEvent) -> Self {
        use OrderEvent as E;
        match event {
            E::OrderPlaced(e) => Self::AwaitingStock(Arc::new(e.clone())),
            E::OrderStockConfirmed(e) => self.stock_confirmed(e),
            E::OrderStockRejected(_) => self.ended(Ending::Rejected),
            E::OrderCancelled(_) => self.ended(Ending::Cancelled),
            E::OrderExpired(_) => self.ended(Ending::Expired),
            E::OrderPaymentAuthorized(e) => match self {
                Self::AwaitingPayment(order) => order.trying(Try::Authorized { until: e.authorized_until }),
                other => other.underway(|order| order.reauthorized(e.authorized_until)),
            },
            E::OrderPaymentFailed(e) => match self {
                Self::AwaitingPayment(order) => order.trying(Try::Declined { left: e.attempts_left }),
                other => other.underway(Underway::not_reauthorized),
            },
            E::OrderPaymentRetryRequested(e) => match self {
                Self::AwaitingPayment(order) => order.retrying(&e.payment_token),
                other => other,
            },
            E::OrderConfirmed(e) => self.confirmed(e),
            E::OrderCancellationRequested(e) => self.underway(|order| order.asked(e)),
            E::OrderParcelCancelled(e) => self.underway(|order| order.taken_back(e.shipment_id)),
            E::OrderCancellationRefused(_) => self.underway(|order| order.cancellation = None),
            E::OrderLinesCancelled(e) => self.underway(|order| order.lines_cancelled(e)),
            E::OrderPutOnHold(e) => self.on_hold(Hold::of(e)),
            E::OrderHoldReleased(e) => self.released(e),
            E::OrderHoldResolved(e) => self.resolved(e),
            E::OrderPartiallyShipped(e) => self.underway(|order| order.departed(&e.departure, false)),
            E::OrderShipped(e) => self.underway(|order| order.departed(&e.departure, true)),
            E::OrderParcelDelivered(e) => self.underway(|order| order.arrived(e.shipment_id)),
            E::OrderDelivered(e) => self.underway(|order| order.delivered(e)),
            E::OrderCompleted(_) => self.underway(|order| order.stage = Stage::Completed),
            E::OrderPaymentCaptured(e) => self.underway(|order| order.captured_for(e.shipment_id, e.amount)),
            E::OrderPaymentVoided(_) => self.voided(),
            E::OrderRefunded(e) => self.refunded(e),
            E::OrderOverdue(_) | E::OrderNoteAdded(_) => self,
        }
    }

    fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Unplaced | Self::Over(_) => None,
            Self::AwaitingStock(placed) => {
                Some(Deadline { at: placed.stock_answer_due_at, kind: STOCK_ANSWER_DEADLINE })
            }
            Self::AwaitingPayment(order) => Some(Deadline { at: order.due_at, kind: PAYMENT_DEADLINE }),
            Self::Underway(order) if order.holds.is_empty() => order.stage.deadline(),
            Self::Underway(_) => None,
        }
    }
}

impl Order {
    fn stock_confirmed(self, e: &OrderStockConfirmed) -> Self {
        match self {
            Self::AwaitingStock(placed) => Self::AwaitingPayment(Box::new(AwaitingPayment {
                placed,
                held: e.lines.clone(),
                token: e.payment_token.clone(),
                due_at: e.expires_at,
                payment: Try::Running { left: u32::MAX },
            })),
            other => other,
        }
    }

    fn confirmed(self, e: &OrderConfirmed) -> Self {
        match self {
            Self::AwaitingPayment(order) => {
                Self::Underway(Box::new(Underway::new(order.placed, order.token, e)))
            }
            other => other,
        }
    }

    fn ended(self, ending: Ending) -> Self {
        let Some(placed) = self.placed().cloned() else { return self };
        let (money, refunded) = (Afterwards::AsItWas(self.payment()), placed.currency.zero());
        Self::Over(Box::new(Over { placed, ending, money, refunded, holds: Vec::new() }))
    }

    fn voided(mut self) -> Self {
        if let Self::Over(over) = &mut self {
            over.money = Afterwards::Voided;
        }
        self
    }

    fn refunded(mut self, e: &schemas::order::OrderRefunded) -> Self {
        match &mut self {
            Self::Underway(order) => order.refunded(e),
            Self::Over(over) => {
                over.refunded = e.refunded;
                over.money = Afterwards::Refunded;
            }
            _ => {}
        }
        self
    }

    fn underway(mut self, change: impl FnOnce(&mut Underway)) -> Self {
        if let Self::Underway(order) = &mut self {
            change(order);
        }
        self
    }
}

impl AwaitingPayment {
    fn trying(mut self: Box<Self>, payment: Try) -> Order {
        self.payment = payment;
        Order::AwaitingPayment(self)
    }

    fn retrying(mut self: Box<Self>, token: &Sealed) -> Order {
        self.token = token.clone();
        let left = match self.payment {
            Try::Running { left } | Try::Declined { left } => left,
            Try::Authorized { .. } => u32::MAX,
        };
        self.trying(Try::Running { left })
    }
}
