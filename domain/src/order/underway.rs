//! An order from its confirmation to its completion: its stage, its parcels and its money.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::life_cycle::{FulfilmentStatus, OrderStatus, PaymentStatus};
use schemas::order::{
    CancelReason, Departure, OrderCancellationRequested, OrderConfirmed, OrderDelivered, OrderLinesCancelled,
    OrderPlaced, OrderRefunded, Totals,
};
use schemas::{Money, Sealed, ShipmentId, Timestamp};

use super::sums::{self, Share};
use super::{
    Capture, DELIVERY_DEADLINE, FULFILMENT_DEADLINE, Hold, Parcel, RETURN_WINDOW_DEADLINE, Whereabouts,
};
use crate::{Deadline, ShopRules};

/// An order whose payment is authorised: parcels are prepared, dispatched and delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Underway {
    pub(super) placed: Arc<OrderPlaced>,
    pub(super) token: Sealed,
    pub(super) stage: Stage,
    pub(super) parcels: BTreeMap<ShipmentId, Parcel>,
    pub(super) cancellation: Option<Cancellation>,
    pub(super) holds: Vec<Hold>,
    pub(super) totals: Totals,
    /// Last instant at which an amount can be captured.
    pub(super) authorized_until: Timestamp,
    /// False after a new authorisation was declined.
    pub(super) authorized: bool,
    /// Amount refunded for the order so far.
    pub(super) refunded: Money,
}

/// Progress of a confirmed order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// No parcel has left.
    Confirmed {
        /// Deadline for the dispatch of all parcels.
        due_at: Timestamp,
    },
    /// Some parcels have left.
    InFulfilment {
        /// Deadline for the dispatch of all parcels.
        due_at: Timestamp,
        /// Deadline for the delivery of the parcels dispatched so far.
        arrival_due_at: Timestamp,
    },
    /// All remaining parcels have left.
    Shipped {
        /// Deadline for their delivery.
        due_at: Timestamp,
    },
    /// All remaining parcels have been delivered.
    Delivered {
        /// End of the return window.
        due_at: Timestamp,
    },
    /// Only payment events can follow.
    Completed,
}

/// A cancellation in progress: not all parcels have answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancellation {
    pub reason: CancelReason,
    /// Free-text reason, sealed.
    pub text: Option<Sealed>,
    /// Parcels that were asked to be cancelled.
    pub asked: Vec<ShipmentId>,
}

impl Stage {
    pub(super) fn status(self) -> OrderStatus {
        match self {
            Self::Confirmed { .. } => OrderStatus::Confirmed,
            Self::InFulfilment { .. } => OrderStatus::InFulfilment,
            Self::Shipped { .. } => OrderStatus::Shipped,
            Self::Delivered { .. } => OrderStatus::Delivered,
            Self::Completed => OrderStatus::Completed,
        }
    }

    pub(super) fn deadline(self) -> Option<Deadline> {
        match self {
            Self::Confirmed { due_at } | Self::InFulfilment { due_at, .. } => {
                Some(Deadline { at: due_at, kind: FULFILMENT_DEADLINE })
            }
            Self::Shipped { due_at } => Some(Deadline { at: due_at, kind: DELIVERY_DEADLINE }),
            Self::Delivered { due_at } => Some(Deadline { at: due_at, kind: RETURN_WINDOW_DEADLINE }),
            Self::Completed => None,
        }
    }

    pub(super) fn check_at(&mut self, at: Timestamp) {
        match self {
            Self::Confirmed { due_at }
            | Self::InFulfilment { due_at, .. }
            | Self::Shipped { due_at }
            | Self::Delivered { due_at } => *due_at = at,
            Self::Completed => {}
        }
    }
}

impl Underway {
    pub fn parcels(&self) -> &BTreeMap<ShipmentId, Parcel> {
        &self.parcels
    }

    /// Amount captured for all parcels.
    pub fn captured(&self) -> Money {
        sums::sum_of_parts(self.placed.currency, self.parcels.values().map(Parcel::captured))
    }

    pub(super) fn parcels_at(&self, at: Whereabouts) -> Vec<ShipmentId> {
        self.parcels.iter().filter(|(_, parcel)| parcel.at == at).map(|(id, _)| *id).collect()
    }

    pub(super) fn payment(&self) -> PaymentStatus {
        let (captured, refunded) = (self.captured().minor, self.refunded.minor);
        match (captured, refunded) {
            (0, 0) if self.authorized => PaymentStatus::Authorized,
            (0, 0) => PaymentStatus::Failed,
            (_, 0) if captured < self.totals.grand.minor => PaymentStatus::PartiallyCaptured,
            (_, 0) => PaymentStatus::Captured,
            _ if refunded < captured => PaymentStatus::PartiallyRefunded,
            _ => PaymentStatus::Refunded,
        }
    }

    pub(super) fn fulfilment(&self) -> FulfilmentStatus {
        match self.stage {
            Stage::Confirmed { .. } => FulfilmentStatus::Unfulfilled,
            Stage::InFulfilment { .. } => FulfilmentStatus::Partial,
            Stage::Shipped { .. } => FulfilmentStatus::Fulfilled,
            Stage::Delivered { .. } => FulfilmentStatus::Delivered,
            Stage::Completed if self.parcels_at(Whereabouts::Arrived).is_empty() => {
                FulfilmentStatus::Fulfilled
            }
            Stage::Completed => FulfilmentStatus::Delivered,
        }
    }

    /// The time of the next check after the holds end: the planned one, if it has not passed.
    pub(super) fn next_check(&self, now: Timestamp, rules: &ShopRules) -> Option<Timestamp> {
        match self.stage {
            Stage::Confirmed { due_at } | Stage::InFulfilment { due_at, .. } => {
                let at = if due_at > now { due_at } else { now.plus(rules.fulfilment) };
                Some(if self.authorized_until > now { at.min(self.authorized_until) } else { at })
            }
            Stage::Shipped { due_at } => {
                Some(if due_at > now { due_at } else { now.plus(rules.delivery_grace) })
            }
            Stage::Delivered { due_at } => Some(due_at),
            Stage::Completed => None,
        }
    }
}

// ── Evolve ─────────────────────────────────────────────────────────────────────────────────────────────────────────

impl Underway {
    pub(super) fn new(placed: Arc<OrderPlaced>, token: Sealed, e: &OrderConfirmed) -> Self {
        let zero = placed.currency.zero();
        let mut parcels = BTreeMap::new();
        for (line, share) in e.lines.iter().zip(sums::shares(&placed.lines, &e.lines)) {
            let id = ShipmentId::of(e.order_id, &line.location);
            let parcel = parcels.entry(id).or_insert_with(|| Parcel {
                location: line.location.clone(),
                lines: Vec::new(),
                share: Share::zero(placed.currency),
                at: Whereabouts::Here,
                capture: Capture::NotDue,
                refunded: zero,
            });
            parcel.lines.push(line.clone());
            parcel.share = parcel.share.plus(share).unwrap_or(parcel.share);
        }
        let totals = placed.totals;
        Self {
            placed,
            token,
            stage: Stage::Confirmed { due_at: e.fulfil_by.min(e.authorized_until) },
            parcels,
            cancellation: None,
            holds: Vec::new(),
            totals,
            authorized_until: e.authorized_until,
            authorized: true,
            refunded: zero,
        }
    }

    pub(super) fn reauthorized(&mut self, until: Timestamp) {
        self.authorized_until = until;
        self.authorized = true;
    }

    pub(super) fn asked(&mut self, e: &OrderCancellationRequested) {
        let asked = e.shipment_ids.clone();
        self.cancellation = Some(Cancellation { reason: e.reason, text: e.text.clone(), asked });
    }

    pub(super) fn taken_back(&mut self, id: ShipmentId) {
        self.moves(id, |at| if at == Whereabouts::Here { Whereabouts::TakenBack } else { at });
    }

    pub(super) fn lines_cancelled(&mut self, e: &OrderLinesCancelled) {
        for id in &e.shipment_ids {
            self.moves(*id, |_| Whereabouts::Cancelled);
        }
        self.totals = e.totals;
        self.cancellation = None;
        let waiting = |parcel: &Parcel| matches!(parcel.at, Whereabouts::Here | Whereabouts::TakenBack);
        if let Stage::InFulfilment { arrival_due_at, .. } = self.stage
            && !self.parcels.values().any(waiting)
        {
            self.stage = Stage::Shipped { due_at: arrival_due_at };
        }
    }

    pub(super) fn departed(&mut self, departure: &Departure, last: bool) {
        let arrival_due_at = departure.delivery_due_at;
        self.stage = match self.stage {
            _ if last => Stage::Shipped { due_at: arrival_due_at },
            Stage::Confirmed { due_at } | Stage::InFulfilment { due_at, .. } => {
                Stage::InFulfilment { due_at, arrival_due_at }
            }
            stage => stage,
        };
        if let Some(parcel) = self.parcels.get_mut(&departure.shipment_id) {
            parcel.at = Whereabouts::Left;
            parcel.capture = Capture::Due(departure.capture);
        }
    }

    pub(super) fn arrived(&mut self, id: ShipmentId) {
        self.moves(id, |_| Whereabouts::Arrived);
    }

    pub(super) fn delivered(&mut self, e: &OrderDelivered) {
        if let Some(id) = e.shipment_id {
            self.arrived(id);
        }
        self.stage = Stage::Delivered { due_at: e.return_until };
    }

    pub(super) fn lost(&mut self, id: ShipmentId) {
        self.moves(id, |_| Whereabouts::Lost);
    }

    pub(super) fn found(&mut self, id: ShipmentId) {
        self.moves(id, |at| if at == Whereabouts::Lost { Whereabouts::Left } else { at });
    }

    pub(super) fn written_off(&mut self, id: ShipmentId) {
        self.moves(id, |at| if at == Whereabouts::Arrived { at } else { Whereabouts::WrittenOff });
    }

    pub(super) fn captured_for(&mut self, id: ShipmentId, amount: Money) {
        if let Some(parcel) = self.parcels.get_mut(&id) {
            parcel.capture = Capture::Done(amount);
        }
    }

    pub(super) fn refunded(&mut self, e: &OrderRefunded) {
        self.refunded = e.refunded;
        let Some(id) = e.shipment_id else { return };
        if let Some(parcel) = self.parcels.get_mut(&id) {
            parcel.refunded = parcel.refunded.plus(e.amount).unwrap_or(parcel.refunded);
        }
        self.written_off(id);
    }

    fn moves(&mut self, id: ShipmentId, to: impl FnOnce(Whereabouts) -> Whereabouts) {
        if let Some(parcel) = self.parcels.get_mut(&id) {
            parcel.at = to(parcel.at);
        }
    }
}
