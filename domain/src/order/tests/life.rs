//! Random commands, answers and deadlines, in any order and repeatedly: an order follows the table of its life cycle,
//! reactions are never refused, and the order can always reach an end.

use proptest::prelude::*;
use schemas::life_cycle::Step;
use schemas::order::OrderDeadline;
use schemas::{Actor, EventSet};

use super::*;
use crate::Aggregate;

/// An action on an order. Numbers choose among the possibilities at that moment.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// The usual next step.
    Goes(usize),
    StockConfirmed,
    StockRejected,
    Authorized,
    Declined {
        fraud: bool,
        left: u32,
    },
    Dispatched(usize),
    Delivered(usize),
    TakenBack(usize),
    Lost(usize),
    Captured(usize),
    CaptureFailed(usize),
    AuthorizationExpired,
    Voided,
    RefundSucceeded(usize),
    RefundFailed(usize),
    Cancel,
    PutOnHold,
    Resolve {
        hold: usize,
        way: usize,
    },
    Retry,
    Note,
    /// The order's deadline passes.
    Due,
    /// A deadline is reported, regardless of what the order waits for.
    SaidDue(usize),
    Hours(u64),
    /// An earlier command or answer is repeated.
    Again(usize),
}

fn acts() -> impl Strategy<Value = Act> {
    let i = 0usize..4;
    prop_oneof![
        12 => i.clone().prop_map(Act::Goes),
        1 => Just(Act::StockConfirmed),
        1 => Just(Act::StockRejected),
        2 => Just(Act::Authorized),
        1 => (any::<bool>(), 0u32..3).prop_map(|(fraud, left)| Act::Declined { fraud, left }),
        3 => i.clone().prop_map(Act::Dispatched),
        3 => i.clone().prop_map(Act::Delivered),
        2 => i.clone().prop_map(Act::TakenBack),
        3 => i.clone().prop_map(Act::Lost),
        3 => i.clone().prop_map(Act::Captured),
        2 => i.clone().prop_map(Act::CaptureFailed),
        1 => Just(Act::AuthorizationExpired),
        1 => Just(Act::Voided),
        3 => i.clone().prop_map(Act::RefundSucceeded),
        2 => i.clone().prop_map(Act::RefundFailed),
        1 => Just(Act::Cancel),
        1 => Just(Act::PutOnHold),
        5 => (0usize..4, 0usize..4).prop_map(|(hold, way)| Act::Resolve { hold, way }),
        1 => Just(Act::Retry),
        1 => Just(Act::Note),
        2 => Just(Act::Due),
        1 => (0usize..5).prop_map(Act::SaidDue),
        2 => (1u64..200).prop_map(Act::Hours),
        3 => (0usize..64).prop_map(Act::Again),
    ]
}

/// Only commands of people may be refused.
struct Asked {
    decision: Box<dyn Decision>,
    by_people: bool,
}

fn people(decision: impl Decision + 'static) -> Asked {
    Asked { decision: Box::new(decision), by_people: true }
}

fn machine(decision: impl Decision + 'static) -> Asked {
    Asked { decision: Box::new(decision), by_people: false }
}

struct World {
    given: Given,
    now: Timestamp,
    parcels: usize,
    asked: Vec<Asked>,
}

impl World {
    fn new(parcels: usize) -> Self {
        Self { given: placed(), now: noon(), parcels, asked: Vec::new() }
    }

    fn order(&self) -> Order {
        order(&self.given)
    }

    fn wait_until(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.given = self.given.clone().at(self.now);
    }

    fn known(&self, i: usize) -> Option<Parcel> {
        match self.order() {
            Order::Underway(order) => order.parcels().get(&parcel(i)).cloned(),
            _ => None,
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Hours(hours) => self.wait_until(self.now.plus(Duration::from_hours(hours))),
            Act::Goes(i) => self.goes(i),
            Act::Note => {
                let before = self.order();
                let note = AddNote { order_id: order_id(), note: sealed("note") };
                follow(before, &self.given.run(&note).unwrap().events_of::<OrderEvent>());
            }
            Act::Again(i) if !self.asked.is_empty() => {
                let asked = self.asked.swap_remove(i % self.asked.len());
                self.ask(asked);
            }
            Act::Due => {
                if let Some(due) = self.order().deadline() {
                    self.wait_until(due.at);
                    let passed = OrderDeadlinePassed::of(order_id(), due.kind, rules()).unwrap();
                    assert!(self.ask(machine(passed)), "nothing happened at {due:?}");
                }
            }
            other => {
                if let Some(asked) = self.decision(other) {
                    self.ask(asked);
                }
            }
        }
    }

    /// The next step of an order without problems.
    fn goes(&mut self, i: usize) {
        let i = i % self.parcels;
        self.act(match (self.order().status().unwrap(), self.known(i)) {
            (OrderStatus::Placed, _) => Act::StockConfirmed,
            (OrderStatus::StockConfirmed, _) => Act::Authorized,
            (_, Some(Parcel { at: Whereabouts::Here, .. })) => Act::Dispatched(i),
            (_, Some(Parcel { capture: Capture::Due(_), .. })) => Act::Captured(i),
            _ => Act::Delivered(i),
        });
    }

    fn decision(&self, act: Act) -> Option<Asked> {
        let (order_id, rules) = (order_id(), rules());
        Some(match act {
            Act::StockConfirmed => machine(stock_confirmed(self.parcels)),
            Act::StockRejected => {
                machine(StockAnswered { order_id, answer: StockAnswer::Rejected(Vec::new()), rules })
            }
            Act::Authorized => machine(authorized(self.now.plus(Duration::from_hours(100)))),
            Act::Declined { fraud, left } => {
                machine(declined(if fraud { DeclineCode::Fraud } else { DeclineCode::Declined }, left))
            }
            Act::Dispatched(i) => machine(ParcelDispatched { eta: self.now, ..dispatched(i.min(2)) }),
            Act::Delivered(i) => machine(delivered(i.min(2))),
            Act::TakenBack(i) => machine(taken_back(i.min(2))),
            Act::Lost(i) => machine(lost(i.min(2))),
            Act::Captured(i) => match self.known(i.min(2))?.capture {
                Capture::Due(amount) => machine(captured(i.min(2), amount.minor)),
                Capture::NotDue | Capture::Done(_) => return None,
            },
            Act::CaptureFailed(i) => {
                machine(CaptureFailed { order_id, shipment_id: parcel(i.min(2)), rules })
            }
            Act::AuthorizationExpired => machine(AuthorizationExpired { order_id, rules }),
            Act::Voided => machine(PaymentVoided { order_id, amount: euro(GRAND), rules }),
            Act::RefundSucceeded(i) => machine(self.refund(i)?),
            Act::RefundFailed(i) => machine(refund_failed(i.min(2), 5)),
            Act::Cancel => people(cancel()),
            Act::PutOnHold => people(put_on_hold()),
            Act::Resolve { hold, way } => {
                let order = self.order();
                let hold = order.holds().get(hold % order.holds().len().max(1))?;
                let ways = hold.reason.ways_out();
                people(resolve(hold.reason, hold.shipment_id, ways[way % ways.len()]))
            }
            Act::Retry => people(RetryPayment { order_id, payment_token: sealed("other") }),
            Act::SaidDue(i) => {
                use OrderDeadline as D;
                machine(due([D::StockAnswer, D::Payment, D::Fulfilment, D::Delivery, D::ReturnWindow][i]))
            }
            Act::Goes(_) | Act::Note | Act::Due | Act::Hours(_) | Act::Again(_) => return None,
        })
    }

    /// The capture for a parcel is refunded; after the end, an event without a request.
    fn refund(&self, i: usize) -> Option<RefundSucceeded> {
        let refunded = match self.order() {
            Order::Underway(order) => order.refunded.minor,
            Order::Over(_) => return Some(refund_succeeded(0, 5)),
            _ => return None,
        };
        let amount = self.known(i.min(2))?.refundable().minor;
        let refunded = euro(refunded + amount);
        (amount > 0).then(|| RefundSucceeded { refunded, ..refund_succeeded(i.min(2), amount) })
    }

    fn ask(&mut self, asked: Asked) -> bool {
        let before = self.order();
        let events = match self.given.run(asked.decision.as_ref()) {
            Ok(changes) => changes.events_of::<OrderEvent>(),
            Err(refusal) => {
                assert!(asked.by_people, "refused: {refusal}");
                Vec::new()
            }
        };
        follow(before, &events);
        self.repeat(&asked);
        self.asked.push(asked);
        self.look();
        !events.is_empty()
    }

    fn repeat(&self, asked: &Asked) {
        let repeated = self.given.clone().run(asked.decision.as_ref());
        assert!(
            repeated.map_or(asked.by_people, |changes| changes.events.is_empty()),
            "not quiet when repeated"
        );
    }

    /// The invariants of every order at every moment.
    fn look(&self) {
        let order = self.order();
        let status = order.status().unwrap();
        let waits = |hold: &Hold| {
            let ways = hold.reason.ways_out().iter();
            ways.map(|way| resolve(hold.reason, hold.shipment_id, *way))
                .any(|way| self.given.clone().run(&way).is_ok())
        };
        assert!(order.holds().iter().all(waits), "a hold without a resolution: {order:?}");
        let alive = status.is_terminal() || order.deadline().is_some() || !order.holds().is_empty();
        assert!(alive, "the order waits for nothing: {order:?}");
        if let Order::Underway(order) = &order {
            assert!(order.refunded.minor <= order.captured().minor);
            assert!(order.captured().minor <= order.totals.grand.minor);
        }
        self.compare(OrderAction::Cancel, &cancel());
        self.compare(OrderAction::PutOnHold, &put_on_hold());
        self.compare(
            OrderAction::RetryPayment,
            &RetryPayment { order_id: order_id(), payment_token: sealed("new") },
        );
    }

    /// An allowed action is accepted; any other is refused, or already done.
    fn compare(&self, action: OrderAction, decision: &dyn Decision) {
        let allowed = self.order().allowed_actions().contains(&action);
        let does = self.given.clone().run(decision).is_ok_and(|changes| !changes.events.is_empty());
        assert_eq!(does, allowed, "{action} of {:?}", self.order());
    }

    /// From now on all parties act.
    fn ends(&mut self) {
        for step in 0.. {
            let order = self.order();
            if order.status().unwrap().is_terminal() {
                return;
            }
            assert!(step < 60, "the order does not end: {order:?}");
            let before = order.clone();
            order.holds().iter().for_each(|hold| self.help(hold));
            if let Order::AwaitingPayment(_) = before {
                self.act(Act::Retry);
            }
            (0..self.parcels).for_each(|i| self.goes(i));
            if self.order() == before {
                self.act(Act::Due);
            }
        }
    }

    fn help(&mut self, hold: &Hold) {
        let i = (0..self.parcels).find(|i| Some(parcel(*i)) == hold.shipment_id);
        let (way, outcome) = match (hold.reason, i) {
            (HoldReason::Staff | HoldReason::Overdue, _) | (HoldReason::RefundFailed, None) => {
                (WayOut::Release, None)
            }
            (HoldReason::ParcelCancelled, _) => (WayOut::CancelRest, None),
            (HoldReason::AuthorizationExpired, _) => (WayOut::Reauthorize, Some(Act::Authorized)),
            (HoldReason::CaptureFailed, i) => (WayOut::RetryCapture, i.map(Act::Captured)),
            (HoldReason::RefundFailed | HoldReason::ShipmentLost, i) => {
                (WayOut::Refund, i.map(Act::RefundSucceeded))
            }
        };
        self.ask(people(resolve(hold.reason, hold.shipment_id, way)));
        if let Some(outcome) = outcome {
            self.act(Act::Hours(1));
            self.act(outcome);
        }
    }
}

/// Every event is in the table, and decodes to itself.
fn follow(mut order: Order, events: &[OrderEvent]) {
    for event in events {
        let from = order.status().unwrap();
        let name = EventSet::name(event);
        order = order.evolve(event);
        let to = order.status().unwrap();
        let step = Step::ALL.iter().find(|step| step.name() == name).unwrap();
        assert!(from.leads_to(*step, to), "{name} led from {from} to {to}");
        let stored = EventSet::encode(event, &Actor::system("test")).unwrap();
        assert_eq!(&OrderEvent::decode(name, EventSet::version(event), &stored).unwrap(), event);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_order_can_always_end_whatever_events_arrive(
        parcels in 1usize..4,
        acts in prop::collection::vec(acts(), 0..50),
    ) {
        let mut world = World::new(parcels);
        for act in acts {
            world.act(act);
        }
        world.ends();
    }
}
