//! What people do about holds: stop an order for a while, and choose how one that waits goes on.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderAction, Step, WayOut};
use schemas::order::{CancelReason, OrderHoldResolved};
use schemas::{Money, OrderId, Sealed, ShipmentId, Timestamp};

use super::story::Story;
use super::sums::sum_of_parts;
use super::{Cancellation, Capture, Hold, Order, Underway, Waits};
use crate::{Changes, Decision, Reads, Refusal, Seen, ShopRules};

/// Somebody of the shop stops the order.
#[derive(Clone, Debug)]
pub struct PutOnHold {
    /// The order.
    pub order_id: OrderId,
    /// Why, in their own words, sealed.
    pub text: Option<Sealed>,
    /// The shop's figures.
    pub rules: Arc<ShopRules>,
}

impl Decision for PutOnHold {
    fn reads(&self) -> Reads {
        Reads::stream::<Order>(self.order_id.stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut story = Story::asked(seen, self.order_id, now, &self.rules)?;
        if story.hold(HoldReason::Staff, None).is_some() {
            return Ok(Changes::none());
        }
        if !story.order.allowed_actions().contains(&OrderAction::PutOnHold) {
            let message = format!("An order that is {} cannot be put on hold.", story.status());
            return Err(Refusal::rule("ILLEGAL_TRANSITION", message));
        }
        story.put_on_hold(HoldReason::Staff, None, None, self.text.clone());
        Ok(story.changes())
    }
}

/// Somebody of the shop chooses how an order on hold goes on.
#[derive(Clone, Debug)]
pub struct ResolveHold {
    /// The order.
    pub order_id: OrderId,
    /// Which hold.
    pub reason: HoldReason,
    /// Which parcel that hold is about, where it is about one.
    pub shipment_id: Option<ShipmentId>,
    /// The way out.
    pub way_out: WayOut,
    /// The shop's figures.
    pub rules: Arc<ShopRules>,
}

impl Decision for ResolveHold {
    fn reads(&self) -> Reads {
        Reads::stream::<Order>(self.order_id.stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut story = Story::asked(seen, self.order_id, now, &self.rules)?;
        if !self.reason.ways_out().contains(&self.way_out) {
            let ways: Vec<_> = self.reason.ways_out().iter().map(|way| way.name()).collect();
            let message = format!("{} can be resolved by {}.", self.reason, ways.join(", "));
            return Err(Refusal::rule("WAY_OUT_NOT_ALLOWED", message).at("wayOut"));
        }
        let Some(hold) = story.hold(self.reason, self.shipment_id).cloned() else {
            return self.without_hold(&story);
        };
        if hold.waits == Waits::For(self.way_out) {
            return Ok(Changes::none());
        }
        match self.way_out {
            WayOut::Release => story.release(self.reason, self.shipment_id),
            WayOut::CancelRest => story.resolve_by_cancelling(&hold)?,
            WayOut::Refund => story.resolve_by_refund(&hold),
            WayOut::RetryCapture => {
                let amount =
                    story.underway().and_then(|order| order.due_for(hold.shipment_id)).or(hold.amount);
                story.resolved(&hold, self.way_out, amount, None);
            }
            WayOut::Reauthorize => {
                let money = story.underway().map(|order| (order.uncaptured(), order.token.clone()));
                let (amount, token) = money.unzip();
                story.resolved(&hold, self.way_out, amount, token);
            }
        }
        Ok(story.changes())
    }
}

impl ResolveHold {
    /// Nothing to do where the way out has led to its end already.
    fn without_hold(&self, story: &Story<'_>) -> Result<Changes, Refusal> {
        let led = match self.way_out {
            WayOut::Release => true,
            WayOut::CancelRest => !story.order.can_cancel_rest(),
            WayOut::RetryCapture | WayOut::Reauthorize | WayOut::Refund => false,
        };
        if led && story.underway().is_some() {
            return Ok(Changes::none());
        }
        let which = if self.shipment_id.is_some() { " about this parcel" } else { "" };
        let message = format!("The order does not wait because of {}{which}.", self.reason);
        Err(Refusal::rule("NOT_ON_HOLD", message).at("reason"))
    }
}

impl Underway {
    /// What is still to be taken for all parcels that need it.
    pub(super) fn uncaptured(&self) -> Money {
        let needed =
            self.parcels.values().filter(|parcel| parcel.needs_money()).map(|parcel| match parcel.capture {
                Capture::Due(amount) => amount,
                Capture::NotDue | Capture::Done(_) => parcel.share.total,
            });
        let shipping = self.nothing_left().then_some(self.placed.totals.shipping);
        sum_of_parts(self.placed.currency, needed.chain(shipping))
    }

    fn due_for(&self, shipment_id: Option<ShipmentId>) -> Option<Money> {
        match self.parcels.get(&shipment_id?)?.capture {
            Capture::Due(amount) => Some(amount),
            Capture::NotDue | Capture::Done(_) => None,
        }
    }
}

impl Story<'_> {
    fn resolved(
        &mut self,
        hold: &Hold,
        way_out: WayOut,
        amount: Option<Money>,
        payment_token: Option<Sealed>,
    ) {
        let (order_id, order_number) = self.named();
        let (reason, shipment_id) = (hold.reason, hold.shipment_id);
        self.tell(OrderHoldResolved {
            order_id,
            order_number,
            reason,
            shipment_id,
            way_out,
            amount,
            payment_token,
        });
    }

    fn resolve_by_cancelling(&mut self, hold: &Hold) -> Result<(), Refusal> {
        let asked = self.underway().is_some_and(|order| order.cancellation.is_some());
        if !asked && (!self.allows(Step::CancellationRequested) || !self.order.can_cancel_rest()) {
            let message = "Every parcel has left. What has left is returned, not cancelled.";
            return Err(Refusal::rule("ILLEGAL_TRANSITION", message).at("wayOut"));
        }
        self.resolved(hold, WayOut::CancelRest, None, None);
        if asked {
            return Ok(());
        }
        self.cancel_rest(Cancellation { reason: CancelReason::Staff, text: None, asked: Vec::new() })
    }

    fn resolve_by_refund(&mut self, hold: &Hold) {
        let parcel = hold.shipment_id.and_then(|id| self.underway()?.parcels.get(&id));
        let amount = parcel.map(|parcel| parcel.refundable()).or(hold.amount);
        self.resolved(hold, WayOut::Refund, amount, None);
        if amount.is_some_and(|amount| amount.minor == 0) {
            self.refund_settled(hold.shipment_id);
        }
    }

    /// Nobody has to decide about this parcel's money any more.
    pub(super) fn refund_settled(&mut self, shipment_id: Option<ShipmentId>) {
        self.release(HoldReason::RefundFailed, shipment_id);
        if shipment_id.is_some() {
            self.release(HoldReason::ShipmentLost, shipment_id);
            self.release(HoldReason::CaptureFailed, shipment_id);
        }
        self.settle();
    }
}
