//! Invariants of orders, recomputed from their events.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Result;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{CancelReason, Departure, OrderEvent};
use schemas::{Context, OrderId, Recorded, ShipmentId, StreamId, Timestamp, Topic};
use uuid::Uuid;

use super::{Findings, Invariant, log, walk_topic};
use crate::shop::Shop;

/// All orders of a shop.
#[derive(Default)]
pub struct Orders {
    pub histories: HashMap<OrderId, OrderHistory>,
    /// The commands that placed an order.
    commands: HashSet<Uuid>,
    numbers: HashSet<String>,
    doubled: Findings,
}

/// State of an order, recomputed from its events. Amounts are in minor units.
#[derive(Clone, Debug)]
pub struct OrderHistory {
    pub status: OrderStatus,
    /// Reason of the cancellation, and the status before it.
    pub cancelled: Option<(CancelReason, OrderStatus)>,
    /// Open holds; each waits for a member of staff.
    pub holds: BTreeSet<(HoldReason, Option<ShipmentId>)>,
    pub placed_at: Timestamp,
    /// Price of the goods after discounts, when the order was placed.
    pub goods: i64,
    /// Grand total, without cancelled lines.
    pub grand: i64,
    /// Captured, as recorded by the order.
    pub captured: i64,
    /// Refunded, as recorded by the order.
    pub refunded: i64,
    /// Still to be captured for dispatched parcels.
    due: HashMap<ShipmentId, i64>,
    /// Written off by staff for dispatched parcels.
    waived: HashMap<ShipmentId, i64>,
}

impl Orders {
    /// Reads the ordering log.
    pub async fn read(shop: &Shop) -> Result<Self> {
        let mut orders = Self::default();
        walk_topic::<OrderEvent>(shop, Topic::ORDER, |recorded| {
            orders.apply(&recorded);
            Ok(())
        })
        .await?;
        Ok(orders)
    }

    fn apply(&mut self, recorded: &Recorded<OrderEvent>) {
        let (event, envelope) = (&recorded.event, &recorded.envelope);
        if let OrderEvent::OrderPlaced(placed) = event {
            if !self.commands.insert(envelope.causation) {
                self.doubled.add(|| format!("{} is a second order of the same command", envelope.stream));
            }
            if !self.numbers.insert(placed.order_number.clone()) {
                self.doubled.add(|| format!("{} has the number of another order", envelope.stream));
            }
            let history = OrderHistory {
                status: OrderStatus::Placed,
                cancelled: None,
                holds: BTreeSet::new(),
                placed_at: envelope.time,
                goods: placed.totals.subtotal.minor - placed.totals.discount.minor,
                grand: placed.totals.grand.minor,
                captured: 0,
                refunded: 0,
                due: HashMap::new(),
                waived: HashMap::new(),
            };
            if self.histories.insert(placed.order_id, history).is_some() {
                self.doubled.add(|| format!("{} was placed twice", envelope.stream));
            }
        } else if let Some(history) =
            envelope.stream.key().parse().ok().and_then(|id| self.histories.get_mut(&id))
        {
            history.apply(event);
        } else {
            self.doubled.add(|| format!("{} has events but was never placed", envelope.stream));
        }
    }

    /// Every order is terminal, on hold, or has a deadline.
    pub async fn none_is_stuck(&self, shop: &Shop) -> Result<Invariant> {
        let due = log(shop, Context::Ordering)?.due(Timestamp::from_millis(i64::MAX), usize::MAX).await?;
        let ticking: HashSet<StreamId> = due.into_iter().map(|due| due.stream).collect();
        let (mut stuck, mut over, mut held, mut live) = (Findings::default(), 0_u64, 0_u64, 0_u64);
        for (id, history) in &self.histories {
            if history.status.is_terminal() && history.holds.is_empty() {
                over += 1;
            } else if !history.holds.is_empty() {
                held += 1;
            } else if ticking.contains(&id.stream()) {
                live += 1;
            } else {
                stuck.add(|| format!("{} is {} and waits for nothing", id.stream(), history.status));
            }
        }
        let checked = format!(
            "{} orders: {over} over, {held} on hold, {live} with a live deadline",
            self.histories.len()
        );
        Ok(stuck.result("every order is terminal, on hold, or has a live deadline", checked))
    }

    /// One order per idempotency key.
    pub fn one_per_command(&self) -> Invariant {
        let checked = format!("{} orders of {} commands", self.histories.len(), self.commands.len());
        self.doubled.result("one OrderPlaced per idempotency key", checked)
    }
}

impl OrderHistory {
    /// Whether the order ended before any parcel was dispatched.
    pub fn ended_before_dispatch(&self) -> bool {
        matches!(self.status, OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Rejected)
    }

    /// Sum that staff wrote off for dispatched parcels.
    pub fn written_off(&self) -> i64 {
        self.waived.values().sum()
    }

    fn dispatched(&mut self, departure: &Departure) {
        self.due.insert(departure.shipment_id, departure.capture.minor);
    }

    /// Waives only what is still due: a hold can also end because the money was captured.
    fn waive(&mut self, parcel: Option<ShipmentId>) {
        self.waived.extend(parcel.and_then(|parcel| self.due.remove_entry(&parcel)));
    }

    fn apply(&mut self, event: &OrderEvent) {
        use OrderEvent as E;
        match event {
            E::OrderStockConfirmed(_) => self.status = OrderStatus::StockConfirmed,
            E::OrderStockRejected(_) => self.status = OrderStatus::Rejected,
            E::OrderConfirmed(_) => self.status = OrderStatus::Confirmed,
            E::OrderCancelled(e) => {
                self.status = OrderStatus::Cancelled;
                self.cancelled = Some((e.reason, e.stage));
            }
            E::OrderExpired(_) => self.status = OrderStatus::Expired,
            E::OrderPartiallyShipped(e) => {
                self.status = OrderStatus::InFulfilment;
                self.dispatched(&e.departure);
            }
            E::OrderShipped(e) => {
                self.status = OrderStatus::Shipped;
                self.dispatched(&e.departure);
            }
            E::OrderLinesCancelled(e) => {
                self.status = OrderStatus::Shipped;
                self.grand = e.totals.grand.minor;
            }
            E::OrderDelivered(_) => self.status = OrderStatus::Delivered,
            E::OrderCompleted(_) => self.status = OrderStatus::Completed,
            E::OrderPutOnHold(e) => drop(self.holds.insert((e.reason, e.shipment_id))),
            E::OrderHoldReleased(e) => {
                self.holds.remove(&(e.reason, e.shipment_id));
                if e.reason == HoldReason::CaptureFailed {
                    self.waive(e.shipment_id);
                }
            }
            // A lost parcel without a capture: nothing to refund, and nothing to pay.
            E::OrderHoldResolved(e) => {
                if e.way_out == WayOut::Refund && e.amount.is_some_and(|amount| amount.minor == 0) {
                    self.waive(e.shipment_id);
                }
            }
            E::OrderPaymentCaptured(e) => {
                self.captured += e.amount.minor;
                self.due.remove(&e.shipment_id);
                self.waived.remove(&e.shipment_id);
            }
            E::OrderRefunded(e) => self.refunded += e.amount.minor,
            E::OrderPlaced(_)
            | E::OrderPaymentAuthorized(_)
            | E::OrderPaymentFailed(_)
            | E::OrderPaymentRetryRequested(_)
            | E::OrderCancellationRequested(_)
            | E::OrderParcelCancelled(_)
            | E::OrderCancellationRefused(_)
            | E::OrderOverdue(_)
            | E::OrderParcelDelivered(_)
            | E::OrderPaymentVoided(_)
            | E::OrderNoteAdded(_) => {}
        }
    }
}
