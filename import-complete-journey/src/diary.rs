//! The schedule of actions of customers and staff. It is derived from the logs, so a restarted import rebuilds it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use chorale::invariants::log;
use chorale::shop::Shop;
use event_log::port::{Log, Read, StoredEvent};
use schemas::life_cycle::{HoldReason, WayOut};
use schemas::order::OrderEvent;
use schemas::shipment::ShipmentEvent;
use schemas::{Context, EventSet, OrderId, ShipmentId, Timestamp, Topic};

use crate::dice::Dice;
use crate::fate::{self, Regret};

/// Events per read.
const PAGE: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    /// The customer tries another way to pay.
    Retry(OrderId),
    /// The customer changes their mind.
    Cancel(OrderId),
    /// The warehouse packs a parcel.
    Pack(ShipmentId),
    /// The carrier takes a parcel. The version is that of the event that made it possible: a refused attempt may be
    /// repeated after a later event.
    Dispatch(ShipmentId, u64),
    Deliver(ShipmentId),
    /// A parcel is reported lost.
    Lose(ShipmentId),
    /// The shop decides about an order on hold.
    Resolve {
        order: OrderId,
        reason: HoldReason,
        /// The parcel that the hold is about.
        parcel: Option<ShipmentId>,
        way: WayOut,
        /// The version of the event that put the order on hold.
        version: u64,
    },
}

/// Scheduled actions in order of time.
pub(crate) struct Diary {
    dice: Dice,
    /// Everything up to this instant is done.
    done: Timestamp,
    /// Whether immediate cancellations happen while the shop is still processing the order.
    racing: bool,
    entries: BTreeSet<(Timestamp, Act)>,
    ordering: u64,
    shipping: u64,
}

impl Diary {
    /// An empty diary. Actions up to `done` are left out.
    pub fn new(dice: Dice, done: Timestamp, racing: bool) -> Self {
        Self { dice, done, racing, entries: BTreeSet::new(), ordering: 0, shipping: 0 }
    }

    /// The time of the next action.
    pub fn next(&self) -> Option<Timestamp> {
        self.entries.first().map(|(at, _)| *at)
    }

    /// Removes and returns the actions that are due at `now`.
    pub fn due(&mut self, now: Timestamp) -> Vec<Act> {
        let mut due = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            due.extend(self.entries.pop_first().map(|(_, act)| act));
        }
        due
    }

    /// Reads the events since the last call.
    pub async fn follow(&mut self, shop: &Shop) -> Result<()> {
        let ordering = log(shop, Context::Ordering)?;
        self.ordering = self.read(ordering, Topic::ORDER, self.ordering, Self::hear_order).await?;
        let shipping = log(shop, Context::Shipping)?;
        self.shipping = self.read(shipping, Topic::SHIPMENT, self.shipping, Self::hear_parcel).await?;
        Ok(())
    }

    async fn read(
        &mut self,
        log: &dyn Log,
        topic: Topic,
        mut position: u64,
        hear: fn(&mut Self, &StoredEvent) -> Result<()>,
    ) -> Result<u64> {
        loop {
            let page = log.read(Read::After(position), PAGE).await?;
            let Some(last) = page.last() else { return Ok(position) };
            position = last.envelope.position;
            for event in page.iter().filter(|event| event.envelope.topic() == Some(topic)) {
                hear(self, event).with_context(|| format!("{} cannot be read", event.envelope.token()))?;
            }
        }
    }

    fn note(&mut self, at: Timestamp, act: Act) {
        if at > self.done {
            self.entries.insert((at, act));
        }
    }

    fn hear_order(&mut self, event: &StoredEvent) -> Result<()> {
        let envelope = &event.envelope;
        let Ok(order) = envelope.stream.key().parse::<OrderId>() else { return Ok(()) };
        let decode = || OrderEvent::decode(&envelope.name, envelope.type_version, &event.payload);
        match envelope.name.as_str() {
            "OrderPlaced" if !self.racing && fate::regret(self.dice, order) == Some(Regret::AtOnce) => {
                self.note(envelope.time, Act::Cancel(order));
            }
            "OrderConfirmed" if fate::regret(self.dice, order) == Some(Regret::Confirmed) => {
                self.note(fate::soon(envelope.time), Act::Cancel(order));
            }
            "OrderPaymentFailed" => {
                if let OrderEvent::OrderPaymentFailed(e) = decode()?
                    && e.retryable
                    && e.attempts_left > 0
                {
                    self.note(fate::soon(envelope.time), Act::Retry(order));
                }
            }
            "OrderPutOnHold" => {
                if let OrderEvent::OrderPutOnHold(e) = decode()?
                    && let Some(way) = chosen(e.reason, &e.ways_out)
                {
                    let (reason, parcel, version) = (e.reason, e.shipment_id, envelope.version);
                    self.note(
                        fate::decided(envelope.time),
                        Act::Resolve { order, reason, parcel, way, version },
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn hear_parcel(&mut self, event: &StoredEvent) -> Result<()> {
        let (envelope, dice) = (&event.envelope, self.dice);
        let (at, version) = (envelope.time, envelope.version);
        match ShipmentEvent::decode(&envelope.name, envelope.type_version, &event.payload)? {
            ShipmentEvent::ShipmentPlanned(e) => {
                self.note(fate::packed(dice, e.shipment_id, at), Act::Pack(e.shipment_id));
            }
            ShipmentEvent::ShipmentLabelled(e) => {
                let parcel = e.shipment_id;
                self.note(fate::dispatched(dice, parcel, at), Act::Dispatch(parcel, version));
                self.regret(e.order_id, Regret::Packed, at);
            }
            ShipmentEvent::ShipmentHoldLifted(e) => {
                let parcel = e.shipment_id;
                self.note(fate::dispatched(dice, parcel, at), Act::Dispatch(parcel, version));
            }
            ShipmentEvent::ShipmentDispatched(e) => {
                let parcel = e.shipment_id;
                if fate::is_lost(dice, parcel) {
                    self.note(fate::given_up(at), Act::Lose(parcel));
                } else {
                    self.note(fate::delivered(dice, parcel, at), Act::Deliver(parcel));
                }
                self.regret(e.order_id, Regret::Dispatched, at);
            }
            _ => {}
        }
        Ok(())
    }

    fn regret(&mut self, order: OrderId, regretted: Regret, at: Timestamp) {
        if fate::regret(self.dice, order) == Some(regretted) {
            self.note(fate::soon(at), Act::Cancel(order));
        }
    }
}

/// The shop's decision: it continues where possible, and refunds lost goods.
fn chosen(reason: HoldReason, ways: &[WayOut]) -> Option<WayOut> {
    let liked: &[WayOut] = match reason {
        HoldReason::CaptureFailed => &[WayOut::RetryCapture],
        HoldReason::RefundFailed | HoldReason::ShipmentLost => &[WayOut::Refund],
        HoldReason::AuthorizationExpired => &[WayOut::Reauthorize],
        HoldReason::Staff | HoldReason::Overdue | HoldReason::ParcelCancelled => &[WayOut::Release],
    };
    liked.iter().chain(ways).copied().find(|way| ways.contains(way))
}
