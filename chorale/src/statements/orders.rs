//! Orders, told again from their own events.

use std::collections::{BTreeSet, HashMap, HashSet};

use anyhow::Result;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{CancelReason, Departure, OrderEvent};
use schemas::{Context, OrderId, Recorded, ShipmentId, StreamId, Timestamp, Topic};
use uuid::Uuid;

use super::{Findings, Statement, log, walk_topic};
use crate::shop::Shop;

/// All orders of a shop.
#[derive(Default)]
pub struct Orders {
    /// By id.
    pub stories: HashMap<OrderId, Story>,
    /// The commands that placed an order.
    commands: HashSet<Uuid>,
    numbers: HashSet<String>,
    doubled: Findings,
}

/// What became of an order.
#[derive(Clone, Debug)]
pub struct Story {
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it was cancelled, and where it stood.
    pub cancelled: Option<(CancelReason, OrderStatus)>,
    /// What it waits for a human for.
    pub holds: BTreeSet<(HoldReason, Option<ShipmentId>)>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What the goods were to cost, in minor units.
    pub goods: i64,
    /// What was to be paid in all, in minor units; without lines that were cancelled.
    pub grand: i64,
    /// What was taken, in minor units, as the order heard it.
    pub captured: i64,
    /// What was given back, in minor units, as the order heard it.
    pub refunded: i64,
    /// What is still to be taken for parcels that left, in minor units.
    due: HashMap<ShipmentId, i64>,
    /// The same for parcels for which a human said that nobody has to pay.
    waived: HashMap<ShipmentId, i64>,
}

impl Orders {
    /// Reads the ordering log.
    pub async fn read(shop: &Shop) -> Result<Self> {
        let mut orders = Self::default();
        walk_topic::<OrderEvent>(shop, Topic::ORDER, |recorded| {
            orders.hear(&recorded);
            Ok(())
        })
        .await?;
        Ok(orders)
    }

    fn hear(&mut self, recorded: &Recorded<OrderEvent>) {
        let (event, envelope) = (&recorded.event, &recorded.envelope);
        if let OrderEvent::OrderPlaced(placed) = event {
            if !self.commands.insert(envelope.causation) {
                self.doubled.add(|| format!("{} is a second order of the same command", envelope.stream));
            }
            if !self.numbers.insert(placed.order_number.clone()) {
                self.doubled.add(|| format!("{} has the number of another order", envelope.stream));
            }
            let story = Story {
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
            if self.stories.insert(placed.order_id, story).is_some() {
                self.doubled.add(|| format!("{} was placed twice", envelope.stream));
            }
        } else if let Some(story) =
            envelope.stream.key().parse().ok().and_then(|id| self.stories.get_mut(&id))
        {
            story.hear(event);
        } else {
            self.doubled.add(|| format!("{} has events but was never placed", envelope.stream));
        }
    }

    /// Every order is over, on hold, or has a deadline.
    pub async fn none_is_stuck(&self, shop: &Shop) -> Result<Statement> {
        let due = log(shop, Context::Ordering)?.due(Timestamp::from_millis(i64::MAX), usize::MAX).await?;
        let ticking: HashSet<StreamId> = due.into_iter().map(|due| due.stream).collect();
        let (mut stuck, mut over, mut held, mut live) = (Findings::default(), 0_u64, 0_u64, 0_u64);
        for (id, story) in &self.stories {
            if story.status.is_terminal() && story.holds.is_empty() {
                over += 1;
            } else if !story.holds.is_empty() {
                held += 1;
            } else if ticking.contains(&id.stream()) {
                live += 1;
            } else {
                stuck.add(|| format!("{} is {} and waits for nothing", id.stream(), story.status));
            }
        }
        let checked = format!(
            "{} orders: {over} over, {held} on hold, {live} with a live deadline",
            self.stories.len()
        );
        Ok(stuck.state("every order is terminal, on hold, or has a live deadline", checked))
    }

    /// One order per idempotency key.
    pub fn one_per_command(&self) -> Statement {
        let checked = format!("{} orders of {} commands", self.stories.len(), self.commands.len());
        self.doubled.state("one OrderPlaced per idempotency key", checked)
    }
}

impl Story {
    /// Whether it ended before anything left.
    pub fn was_given_up(&self) -> bool {
        matches!(self.status, OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Rejected)
    }

    /// What nobody has to pay any more for goods that left, because a human said so, in minor units.
    pub fn written_off(&self) -> i64 {
        self.waived.values().sum()
    }

    fn left(&mut self, departure: &Departure) {
        self.due.insert(departure.shipment_id, departure.capture.minor);
    }

    /// Only what is still due can be waived: a hold ends, too, because the money came.
    fn waive(&mut self, parcel: Option<ShipmentId>) {
        self.waived.extend(parcel.and_then(|parcel| self.due.remove_entry(&parcel)));
    }

    fn hear(&mut self, event: &OrderEvent) {
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
                self.left(&e.departure);
            }
            E::OrderShipped(e) => {
                self.status = OrderStatus::Shipped;
                self.left(&e.departure);
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
            // A lost parcel for which nothing was taken: there is nothing to give back, and nothing to pay.
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
