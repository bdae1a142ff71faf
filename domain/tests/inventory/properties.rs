//! Invariants that hold after every event, under random commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::given::{Given, nothing_yet};
use domain::reservation::{ConsumeReservation, ReleaseReservation, Reservation, ReserveLine, ReserveOrder};
use domain::stock::{
    AdjustStock, Adjustment, OpenStockItem, ReceiveStock, SetThresholds, Stock, TransferStock,
};
use domain::{Aggregate, Changes, Decision, ShopRules};
use proptest::prelude::*;
use schemas::reservation::{LineAtLocation, ReleaseReason, ReservationEvent};
use schemas::stock::{AdjustmentReason, LevelsAfter, StockEvent};
use schemas::{LineId, LocationId, OrderId, Sku};

const SKUS: [&str; 3] = ["MUG", "POT", "TEA"];
const PLACES: [&str; 3] = ["central", "north", "south"];
const ORDERS: usize = 6;

fn sku(i: usize) -> Sku {
    SKUS[i].parse().unwrap()
}

fn place(i: usize) -> LocationId {
    PLACES[i].parse().unwrap()
}

fn order(i: usize) -> OrderId {
    OrderId::derived(&[&i.to_string()])
}

#[derive(Clone, Debug)]
enum Step {
    Receive(usize, usize, u32),
    Adjust(usize, usize, Adjustment),
    Transfer(usize, usize, usize, u32),
    Thresholds(usize, u32, u32),
    Reserve(usize, Vec<(usize, u32)>),
    /// An order releases everything, or its units at one location.
    Release(usize, Option<usize>),
    /// A parcel is dispatched from a location. If the number is not 0: the last dispatch is repeated, or exceeds the
    /// reservation.
    Consume(usize, usize, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let (sku, place, order) = (0..SKUS.len(), 0..PLACES.len(), 0..ORDERS);
    let change =
        prop_oneof![(-20i64..20).prop_map(Adjustment::Delta), (0u32..30).prop_map(Adjustment::Count)];
    prop_oneof![
        3 => (sku.clone(), place.clone(), 1u32..20).prop_map(|(s, p, q)| Step::Receive(s, p, q)),
        2 => (sku.clone(), place.clone(), change).prop_map(|(s, p, c)| Step::Adjust(s, p, c)),
        2 => (sku.clone(), place.clone(), place.clone(), 1u32..10).prop_map(|(s, p, to, q)| Step::Transfer(s, p, to, q)),
        1 => (sku.clone(), 0u32..8, 0u32..8).prop_map(|(s, low, safety)| Step::Thresholds(s, low, safety)),
        4 => (order.clone(), prop::collection::vec((sku, 1u32..8), 1..5)).prop_map(|(o, lines)| Step::Reserve(o, lines)),
        2 => (order.clone(), prop::option::of(place.clone())).prop_map(|(o, p)| Step::Release(o, p)),
        2 => (order, place, 0u32..3).prop_map(|(o, p, more)| Step::Consume(o, p, more)),
    ]
}

/// Lines that an order has at a location, or everywhere.
fn held(house: &Given, order: OrderId, at: Option<usize>) -> Vec<LineAtLocation> {
    let reservation: Reservation = house.state(&order.reservation_stream());
    let here = |line: &&LineAtLocation| at.is_none_or(|at| line.location == place(at));
    reservation.lines().iter().filter(here).cloned().collect()
}

fn decision(house: &Given, number: usize, step: Step) -> Box<dyn Decision> {
    match step {
        Step::Receive(s, p, qty) => Box::new(ReceiveStock {
            sku: sku(s),
            location: place(p),
            qty,
            reference: Some(number.to_string()),
        }),
        Step::Adjust(s, p, change) => {
            let reason = AdjustmentReason::Other;
            Box::new(AdjustStock { sku: sku(s), location: place(p), change, reason })
        }
        Step::Transfer(s, from, to, qty) => {
            let transfer_id = number.to_string();
            Box::new(TransferStock { sku: sku(s), from: place(from), to: place(to), qty, transfer_id })
        }
        Step::Thresholds(s, low_stock, safety_stock) => {
            Box::new(SetThresholds { sku: sku(s), low_stock, safety_stock })
        }
        Step::Reserve(o, lines) => {
            let line = |(id, (s, qty))| ReserveLine { line_id: LineId(id), sku: sku(s), qty, tracked: true };
            let lines = (1..).zip(lines).map(line).collect();
            Box::new(ReserveOrder { order_id: order(o), lines, rules: Arc::new(ShopRules::default()) })
        }
        Step::Release(o, None) => {
            Box::new(ReleaseReservation::all(order(o), ReleaseReason::OrderCancelled, (0..3).map(sku)))
        }
        Step::Release(o, at) => {
            let lines = held(house, order(o), at);
            Box::new(ReleaseReservation::of(order(o), ReleaseReason::LinesCancelled, &lines))
        }
        Step::Consume(o, at, more) => {
            let mut lines = held(house, order(o), Some(at));
            lines.iter_mut().for_each(|line| line.qty += more);
            Box::new(ConsumeReservation { order_id: order(o), lines })
        }
    }
}

fn after_of(event: &StockEvent) -> Option<(&LocationId, &LevelsAfter)> {
    match event {
        StockEvent::StockReceived(e) => Some((&e.location, &e.after)),
        StockEvent::StockAdjusted(e) => Some((&e.location, &e.after)),
        StockEvent::StockReserved(e) => Some((&e.location, &e.after)),
        StockEvent::StockReleased(e) => Some((&e.location, &e.after)),
        StockEvent::StockCommitted(e) => Some((&e.location, &e.after)),
        StockEvent::StockTransferredOut(e) => Some((&e.from, &e.after)),
        StockEvent::StockTransferredIn(e) => Some((&e.to, &e.after)),
        _ => None,
    }
}

/// Σ reserved − released − committed, per SKU and order.
#[derive(Default)]
struct Book(BTreeMap<(Sku, OrderId), i64>);

impl Book {
    fn note(&mut self, event: &StockEvent) {
        let (key, qty) = match event {
            StockEvent::StockReserved(e) => ((e.sku.clone(), e.order_id), i64::from(e.qty)),
            StockEvent::StockReleased(e) => ((e.sku.clone(), e.order_id), -i64::from(e.qty)),
            StockEvent::StockCommitted(e) => ((e.sku.clone(), e.order_id), -i64::from(e.qty)),
            _ => return,
        };
        *self.0.entry(key).or_default() += qty;
    }

    fn of_sku(&self, sku: &Sku) -> i64 {
        self.0.iter().filter(|((of, _), _)| of == sku).map(|(_, qty)| qty).sum()
    }
}

/// Applies the events of one step, and checks the invariants after each.
fn check(before: &Given, changes: &Changes, book: &mut Book) -> Result<(), TestCaseError> {
    let mut stocks: BTreeMap<String, Stock> = BTreeMap::new();
    for (stream, event) in &changes.events {
        let Some(event) = event.as_any().downcast_ref::<StockEvent>() else { continue };
        let stock = stocks.remove(stream.as_str()).unwrap_or_else(|| before.state(stream)).evolve(event);
        book.note(event);
        let item = stock.item().unwrap();
        let (mut on_hand, mut reserved) = (0, 0);
        for (location, place) in &item.levels.places {
            prop_assert!(place.reserved <= place.on_hand, "{location}: {place:?}");
            let held: u32 = item.held.iter().filter(|((_, at), _)| at == location).map(|(_, qty)| qty).sum();
            prop_assert_eq!(held, place.reserved, "reserved units of orders at {}", location);
            on_hand += place.on_hand;
            reserved += place.reserved;
        }
        let available = on_hand.saturating_sub(reserved).saturating_sub(item.levels.safety_stock);
        let in_all = item.levels.in_all();
        prop_assert_eq!((in_all.on_hand, in_all.reserved, in_all.available), (on_hand, reserved, available));
        if let Some((location, after)) = after_of(event) {
            prop_assert_eq!(after, &item.levels.after(location), "the levels in the event");
        }
        prop_assert_eq!(book.of_sku(&item.sku), i64::from(reserved));
        stocks.insert(stream.to_string(), stock);
    }
    prop_assert!(
        book.0.values().all(|qty| *qty >= 0),
        "an order released more than it had reserved: {:?}",
        book.0
    );
    Ok(())
}

/// A reservation covers all lines with available units, or none.
fn check_reservation(before: &Given, lines: &[(usize, u32)], changes: &Changes) -> Result<(), TestCaseError> {
    let mut wanted: BTreeMap<Sku, u32> = BTreeMap::new();
    for (s, qty) in lines {
        *wanted.entry(sku(*s)).or_default() += qty;
    }
    let available = |sku: &Sku| {
        let stock: Stock = before.state(&sku.stock_stream());
        stock.item().map_or(0, |item| item.levels.in_all().available)
    };
    let reserved = changes.events_of::<StockEvent>();
    match &changes.events_of::<ReservationEvent>()[..] {
        [] => prop_assert!(reserved.is_empty()),
        [ReservationEvent::ReservationRejected(rejected)] => {
            prop_assert!(reserved.is_empty());
            let short: Vec<_> =
                wanted.iter().filter(|(sku, qty)| available(sku) < **qty).map(|(sku, _)| sku).collect();
            prop_assert_eq!(rejected.shortages.iter().map(|short| &short.sku).collect::<Vec<_>>(), short);
        }
        [ReservationEvent::ReservationConfirmed(confirmed)] => {
            for (sku, qty) in &wanted {
                prop_assert!(*qty <= available(sku));
                let placed = confirmed.lines.iter().filter(|line| line.sku == *sku).map(|line| line.qty);
                prop_assert_eq!(placed.sum::<u32>(), *qty);
            }
            for (line_id, (_, qty)) in (1..).zip(lines) {
                let placed = confirmed
                    .lines
                    .iter()
                    .filter(|line| line.line_id == LineId(line_id))
                    .map(|line| line.qty);
                prop_assert_eq!(placed.sum::<u32>(), *qty);
            }
        }
        others => prop_assert!(false, "{others:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn stock_is_never_promised_twice_and_every_event_says_what_is_left(steps in prop::collection::vec(step(), 1..60)) {
        let mut house = nothing_yet();
        let mut book = Book::default();
        for s in 0..SKUS.len() {
            house.run(&OpenStockItem { sku: sku(s) }).unwrap();
        }
        for (number, step) in steps.into_iter().enumerate() {
            let before = house.clone();
            let decision = decision(&before, number, step.clone());
            // A refusal changes nothing, which the next step checks.
            let Ok(changes) = house.run(decision.as_ref()) else { continue };
            check(&before, &changes, &mut book)?;
            if let Step::Reserve(_, lines) = &step {
                check_reservation(&before, lines, &changes)?;
            }
            for o in 0..ORDERS {
                let remaining: u32 = held(&house, order(o), None).iter().map(|line| line.qty).sum();
                let held: i64 = book.0.iter().filter(|((_, of), _)| *of == order(o)).map(|(_, qty)| qty).sum();
                prop_assert_eq!(held, i64::from(remaining), "the reservation and the stock disagree");
            }
            let repeated_is_quiet = !matches!(step, Step::Adjust(_, _, Adjustment::Delta(_)));
            if repeated_is_quiet {
                let again = house.clone().run(decision.as_ref());
                prop_assert!(again.is_ok_and(|changes| changes.events.is_empty()), "{step:?} happened twice");
            }
        }
    }
}
