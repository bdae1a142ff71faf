//! The deadlines of an order. Only the order has deadlines; while it waits for staff, none of them expires it.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderStatus};
use schemas::order::{OrderCompleted, OrderDeadline, OrderExpired, OrderOverdue};
use schemas::{OrderId, Timestamp};

use super::draft::{OrderDraft, order_decision};
use crate::{Aggregate, Refusal, ShopRules};

/// In status PLACED: inventory must answer.
pub(crate) const STOCK_ANSWER_DEADLINE: &str = "order.stock-answer";
/// In status STOCK_CONFIRMED: the payment must be authorised.
pub(crate) const PAYMENT_DEADLINE: &str = "order.payment";
/// In statuses CONFIRMED and IN_FULFILMENT: all parcels must leave.
pub(crate) const FULFILMENT_DEADLINE: &str = "order.fulfilment";
/// In status SHIPPED: all parcels must be delivered.
pub(crate) const DELIVERY_DEADLINE: &str = "order.delivery";
/// In status DELIVERED: end of the return window.
pub(crate) const RETURN_WINDOW_DEADLINE: &str = "order.return-window";

/// A deadline of an order passed. No effect if the order no longer has this deadline or it is not due yet.
#[derive(Clone, Debug)]
pub(crate) struct OrderDeadlinePassed {
    pub order_id: OrderId,
    pub deadline: OrderDeadline,
    pub rules: Arc<ShopRules>,
}

impl OrderDeadlinePassed {
    /// Maps the kind of an [`Order`] deadline; `None` for an unknown kind.
    pub(crate) fn of(order_id: OrderId, kind: &str, rules: Arc<ShopRules>) -> Option<Self> {
        named(kind).map(|deadline| Self { order_id, deadline, rules })
    }
}

fn named(kind: &str) -> Option<OrderDeadline> {
    match kind {
        STOCK_ANSWER_DEADLINE => Some(OrderDeadline::StockAnswer),
        PAYMENT_DEADLINE => Some(OrderDeadline::Payment),
        FULFILMENT_DEADLINE => Some(OrderDeadline::Fulfilment),
        DELIVERY_DEADLINE => Some(OrderDeadline::Delivery),
        RETURN_WINDOW_DEADLINE => Some(OrderDeadline::ReturnWindow),
        _ => None,
    }
}

order_decision!(reaction OrderDeadlinePassed);

impl OrderDeadlinePassed {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let Some(due) = draft.order.deadline().filter(|due| due.at <= draft.now()) else {
            return Ok(());
        };
        if named(due.kind) != Some(self.deadline) {
            return Ok(());
        }
        match self.deadline {
            OrderDeadline::StockAnswer | OrderDeadline::Payment => draft.expire(self.deadline),
            OrderDeadline::Fulfilment | OrderDeadline::Delivery => draft.overdue(self.deadline, due.at),
            OrderDeadline::ReturnWindow => draft.complete(),
        }
        Ok(())
    }
}

impl OrderDraft<'_> {
    fn expire(&mut self, deadline: OrderDeadline) {
        let (order_id, order_number) = self.named();
        let (held, skus, paid) = (self.order.held(), self.placed.counted_skus(), self.placed.currency.zero());
        self.append(OrderExpired { order_id, order_number, deadline, held, skus, paid });
    }

    /// If the authorisation has expired, no parcel can leave, so the hold is about the authorisation and not about
    /// the delay.
    fn overdue(&mut self, deadline: OrderDeadline, due_at: Timestamp) {
        let (order_id, order_number) = self.named();
        self.append(OrderOverdue { order_id, order_number, deadline, due_at });
        let expired = self.status() != OrderStatus::Shipped
            && self.underway().is_some_and(|order| order.authorized_until <= self.now());
        if expired {
            let amount = self.underway().map(|order| order.uncaptured());
            self.put_on_hold(HoldReason::AuthorizationExpired, None, amount, None);
        } else {
            self.put_on_hold(HoldReason::Overdue, None, None, None);
        }
    }

    pub(super) fn complete(&mut self) {
        let (order_id, order_number) = self.named();
        self.append(OrderCompleted { order_id, order_number });
    }
}
