//! Holds of an order: how they begin and end.

use schemas::life_cycle::{HoldReason, WayOut};
use schemas::order::{OrderHoldReleased, OrderHoldResolved, OrderPutOnHold};
use schemas::{Money, Sealed, ShipmentId};

use super::draft::OrderDraft;
use super::{Order, Underway, Whereabouts};

/// A decision that the order needs from staff. There is at most one hold per reason and parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    pub reason: HoldReason,
    /// Parcel concerned; `None` if the hold is about the whole order.
    pub shipment_id: Option<ShipmentId>,
    /// Amount concerned; `None` if the hold is not about money.
    pub amount: Option<Money>,
    pub waits: Waits,
}

/// State of the resolution of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// No resolution has been chosen, or the chosen one has failed.
    ForHuman,
    /// This resolution is being carried out. Another one may still be chosen.
    For(WayOut),
}

impl Hold {
    pub(super) fn of(e: &OrderPutOnHold) -> Self {
        Self { reason: e.reason, shipment_id: e.shipment_id, amount: e.amount, waits: Waits::ForHuman }
    }

    fn is(&self, reason: HoldReason, shipment_id: Option<ShipmentId>) -> bool {
        self.reason == reason && self.shipment_id == shipment_id
    }
}

// ── Evolve ─────────────────────────────────────────────────────────────────────────────────────────────────────────

impl Order {
    fn holds_mut(&mut self) -> Option<&mut Vec<Hold>> {
        match self {
            Self::Underway(order) => Some(&mut order.holds),
            Self::Over(over) => Some(&mut over.holds),
            Self::Unplaced | Self::AwaitingStock(_) | Self::AwaitingPayment(_) => None,
        }
    }

    pub(super) fn on_hold(mut self, hold: Hold) -> Self {
        let (reason, shipment_id) = (hold.reason, hold.shipment_id);
        if let Some(holds) = self.holds_mut() {
            holds.retain(|other| !other.is(reason, shipment_id));
            holds.push(hold);
            if reason == HoldReason::RefundFailed {
                // The chosen resolution of the lost parcel has failed.
                let lost = holds.iter_mut().filter(|hold| hold.is(HoldReason::ShipmentLost, shipment_id));
                lost.for_each(|hold| hold.waits = Waits::ForHuman);
            }
        }
        self.underway(|order| {
            if let (HoldReason::ShipmentLost, Some(id)) = (reason, shipment_id) {
                order.lost(id);
            }
        })
    }

    pub(super) fn released(mut self, e: &OrderHoldReleased) -> Self {
        if let Some(holds) = self.holds_mut() {
            holds.retain(|hold| !hold.is(e.reason, e.shipment_id));
        }
        self.underway(|order| {
            if let (HoldReason::ShipmentLost, Some(id)) = (e.reason, e.shipment_id) {
                order.found(id);
            }
            if let Some(at) = e.next_check_at {
                order.stage.check_at(at);
            }
        })
    }

    pub(super) fn resolved(mut self, e: &OrderHoldResolved) -> Self {
        if let Some(holds) = self.holds_mut() {
            let chosen = holds.iter_mut().filter(|hold| hold.is(e.reason, e.shipment_id));
            chosen.for_each(|hold| hold.waits = Waits::For(e.way_out));
        }
        self.underway(|order| {
            if let (WayOut::Refund, Some(id), Some(Money { minor: 0, .. })) =
                (e.way_out, e.shipment_id, e.amount)
            {
                order.written_off(id);
            }
        })
    }
}

impl Underway {
    pub(super) fn not_reauthorized(&mut self) {
        self.authorized = false;
        let asked = self.holds.iter_mut().filter(|hold| hold.reason == HoldReason::AuthorizationExpired);
        asked.for_each(|hold| hold.waits = Waits::ForHuman);
    }
}

// ── Decide ─────────────────────────────────────────────────────────────────────────────────────────────────────────

impl OrderDraft<'_> {
    pub(super) fn hold(&self, reason: HoldReason, shipment_id: Option<ShipmentId>) -> Option<&Hold> {
        self.order.holds().iter().find(|hold| hold.is(reason, shipment_id))
    }

    /// Puts the order on hold, unless it already waits for staff for the same reason and parcel.
    pub(super) fn put_on_hold(
        &mut self,
        reason: HoldReason,
        shipment_id: Option<ShipmentId>,
        amount: Option<Money>,
        text: Option<Sealed>,
    ) {
        if self.hold(reason, shipment_id).is_some_and(|hold| hold.waits == Waits::ForHuman) {
            return;
        }
        let here = self.order.parcels_here();
        let fits = |way: &WayOut| *way != WayOut::CancelRest || self.order.can_cancel_rest();
        self.append(OrderPutOnHold {
            order_id: self.placed.order_id,
            order_number: self.placed.order_number.clone(),
            reason,
            shipment_id,
            text,
            amount,
            ways_out: reason.ways_out().iter().copied().filter(fits).collect(),
            blocks: if reason.blocks_dispatch() { here } else { Vec::new() },
        });
    }

    /// Releases a hold, if there is one.
    pub(super) fn release(&mut self, reason: HoldReason, shipment_id: Option<ShipmentId>) {
        if self.hold(reason, shipment_id).is_none() {
            return;
        }
        let blocked = |hold: &Hold| hold.reason.blocks_dispatch() && !hold.is(reason, shipment_id);
        let still_blocked = self.order.holds().iter().any(blocked);
        let frees = if still_blocked { Vec::new() } else { self.order.parcels_here() };
        let (authorized_until, next_check_at) = match self.order.state() {
            Order::Underway(order) => {
                let until = (!self.order.parcels_here().is_empty()).then_some(order.authorized_until);
                (until, order.next_check(self.now(), self.rules))
            }
            _ => (None, None),
        };
        self.append(OrderHoldReleased {
            order_id: self.placed.order_id,
            order_number: self.placed.order_number.clone(),
            reason,
            shipment_id,
            frees,
            authorized_until,
            next_check_at,
        });
    }

    /// Releases every hold for which `over` is true.
    pub(super) fn release_all(&mut self, over: impl Fn(&Hold) -> bool) {
        let holds: Vec<_> = self.order.holds().iter().filter(|hold| over(hold)).cloned().collect();
        for hold in holds {
            self.release(hold.reason, hold.shipment_id);
        }
    }
}

impl Order {
    /// Parcels that are waiting to leave.
    pub(super) fn parcels_here(&self) -> Vec<ShipmentId> {
        match self {
            Self::Underway(order) => order.parcels_at(Whereabouts::Here),
            _ => Vec::new(),
        }
    }

    /// Whether the lines of some parcel can still be cancelled.
    pub(super) fn can_cancel_rest(&self) -> bool {
        match self {
            Self::Underway(order) => order
                .parcels
                .values()
                .any(|parcel| matches!(parcel.at, Whereabouts::Here | Whereabouts::TakenBack)),
            _ => false,
        }
    }
}
