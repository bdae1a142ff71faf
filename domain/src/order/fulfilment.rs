//! How an order's parcels leave, arrive and are lost.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, OrderStatus, Step, WayOut};
use schemas::order::{Departure, OrderDelivered, OrderParcelDelivered, OrderPartiallyShipped, OrderShipped};
use schemas::{Money, OrderId, ShipmentId, Timestamp};

use super::story::Story;
use super::{Capture, Order, Stage, Underway, Waits, Whereabouts};
use crate::{Changes, Decision, Reads, Refusal, Seen, ShopRules};

/// A parcel left.
#[derive(Clone, Debug)]
pub struct ParcelDispatched {
    /// The order.
    pub order_id: OrderId,
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
    /// When it should arrive.
    pub eta: Timestamp,
    /// The shop's figures.
    pub rules: Arc<ShopRules>,
}

impl Decision for ParcelDispatched {
    fn reads(&self) -> Reads {
        Reads::stream::<Order>(self.order_id.stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let Some(mut story) = Story::of(seen, self.order_id, now, &self.rules) else {
            return Ok(Changes::none());
        };
        let Some(order) = story.underway() else { return Ok(Changes::none()) };
        let Some(departure) = self.departure(order) else { return Ok(Changes::none()) };
        let last = order.is_last_to_leave(self.shipment_id);
        let (order_id, order_number) = story.named();
        match last {
            true if story.allows(Step::Shipped) => {
                story.tell(OrderShipped { order_id, order_number, departure })
            }
            false if story.allows(Step::PartiallyShipped) => {
                story.tell(OrderPartiallyShipped { order_id, order_number, departure });
            }
            true | false => return Ok(Changes::none()),
        }
        story.settle();
        Ok(story.changes())
    }
}

impl ParcelDispatched {
    /// `None` unless the parcel was here.
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
    /// The first parcel that leaves brings the shipping cost with it.
    fn capture_on_leaving(&self, goods: Money) -> Money {
        // It is part of the grand total, which fitted.
        if self.nothing_left() { goods.plus(self.placed.totals.shipping).unwrap_or(goods) } else { goods }
    }

    /// Whether no parcel has left so far.
    pub(super) fn nothing_left(&self) -> bool {
        self.parcels.values().all(|parcel| parcel.capture == Capture::NotDue)
    }

    /// Whether nothing else can leave after this parcel. One that came back without being asked still waits for a human, while
    /// those that came back because they were asked are settled with the last answer.
    fn is_last_to_leave(&self, id: ShipmentId) -> bool {
        let settled = self.cancellation.is_some();
        let others = self.parcels.iter().filter(|(other, _)| **other != id);
        others.into_iter().all(|(_, parcel)| match parcel.at {
            Whereabouts::Here => false,
            Whereabouts::TakenBack => settled,
            _ => true,
        })
    }

    /// Whether every parcel that remains has arrived, apart from this one.
    fn others_arrived(&self, id: Option<ShipmentId>) -> bool {
        let others = self.parcels.iter().filter(|(other, parcel)| Some(**other) != id && parcel.remains());
        others.into_iter().all(|(_, parcel)| parcel.at == Whereabouts::Arrived)
    }
}

/// A parcel arrived.
#[derive(Clone, Debug)]
pub struct ParcelDelivered {
    /// The order.
    pub order_id: OrderId,
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// The shop's figures.
    pub rules: Arc<ShopRules>,
}

impl Decision for ParcelDelivered {
    fn reads(&self) -> Reads {
        Reads::stream::<Order>(self.order_id.stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let Some(mut story) = Story::of(seen, self.order_id, now, &self.rules) else {
            return Ok(Changes::none());
        };
        let id = self.shipment_id;
        let Some(order) = story.underway() else { return Ok(Changes::none()) };
        let on_its_way = |at| matches!(at, Whereabouts::Left | Whereabouts::Lost);
        if !order.parcels.get(&id).is_some_and(|parcel| on_its_way(parcel.at)) {
            return Ok(Changes::none());
        }
        let last = order.others_arrived(Some(id));
        if last && story.allows(Step::Delivered) {
            story.delivered(Some(id));
        } else if story.allows(Step::ParcelDelivered) {
            let (order_id, order_number) = story.named();
            story.tell(OrderParcelDelivered { order_id, order_number, shipment_id: id });
        }
        story.found_again(id);
        story.settle();
        Ok(story.changes())
    }
}

/// A parcel is lost.
#[derive(Clone, Debug)]
pub struct ParcelLost {
    /// The order.
    pub order_id: OrderId,
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// The shop's figures.
    pub rules: Arc<ShopRules>,
}

impl Decision for ParcelLost {
    fn reads(&self) -> Reads {
        Reads::stream::<Order>(self.order_id.stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let Some(mut story) = Story::of(seen, self.order_id, now, &self.rules) else {
            return Ok(Changes::none());
        };
        let parcel = story.underway().and_then(|order| order.parcels.get(&self.shipment_id));
        let on_its_way = parcel.filter(|parcel| parcel.at == Whereabouts::Left);
        if let Some(amount) = on_its_way.map(|parcel| parcel.refundable())
            && story.allows(Step::PutOnHold)
        {
            story.put_on_hold(HoldReason::ShipmentLost, Some(self.shipment_id), Some(amount), None);
        }
        Ok(story.changes())
    }
}

impl Story<'_> {
    fn delivered(&mut self, shipment_id: Option<ShipmentId>) {
        let (order_id, order_number) = self.named();
        let return_until = self.now.plus(self.rules.return_window);
        self.tell(OrderDelivered { order_id, order_number, shipment_id, return_until });
    }

    /// A lost parcel turned up, so nobody has to decide about it, unless its refund is on the way already.
    fn found_again(&mut self, id: ShipmentId) {
        let lost = self.hold(HoldReason::ShipmentLost, Some(id));
        if lost.is_some_and(|hold| hold.waits != Waits::For(WayOut::Refund)) {
            self.release(HoldReason::ShipmentLost, Some(id));
        }
    }

    /// Moves a shipped order on when the last parcel that was waited for was settled otherwise.
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
