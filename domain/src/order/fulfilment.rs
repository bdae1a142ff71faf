//! Dispatch, delivery and loss of an order's parcels.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderStatus, Step, WayOut};
use schemas::order::{Departure, OrderDelivered, OrderParcelDelivered, OrderPartiallyShipped, OrderShipped};
use schemas::{Money, OrderId, ShipmentId, Timestamp};

use super::draft::{OrderDraft, order_decision};
use super::{Capture, Stage, Underway, Waits, Whereabouts};
use crate::{Refusal, ShopRules};

/// A parcel was dispatched.
#[derive(Clone, Debug)]
pub(crate) struct ParcelDispatched {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub carrier: String,
    pub tracking_number: String,
    /// Expected time of arrival.
    pub eta: Timestamp,
    pub rules: Arc<ShopRules>,
}

order_decision!(reaction ParcelDispatched);

impl ParcelDispatched {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let Some(order) = draft.underway() else { return Ok(()) };
        let Some(departure) = self.departure(order) else { return Ok(()) };
        let last = order.is_last_to_leave(self.shipment_id);
        let (order_id, order_number) = draft.named();
        match last {
            true if draft.allows(Step::Shipped) => {
                draft.append(OrderShipped { order_id, order_number, departure })
            }
            false if draft.allows(Step::PartiallyShipped) => {
                draft.append(OrderPartiallyShipped { order_id, order_number, departure });
            }
            true | false => return Ok(()),
        }
        draft.settle();
        Ok(())
    }
}

impl ParcelDispatched {
    /// `None` if the parcel is not waiting to leave.
    fn departure(&self, order: &Underway) -> Option<Departure> {
        let parcel = order.parcels.get(&self.shipment_id).filter(|parcel| parcel.at == Whereabouts::Here)?;
        let due_at = self.eta.plus(self.rules.delivery_grace);
        let delivery_due_at = match order.stage {
            Stage::InFulfilment { arrival_due_at, .. } => due_at.max(arrival_due_at),
            _ => due_at,
        };
        Some(Departure {
            shipment_id: self.shipment_id,
            location: parcel.location.clone(),
            lines: parcel.lines.clone(),
            carrier: self.carrier.clone(),
            tracking_number: self.tracking_number.clone(),
            capture: order.capture_on_leaving(parcel.share.total),
            delivery_due_at,
        })
    }
}

impl Underway {
    /// Amount to capture for a parcel. The first parcel that leaves carries the shipping cost.
    fn capture_on_leaving(&self, goods: Money) -> Money {
        // The amount is part of the grand total, so it cannot overflow.
        if self.nothing_left() { goods.plus(self.placed.totals.shipping).unwrap_or(goods) } else { goods }
    }

    /// Whether no parcel has left yet.
    pub(super) fn nothing_left(&self) -> bool {
        self.parcels.values().all(|parcel| parcel.capture == Capture::NotDue)
    }

    /// Whether no other parcel can leave after this one. A parcel that was cancelled without a request still needs a
    /// decision by staff; parcels cancelled on request are settled with the last answer.
    fn is_last_to_leave(&self, id: ShipmentId) -> bool {
        let settled = self.cancellation.is_some();
        let others = self.parcels.iter().filter(|(other, _)| **other != id);
        others.into_iter().all(|(_, parcel)| match parcel.at {
            Whereabouts::Here => false,
            Whereabouts::TakenBack => settled,
            _ => true,
        })
    }

    /// Whether all other remaining parcels have arrived.
    fn others_arrived(&self, id: Option<ShipmentId>) -> bool {
        let others = self.parcels.iter().filter(|(other, parcel)| Some(**other) != id && parcel.remains());
        others.into_iter().all(|(_, parcel)| parcel.at == Whereabouts::Arrived)
    }
}

/// A parcel was delivered.
#[derive(Clone, Debug)]
pub struct ParcelDelivered {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub rules: Arc<ShopRules>,
}

order_decision!(reaction ParcelDelivered);

impl ParcelDelivered {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let id = self.shipment_id;
        let Some(order) = draft.underway() else { return Ok(()) };
        let on_its_way = |at| matches!(at, Whereabouts::Left | Whereabouts::Lost);
        if !order.parcels.get(&id).is_some_and(|parcel| on_its_way(parcel.at)) {
            return Ok(());
        }
        let last = order.others_arrived(Some(id));
        if last && draft.allows(Step::Delivered) {
            draft.delivered(Some(id));
        } else if draft.allows(Step::ParcelDelivered) {
            let (order_id, order_number) = draft.named();
            draft.append(OrderParcelDelivered { order_id, order_number, shipment_id: id });
        }
        draft.found_again(id);
        draft.settle();
        Ok(())
    }
}

/// A parcel was reported lost.
#[derive(Clone, Debug)]
pub(crate) struct ParcelLost {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub rules: Arc<ShopRules>,
}

order_decision!(reaction ParcelLost);

impl ParcelLost {
    fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
        let parcel = draft.underway().and_then(|order| order.parcels.get(&self.shipment_id));
        let on_its_way = parcel.filter(|parcel| parcel.at == Whereabouts::Left);
        if let Some(amount) = on_its_way.map(|parcel| parcel.refundable())
            && draft.allows(Step::PutOnHold)
        {
            draft.put_on_hold(HoldReason::ShipmentLost, Some(self.shipment_id), Some(amount), None);
        }
        Ok(())
    }
}

impl OrderDraft<'_> {
    fn delivered(&mut self, shipment_id: Option<ShipmentId>) {
        let (order_id, order_number) = self.named();
        let return_until = self.now().plus(self.rules.return_window);
        self.append(OrderDelivered { order_id, order_number, shipment_id, return_until });
    }

    /// A lost parcel has turned up: its hold ends, unless its refund is in progress.
    fn found_again(&mut self, id: ShipmentId) {
        let lost = self.hold(HoldReason::ShipmentLost, Some(id));
        if lost.is_some_and(|hold| hold.waits != Waits::For(WayOut::Refund)) {
            self.release(HoldReason::ShipmentLost, Some(id));
        }
    }

    /// Delivers or completes a shipped order if its last open parcel was settled without being delivered.
    pub(super) fn settle_arrivals(&mut self) {
        let Some(order) = self.underway() else { return };
        if self.status() != OrderStatus::Shipped || !order.others_arrived(None) {
            return;
        }
        if order.parcels.values().any(|parcel| parcel.remains()) {
            self.delivered(None);
        } else {
            self.complete();
        }
    }
}
