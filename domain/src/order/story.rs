//! Several events decided one after another, each on the state after those before it.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderStatus, Step};
use schemas::order::{OrderEvent, OrderPlaced};
use schemas::{OrderId, Timestamp};

use super::{Order, Underway};
use crate::{Aggregate, Changes, Refusal, Seen, ShopRules};

/// An order and what is being decided about it.
pub(super) struct Story<'a> {
    /// As it stands after the events told so far.
    pub order: Order,
    /// What it was placed with.
    pub placed: Arc<OrderPlaced>,
    /// The time of the decision.
    pub now: Timestamp,
    /// The shop's figures.
    pub rules: &'a ShopRules,
    began: OrderStatus,
    events: Vec<OrderEvent>,
}

impl<'a> Story<'a> {
    /// `None` when there is no such order.
    pub fn of(seen: &Seen, order_id: OrderId, now: Timestamp, rules: &'a ShopRules) -> Option<Self> {
        let order = seen.state::<Order>(&order_id.stream());
        let placed = order.placed()?.clone();
        let began = order.status()?;
        Some(Self { order, placed, now, rules, began, events: Vec::new() })
    }

    /// The same for a command from people, who are told that there is no such order.
    pub fn asked(
        seen: &Seen,
        order_id: OrderId,
        now: Timestamp,
        rules: &'a ShopRules,
    ) -> Result<Self, Refusal> {
        Self::of(seen, order_id, now, rules).ok_or_else(|| Refusal::not_found("order"))
    }

    /// Its id and its number, which every event says.
    pub fn named(&self) -> (OrderId, String) {
        (self.placed.order_id, self.placed.order_number.clone())
    }

    /// The next event.
    pub fn tell(&mut self, event: impl Into<OrderEvent>) {
        let event = event.into();
        self.order = std::mem::take(&mut self.order).evolve(&event);
        self.events.push(event);
    }

    /// Where the order stands now.
    pub fn status(&self) -> OrderStatus {
        self.order.status().unwrap_or(self.began)
    }

    /// Whether the life cycle allows this step now.
    pub fn allows(&self, step: Step) -> bool {
        self.status().allows(step)
    }

    /// The order while its parcels are on their way.
    pub fn underway(&self) -> Option<&Underway> {
        match &self.order {
            Order::Underway(order) => Some(order),
            _ => None,
        }
    }

    /// What follows from what has been told: a cancellation that every parcel has answered ends, an order whose parcels have
    /// all arrived or been written off moves on, and nobody waits any longer for what has come.
    pub fn settle(&mut self) {
        self.settle_answered_cancellation();
        self.settle_arrivals();
        let on_the_way = matches!(self.status(), OrderStatus::Confirmed | OrderStatus::InFulfilment);
        if self.status() != self.began && !on_the_way {
            self.release(HoldReason::Overdue, None);
        }
    }

    /// What has been told.
    pub fn changes(self) -> Changes {
        Changes::of(&self.placed.order_id.stream(), self.events)
    }
}
