//! An order during one decision.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderStatus, Step};
use schemas::order::{OrderEvent, OrderPlaced};
use schemas::{OrderId, Timestamp};

use super::{Order, Underway};
use crate::{Changes, Draft, Seen, ShopRules};

/// An order that exists, and the events that one decision appends to it.
pub(super) struct OrderDraft<'a> {
    /// The order after the events appended so far.
    pub order: Draft<'a, Order>,
    /// The event that placed it.
    pub placed: Arc<OrderPlaced>,
    pub rules: &'a ShopRules,
    began: OrderStatus,
}

/// Turns a command into a decision on the order that it names, with its `rule(&self, &mut OrderDraft)`. If the order
/// does not exist, a `reaction` does nothing and a `command` is refused.
macro_rules! order_decision {
    (reaction $command:ty) => {
        order_decision!($command, Ok(crate::Changes::none()));
    };
    (command $command:ty) => {
        order_decision!($command, Err(crate::Refusal::not_found("order")));
    };
    ($command:ty, $unknown:expr) => {
        impl crate::Decision for $command {
            fn reads(&self) -> crate::Reads {
                crate::Reads::stream::<crate::order::Order>(self.order_id.stream())
            }

            fn decide(
                &self,
                seen: &crate::Seen,
                now: schemas::Timestamp,
            ) -> Result<crate::Changes, crate::Refusal> {
                match OrderDraft::of(seen, self.order_id, now, &self.rules) {
                    None => $unknown,
                    Some(mut draft) => self.rule(&mut draft).map(|()| draft.changes()),
                }
            }
        }
    };
}
pub(super) use order_decision;

impl<'a> OrderDraft<'a> {
    /// `None` if the order does not exist.
    pub(super) fn of(
        seen: &'a Seen,
        order_id: OrderId,
        now: Timestamp,
        rules: &'a ShopRules,
    ) -> Option<Self> {
        let order = Draft::<Order>::of(seen, order_id.stream(), now);
        let (placed, began) = (order.placed()?.clone(), order.status()?);
        Some(Self { order, placed, rules, began })
    }

    /// Its id and its number, which every event carries.
    pub(super) fn named(&self) -> (OrderId, String) {
        (self.placed.order_id, self.placed.order_number.clone())
    }

    pub(super) fn append(&mut self, event: impl Into<OrderEvent>) {
        self.order.append(event);
    }

    /// Time of the decision.
    pub(super) fn now(&self) -> Timestamp {
        self.order.now()
    }

    /// The status after the events appended so far.
    pub(super) fn status(&self) -> OrderStatus {
        self.order.status().unwrap_or(self.began)
    }

    /// Whether the life cycle allows this step now.
    pub(super) fn allows(&self, step: Step) -> bool {
        self.status().allows(step)
    }

    /// The order, if its payment was authorised.
    pub(super) fn underway(&self) -> Option<&Underway> {
        match self.order.state() {
            Order::Underway(order) => Some(order),
            _ => None,
        }
    }

    /// Appends the consequences of the events so far: a cancellation that every parcel has answered is settled, an
    /// order whose parcels have all arrived or been written off proceeds, and a hold for a delay ends when the
    /// awaited step has happened.
    pub(super) fn settle(&mut self) {
        self.settle_answered_cancellation();
        self.settle_arrivals();
        let on_the_way = matches!(self.status(), OrderStatus::Confirmed | OrderStatus::InFulfilment);
        if self.status() != self.began && !on_the_way {
            self.release(HoldReason::Overdue, None);
        }
    }

    /// The changes of the decision.
    pub(super) fn changes(self) -> Changes {
        self.order.changes()
    }
}
