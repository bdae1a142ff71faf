//! Cancelling an order, or a part of it: a cancellation is requested, and each parcel reports whether it has left already.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, Step, WayOut};
use schemas::order::{
    CancelReason, OrderCancellationRefused, OrderCancellationRequested, OrderCancelled, OrderLinesCancelled,
    OrderParcelCancelled,
};
use schemas::reservation::LineAtLocation;
use schemas::{OrderId, Sealed, ShipmentId};

use super::draft::{OrderDraft, order_decision};
use super::{Cancellation, Order, Underway, Waits, Whereabouts, sums};
use crate::{Refusal, ShopRules};

/// The customer or the shop no longer wants the order. Before the payment it is cancelled at once; later, the parcels
/// that have not left are recalled.
#[derive(Clone, Debug)]
pub struct CancelOrder {
    pub order_id: OrderId,
    pub reason: CancelReason,
    /// Explanation by the person who cancels, sealed.
    pub text: Option<Sealed>,
    pub rules: Arc<ShopRules>,
}

order_decision!(command CancelOrder);

impl CancelOrder {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let why = Cancellation { reason: self.reason, text: self.text.clone(), asked: Vec::new() };
        match draft.order.state() {
            Order::AwaitingStock(_) | Order::AwaitingPayment(_) => draft.cancelled(why),
            Order::Underway(order) if order.cancellation.is_some() => {}
            Order::Over(_) if !draft.order.was_cancelled() => return Err(draft.too_late()),
            Order::Over(_) => {}
            Order::Underway(_) | Order::Unplaced => draft.cancel_rest(why)?,
        }
        Ok(())
    }
}

/// A parcel was cancelled before it left.
#[derive(Clone, Debug)]
pub struct ParcelCancelled {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub rules: Arc<ShopRules>,
}

order_decision!(reaction ParcelCancelled);

impl ParcelCancelled {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let here = draft.underway().and_then(|order| order.parcels.get(&self.shipment_id));
        if !here.is_some_and(|parcel| parcel.at == Whereabouts::Here) || !draft.allows(Step::ParcelCancelled)
        {
            return Ok(());
        }
        let asked = draft.underway().is_some_and(|order| order.cancellation.is_some());
        let (order_id, order_number) = draft.named();
        draft.append(OrderParcelCancelled { order_id, order_number, shipment_id: self.shipment_id });
        if asked {
            draft.settle();
        } else {
            draft.put_on_hold(HoldReason::ParcelCancelled, Some(self.shipment_id), None, None);
        }
        Ok(())
    }
}

impl Order {
    fn was_cancelled(&self) -> bool {
        self.status() == Some(schemas::life_cycle::OrderStatus::Cancelled)
    }

    /// The units that inventory still holds for the order.
    pub(super) fn held(&self) -> Vec<LineAtLocation> {
        match self {
            Self::AwaitingPayment(order) => order.held.clone(),
            Self::Underway(order) => order.parcels.values().flat_map(|parcel| parcel.lines.clone()).collect(),
            Self::Unplaced | Self::AwaitingStock(_) | Self::Over(_) => Vec::new(),
        }
    }
}

impl OrderDraft<'_> {
    fn too_late(&self) -> Refusal {
        let message = match self.order.state() {
            Order::Over(_) => format!("The order has already ended with status {}.", self.status()),
            _ => "All parcels have left, so nothing can be cancelled. The goods can be returned after delivery.".to_owned(),
        };
        Refusal::rule("ILLEGAL_TRANSITION", message)
    }

    /// Cancels everything that has not left: recalls the waiting parcels, or settles the cancellation at once if all are
    /// cancelled already.
    pub(super) fn cancel_rest(&mut self, why: Cancellation) -> Result<(), Refusal> {
        if !self.allows(Step::CancellationRequested) || !self.order.can_cancel_rest() {
            return Err(self.too_late());
        }
        let shipment_ids = self.order.parcels_here();
        if shipment_ids.is_empty() {
            self.settle_cancellation(why);
            self.settle();
        } else {
            let (order_id, order_number) = self.named();
            let (reason, text) = (why.reason, why.text);
            self.append(OrderCancellationRequested { order_id, order_number, reason, text, shipment_ids });
        }
        Ok(())
    }

    /// Settles a cancellation once every parcel has answered.
    pub(super) fn settle_answered_cancellation(&mut self) {
        let answered = |order: &&Underway| order.parcels_at(Whereabouts::Here).is_empty();
        if let Some(why) = self.underway().filter(answered).and_then(|order| order.cancellation.clone()) {
            self.settle_cancellation(why);
        }
    }

    fn settle_cancellation(&mut self, why: Cancellation) {
        let Some(order) = self.underway() else { return };
        let stays = |at: Whereabouts| matches!(at, Whereabouts::TakenBack | Whereabouts::Cancelled);
        if order.parcels.values().all(|parcel| stays(parcel.at)) {
            self.release_all(|_| true);
            self.cancelled(why);
            return;
        }
        let back = order.parcels_at(Whereabouts::TakenBack);
        let faster: Vec<ShipmentId> = why.asked.iter().filter(|id| !back.contains(id)).copied().collect();
        let (order_id, order_number) = self.named();
        if !back.is_empty() {
            self.lines_cancelled(why.reason, back);
        }
        if !faster.is_empty() {
            self.append(OrderCancellationRefused { order_id, order_number, shipment_ids: faster });
        }
        self.release_all(|hold| {
            hold.reason == HoldReason::ParcelCancelled || hold.waits == Waits::For(WayOut::CancelRest)
        });
    }

    fn lines_cancelled(&mut self, reason: CancelReason, back: Vec<ShipmentId>) {
        let Some(order) = self.underway() else { return };
        let (order_id, order_number) = self.named();
        let stays = |at: Whereabouts| matches!(at, Whereabouts::TakenBack | Whereabouts::Cancelled);
        let kept = order.parcels.values().filter(|parcel| !stays(parcel.at)).map(|parcel| parcel.share);
        let event = OrderLinesCancelled {
            order_id,
            order_number,
            reason,
            lines: back
                .iter()
                .filter_map(|id| order.parcels.get(id))
                .flat_map(|parcel| parcel.lines.clone())
                .collect(),
            totals: sums::kept_totals(&self.placed, kept),
            // Amounts are captured when a parcel leaves, and these have not left.
            refund_due: self.placed.currency.zero(),
            shipment_ids: back,
        };
        self.append(event);
    }

    /// Cancels the whole order; no parcel has left.
    pub(super) fn cancelled(&mut self, why: Cancellation) {
        let (order_id, order_number) = self.named();
        self.append(OrderCancelled {
            order_id,
            order_number,
            reason: why.reason,
            text: why.text,
            stage: self.status(),
            held: self.order.held(),
            skus: self.placed.counted_skus(),
            paid: self.placed.currency.zero(),
        });
    }
}
