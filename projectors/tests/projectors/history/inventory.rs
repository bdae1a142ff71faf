//! Stock and reservations.

use schemas::reservation::{
    LineAtLocation, ReleaseReason, ReservationConfirmed, ReservationConsumed, ReservationEvent,
    ReservationRejected, ReservationReleased, Shortage,
};
use schemas::stock::{
    AdjustmentReason, BackInStock, Level, LevelsAfter, StockAdjusted, StockCommitted, StockDepleted,
    StockEvent, StockItemOpened, StockPolicy, StockReceived, StockReleased, StockReserved,
    StockThresholdsSet, StockTransferredIn, StockTransferredOut,
};
use schemas::{LineId, Topic};

use super::{Scenario, location, order_id, sku};

pub fn stock(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let stream = sku(number).stock_stream();
    let opened = StockItemOpened { sku: sku(number), policy: StockPolicy::Deny };
    scenario.emit::<StockEvent>(Topic::STOCK, stream.clone(), opened);
    for _ in 0..scenario.number(40) {
        let event = something(scenario, number);
        scenario.emit::<StockEvent>(Topic::STOCK, stream.clone(), event);
    }
}

fn after(scenario: &mut Scenario) -> LevelsAfter {
    let at_location = level(scenario);
    LevelsAfter { at_location, in_all: level(scenario) }
}

fn level(scenario: &mut Scenario) -> Level {
    let reserved = scenario.number(5);
    let on_hand = reserved + scenario.number(20);
    Level { on_hand, reserved, available: on_hand - reserved }
}

fn something(scenario: &mut Scenario, number: u32) -> StockEvent {
    let (sku, after, qty) = (sku(number), after(scenario), 1 + scenario.number(5));
    let (order_id, line_ids) = (order_id(scenario.number(6)), vec![LineId(1)]);
    let location = location(scenario.number(3));
    match scenario.number(10) {
        0 => {
            StockReceived { sku, location, qty, on_hand_before: 0, after, reference: Some("N-1".to_owned()) }
                .into()
        }
        1 => {
            let delta = -i64::from(qty);
            StockAdjusted { sku, location, delta, reason: AdjustmentReason::Count, on_hand_before: 9, after }
                .into()
        }
        2 => StockThresholdsSet { sku, low_stock: qty, safety_stock: 1, in_all: after.in_all }.into(),
        3 | 4 => StockReserved { sku, order_id, line_ids, location, qty, after }.into(),
        5 => StockReleased { sku, order_id, line_ids, location, qty, after }.into(),
        6 => StockCommitted { sku, order_id, line_ids, location, qty, after }.into(),
        7 => {
            let (from, to) = (location, super::location(0));
            StockTransferredOut { sku, transfer_id: "T-1".to_owned(), qty, from, to, after }.into()
        }
        8 => {
            let (from, to) = (super::location(0), location);
            StockTransferredIn { sku, transfer_id: "T-1".to_owned(), qty, from, to, after }.into()
        }
        _ if scenario.chance(0.5) => StockDepleted { sku }.into(),
        _ => BackInStock { sku, available: qty }.into(),
    }
}

pub fn lines(number: u32) -> Vec<LineAtLocation> {
    let line = |line: u32| LineAtLocation {
        line_id: LineId(line),
        sku: sku(number % 4),
        qty: line,
        location: location(line),
        tracked: true,
    };
    vec![line(1), line(2)]
}

pub fn reservation(scenario: &mut Scenario, number: u32) {
    scenario.begin();
    let order_id = order_id(number);
    let stream = order_id.reservation_stream();
    let all = lines(number);
    let mut emit = |event: ReservationEvent| {
        scenario.emit::<ReservationEvent>(Topic::RESERVATION, stream.clone(), event)
    };
    let (first, rest) = (vec![all[0].clone()], vec![all[1].clone()]);
    match number % 4 {
        0 => {
            let shortages = vec![Shortage { sku: sku(0), requested: 3, available: 1 }];
            emit(ReservationRejected { order_id, shortages }.into());
        }
        1 => {
            let reason = ReleaseReason::OrderCancelled;
            emit(ReservationReleased { order_id, reason, lines: Vec::new(), remaining: 0 }.into());
        }
        2 => {
            emit(ReservationConfirmed { order_id, lines: all }.into());
            emit(ReservationConsumed { order_id, lines: first, remaining: 2 }.into());
            let reason = ReleaseReason::LinesCancelled;
            emit(ReservationReleased { order_id, reason, lines: rest, remaining: 0 }.into());
        }
        _ => emit(ReservationConfirmed { order_id, lines: all }.into()),
    }
}
