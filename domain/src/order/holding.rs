//! Commands for holds: putting an order on hold, and resolving a hold.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderAction, Step, WayOut};
use schemas::order::{CancelReason, OrderHoldResolved};
use schemas::{Money, OrderId, Sealed, ShipmentId};

use super::draft::{OrderDraft, order_decision};
use super::sums::sum_of_parts;
use super::{Cancellation, Capture, Hold, Underway, Waits};
use crate::{Refusal, ShopRules};

/// Staff put the order on hold.
#[derive(Clone, Debug)]
pub struct PutOnHold {
    pub order_id: OrderId,
    /// Explanation by staff, sealed.
    pub text: Option<Sealed>,
    pub rules: Arc<ShopRules>,
}

order_decision!(command PutOnHold);

impl PutOnHold {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        if draft.hold(HoldReason::Staff, None).is_some() {
            return Ok(());
        }
        if !draft.order.allowed_actions().contains(&OrderAction::PutOnHold) {
            let message = format!("An order with status {} cannot be put on hold.", draft.status());
            return Err(Refusal::rule("ILLEGAL_TRANSITION", message));
        }
        draft.put_on_hold(HoldReason::Staff, None, None, self.text.clone());
        Ok(())
    }
}

/// Staff resolve a hold of an order.
#[derive(Clone, Debug)]
pub struct ResolveHold {
    pub order_id: OrderId,
    pub reason: HoldReason,
    /// Parcel concerned; `None` if the hold is about the whole order.
    pub shipment_id: Option<ShipmentId>,
    pub way_out: WayOut,
    pub rules: Arc<ShopRules>,
}

order_decision!(command ResolveHold);

impl ResolveHold {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        if !self.reason.ways_out().contains(&self.way_out) {
            let ways: Vec<_> = self.reason.ways_out().iter().map(|way| way.name()).collect();
            let message = format!(
                "A hold with reason {} can only be resolved by {}. Choose one of these.",
                self.reason,
                ways.join(", ")
            );
            return Err(Refusal::rule("WAY_OUT_NOT_ALLOWED", message).at("wayOut"));
        }
        let Some(hold) = draft.hold(self.reason, self.shipment_id).cloned() else {
            return self.without_hold(draft);
        };
        if hold.waits == Waits::For(self.way_out) {
            return Ok(());
        }
        match self.way_out {
            WayOut::Release => draft.release(self.reason, self.shipment_id),
            WayOut::CancelRest => draft.resolve_by_cancelling(&hold)?,
            WayOut::Refund => draft.resolve_by_refund(&hold),
            WayOut::RetryCapture => {
                let amount =
                    draft.underway().and_then(|order| order.due_for(hold.shipment_id)).or(hold.amount);
                draft.resolved(&hold, self.way_out, amount, None);
            }
            WayOut::Reauthorize => {
                let money = draft.underway().map(|order| (order.uncaptured(), order.token.clone()));
                let (amount, token) = money.unzip();
                draft.resolved(&hold, self.way_out, amount, token);
            }
        }
        Ok(())
    }
}

impl ResolveHold {
    /// Accepts a repeated command whose resolution has already succeeded.
    fn without_hold(&self, draft: &OrderDraft<'_>) -> Result<(), Refusal> {
        let led = match self.way_out {
            WayOut::Release => true,
            WayOut::CancelRest => !draft.order.can_cancel_rest(),
            WayOut::RetryCapture | WayOut::Reauthorize | WayOut::Refund => false,
        };
        if led && draft.underway().is_some() {
            return Ok(());
        }
        let which = if self.shipment_id.is_some() { " for this parcel" } else { "" };
        let message = format!(
            "The order has no hold with reason {}{which}. Query the order for its current holds.",
            self.reason
        );
        Err(Refusal::rule("NOT_ON_HOLD", message).at("reason").retryable())
    }
}

impl Underway {
    /// Amount still to be captured for all parcels.
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

impl OrderDraft<'_> {
    fn resolved(
        &mut self,
        hold: &Hold,
        way_out: WayOut,
        amount: Option<Money>,
        payment_token: Option<Sealed>,
    ) {
        let (order_id, order_number) = self.named();
        let (reason, shipment_id) = (hold.reason, hold.shipment_id);
        self.append(OrderHoldResolved {
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
            let message = "All parcels have left, so nothing can be cancelled. The goods can be returned after delivery.";
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

    /// Whether the money of this parcel needs no further decision.
    pub(super) fn refund_settled(&mut self, shipment_id: Option<ShipmentId>) {
        self.release(HoldReason::RefundFailed, shipment_id);
        if shipment_id.is_some() {
            self.release(HoldReason::ShipmentLost, shipment_id);
            self.release(HoldReason::CaptureFailed, shipment_id);
        }
        self.settle();
    }
}
