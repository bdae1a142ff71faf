use domain::given::{Given, nothing_yet};
use domain::stock::{AdjustStock, Adjustment, SetThresholds};
use schemas::stock::{
    AdjustmentReason, BackInStock, LowStockReached, StockDepleted, StockEvent, StockThresholdsSet,
};

use crate::stock::{at, level, opened, received, stock, tea};

fn thresholds(low_stock: u32, safety_stock: u32) -> SetThresholds {
    SetThresholds { sku: tea(), low_stock, safety_stock }
}

fn count(count: u32) -> AdjustStock {
    let (change, reason) = (Adjustment::Count(count), AdjustmentReason::Count);
    AdjustStock { sku: tea(), location: at("central"), change, reason }
}

/// The edge events after a count.
fn edges(shelf: &mut Given, to: u32) -> Vec<StockEvent> {
    shelf.run(&count(to)).unwrap().events_of::<StockEvent>().split_off(1)
}

fn low(available: u32) -> StockEvent {
    LowStockReached { sku: tea(), available, threshold: 5 }.into()
}

#[test]
fn thresholds_are_set_once() {
    let expected = StockThresholdsSet { sku: tea(), low_stock: 5, safety_stock: 2, in_all: level(10, 0, 8) };
    let shelf = stock([opened(), received("central", 10)]);
    shelf.when(&thresholds(5, 2)).then::<StockEvent>(&[expected.into()]).again().nothing();
}

#[test]
fn thresholds_of_nothing_or_beyond_all_stock_are_refused() {
    nothing_yet().when(&thresholds(5, 2)).refused_for_now("NOT_FOUND");
    let refusal = stock([opened()]).when(&thresholds(u32::MAX, u32::MAX)).refused("OUT_OF_RANGE");
    assert_eq!(refusal.errors.len(), 2);
    stock([opened()]).when(&thresholds(1_000_000_000, 1_000_000_000)).events(2);
    let refusal = stock([opened()]).when(&thresholds(0, 1_000_000_001)).refused("OUT_OF_RANGE");
    assert_eq!(refusal.errors[0].field.as_deref(), Some("safetyStock"));
}

#[test]
fn edges_are_told_when_they_are_crossed_and_only_then() {
    let mut shelf = stock([opened(), received("central", 12)]);
    shelf.run(&thresholds(5, 2)).unwrap();
    assert_eq!(edges(&mut shelf, 8), []);
    assert_eq!(edges(&mut shelf, 7), [low(5)], "on the threshold");
    assert_eq!(edges(&mut shelf, 6), [], "it is low already");
    assert_eq!(
        edges(&mut shelf, 2),
        [StockDepleted { sku: tea() }.into()],
        "the safety stock is not for sale"
    );
    assert_eq!(edges(&mut shelf, 1), []);
    assert_eq!(edges(&mut shelf, 3), [BackInStock { sku: tea(), available: 1 }.into()]);
    assert_eq!(edges(&mut shelf, 20), []);
    assert_eq!(edges(&mut shelf, 0), [low(0), StockDepleted { sku: tea() }.into()], "both at once");
}

#[test]
fn nobody_is_warned_without_a_threshold() {
    let mut shelf = stock([opened(), received("central", 12)]);
    assert_eq!(edges(&mut shelf, 1), []);
    assert_eq!(edges(&mut shelf, 0), [StockDepleted { sku: tea() }.into()]);
}

#[test]
fn a_larger_safety_stock_can_make_a_sku_sold_out() {
    let shelf = stock([opened(), received("central", 10)]);
    let events = shelf.when(&thresholds(5, 10)).changes().events_of::<StockEvent>();
    assert_eq!(events[1..], [low(0), StockDepleted { sku: tea() }.into()]);
}
