//! The answers of inventory and payments, and the retry of a payment.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, Step, WayOut};
use schemas::order::{
    CancelReason, OrderConfirmed, OrderPaymentAuthorized, OrderPaymentFailed, OrderPaymentRetryRequested,
    OrderStockConfirmed, OrderStockRejected,
};
use schemas::payment::DeclineCode;
use schemas::reservation::{LineAtLocation, Shortage};
use schemas::{Money, OrderId, Sealed, Timestamp};

use super::draft::{OrderDraft, order_decision};
use super::{AwaitingPayment, Cancellation, Order, Try, Waits};
use crate::one_stream::one_stream;
use crate::{Draft, Refusal, ShopRules};

// ── Stock ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Inventory answered whether it could reserve the order's lines.
#[derive(Clone, Debug)]
pub(crate) struct StockAnswered {
    pub order_id: OrderId,
    pub answer: StockAnswer,
    pub rules: Arc<ShopRules>,
}

#[derive(Clone, Debug)]
pub enum StockAnswer {
    /// All lines are reserved at these locations.
    Confirmed(Vec<LineAtLocation>),
    /// Nothing is reserved because of these shortages.
    Rejected(Vec<Shortage>),
}

order_decision!(reaction StockAnswered);

impl StockAnswered {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let (order_id, order_number) = draft.named();
        match &self.answer {
            StockAnswer::Confirmed(lines) if draft.allows(Step::StockConfirmed) => {
                draft.append(OrderStockConfirmed {
                    order_id,
                    order_number,
                    lines: lines.clone(),
                    amount: draft.placed.totals.grand,
                    payment_token: draft.placed.payment_token.clone(),
                    expires_at: draft.now().plus(self.rules.payment),
                })
            }
            StockAnswer::Rejected(shortages) if draft.allows(Step::StockRejected) => {
                draft.append(OrderStockRejected { order_id, order_number, shortages: shortages.clone() });
            }
            StockAnswer::Confirmed(_) | StockAnswer::Rejected(_) => {}
        }
        Ok(())
    }
}

// ── Payment ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The customer's bank has answered an authorisation, the first or a later one.
#[derive(Clone, Debug)]
pub(crate) struct PaymentAnswered {
    pub order_id: OrderId,
    pub answer: PaymentAnswer,
    pub rules: Arc<ShopRules>,
}

/// Answer of the customer's bank.
#[derive(Clone, Debug)]
pub(crate) enum PaymentAnswer {
    /// The amount is authorised.
    Authorized {
        amount: Money,
        /// Last instant at which the amount can be captured.
        authorized_until: Timestamp,
    },
    Declined {
        code: DeclineCode,
        /// Whether a payment with another token may succeed.
        retryable: bool,
        /// Number of payment attempts left.
        attempts_left: u32,
    },
}

order_decision!(reaction PaymentAnswered);

impl PaymentAnswered {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        match self.answer {
            PaymentAnswer::Authorized { amount, authorized_until } => {
                draft.authorized(amount, authorized_until)
            }
            PaymentAnswer::Declined { code, retryable, attempts_left } => {
                draft.declined(code, retryable, attempts_left);
            }
        }
        Ok(())
    }
}

impl OrderDraft<'_> {
    fn authorized(&mut self, amount: Money, authorized_until: Timestamp) {
        let news = match self.order.state() {
            Order::AwaitingPayment(_) => true,
            Order::Underway(order) => authorized_until > order.authorized_until,
            Order::Unplaced | Order::AwaitingStock(_) | Order::Over(_) => false,
        };
        if !news || !self.allows(Step::PaymentAuthorized) {
            return;
        }
        let (order_id, order_number) = self.named();
        self.append(OrderPaymentAuthorized { order_id, order_number, amount, authorized_until });
        self.confirm(authorized_until);
        self.release(HoldReason::AuthorizationExpired, None);
    }

    fn confirm(&mut self, authorized_until: Timestamp) {
        let Order::AwaitingPayment(order) = self.order.state() else { return };
        let event = OrderConfirmed {
            order_id: self.placed.order_id,
            order_number: self.placed.order_number.clone(),
            lines: order.held.clone(),
            shipping_method: self.placed.shipping_method,
            ship_to: self.placed.ship_to.clone(),
            fulfil_by: self.now().plus(self.rules.fulfilment),
            authorized_until,
        };
        self.append(event);
    }

    fn declined(&mut self, code: DeclineCode, retryable: bool, attempts_left: u32) {
        let awaited = match self.order.state() {
            // An earlier decline left more attempts.
            Order::AwaitingPayment(order) => {
                matches!(order.payment, Try::Running { left } if attempts_left < left)
            }
            Order::Underway(_) => self
                .hold(HoldReason::AuthorizationExpired, None)
                .is_some_and(|hold| hold.waits == Waits::For(WayOut::Reauthorize)),
            Order::Unplaced | Order::AwaitingStock(_) | Order::Over(_) => false,
        };
        if !awaited || !self.allows(Step::PaymentFailed) {
            return;
        }
        let (order_id, order_number) = self.named();
        self.append(OrderPaymentFailed { order_id, order_number, code, retryable, attempts_left });
        let hopeless = !retryable || attempts_left == 0;
        if hopeless && matches!(self.order.state(), Order::AwaitingPayment(_)) {
            let reason = CancelReason::PaymentFailed;
            self.cancelled(Cancellation { reason, text: None, asked: Vec::new() });
        }
    }
}

/// The customer pays with another payment method after a decline.
#[derive(Clone, Debug)]
pub struct RetryPayment {
    pub order_id: OrderId,
    /// The payment provider's token, sealed.
    pub payment_token: Sealed,
}

one_stream!(RetryPayment, Order, |it| it.order_id.stream(), retry);

fn retry(order: &mut Draft<'_, Order>, command: &RetryPayment) -> Result<(), Refusal> {
    let illegal = |message: String| Refusal::rule("ILLEGAL_TRANSITION", message);
    match order.state() {
        Order::Unplaced => Err(Refusal::not_found("order")),
        Order::AwaitingPayment(waiting) => match waiting.payment {
            Try::Declined { .. } => {
                order.append(command.requested(waiting));
                Ok(())
            }
            Try::Running { .. } if waiting.token == command.payment_token => Ok(()),
            Try::Running { .. } | Try::Authorized { .. } => {
                let message = "A payment attempt is in progress. Wait for its outcome.";
                Err(illegal(message.to_owned()).retryable())
            }
        },
        order => {
            let status = order.status().map_or("", |status| status.name());
            let refusal = illegal(format!("No payment is due while the order has status {status}."));
            Err(if matches!(order, Order::AwaitingStock(_)) { refusal.retryable() } else { refusal })
        }
    }
}

impl RetryPayment {
    fn requested(&self, order: &AwaitingPayment) -> OrderPaymentRetryRequested {
        OrderPaymentRetryRequested {
            order_id: self.order_id,
            order_number: order.placed.order_number.clone(),
            amount: order.placed.totals.grand,
            payment_token: self.payment_token.clone(),
        }
    }
}
