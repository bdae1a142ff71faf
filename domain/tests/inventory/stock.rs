use domain::given::{Given, given, nothing_yet};
use domain::stock::{AdjustStock, Adjustment, OpenStockItem, ReceiveStock, Stock, TransferStock};
use schemas::stock::{
    AdjustmentReason, BackInStock, Level, LevelsAfter, StockAdjusted, StockEvent, StockItemOpened,
    StockPolicy, StockReceived, StockReserved, StockTransferredIn, StockTransferredOut,
};
use schemas::{LineId, LocationId, OrderId, Sku};

pub fn tea() -> Sku {
    "TEA-100".parse().unwrap()
}

pub fn at(name: &str) -> LocationId {
    name.parse().unwrap()
}

pub fn level(on_hand: u32, reserved: u32, available: u32) -> Level {
    Level { on_hand, reserved, available }
}

/// Levels with one location and no safety stock.
pub fn after(on_hand: u32, reserved: u32) -> LevelsAfter {
    let level = level(on_hand, reserved, on_hand - reserved);
    LevelsAfter { at_location: level, in_all: level }
}

pub fn opened() -> StockEvent {
    StockItemOpened { sku: tea(), policy: StockPolicy::Deny }.into()
}

pub fn received(location: &str, qty: u32) -> StockEvent {
    let (sku, location) = (tea(), at(location));
    StockReceived { sku, location, qty, on_hand_before: 0, after: after(qty, 0), reference: None }.into()
}

pub fn reserved(order: OrderId, location: &str, qty: u32) -> StockEvent {
    let (line_ids, location) = (vec![LineId(1)], at(location));
    StockReserved { sku: tea(), order_id: order, line_ids, location, qty, after: after(qty, qty) }.into()
}

pub fn stock(events: impl IntoIterator<Item = StockEvent>) -> Given {
    given::<Stock>(tea().stock_stream(), events)
}

fn receive(qty: u32) -> ReceiveStock {
    ReceiveStock { sku: tea(), location: at("central"), qty, reference: Some("note-1".to_owned()) }
}

fn adjust(change: Adjustment) -> AdjustStock {
    AdjustStock { sku: tea(), location: at("central"), change, reason: AdjustmentReason::Count }
}

fn transfer(qty: u32) -> TransferStock {
    TransferStock { sku: tea(), from: at("central"), to: at("north"), qty, transfer_id: "move-1".to_owned() }
}

fn order() -> OrderId {
    OrderId::derived(&["1"])
}

#[test]
fn stock_is_opened_once() {
    nothing_yet().when(&OpenStockItem { sku: tea() }).then(&[opened()]).again().nothing();
}

#[test]
fn a_delivery_with_a_reference_is_booked_once() {
    let expected = StockReceived {
        sku: tea(),
        location: at("central"),
        qty: 5,
        on_hand_before: 10,
        after: after(15, 0),
        reference: Some("note-1".to_owned()),
    };
    let shelf = stock([opened(), received("central", 10)]);
    let booked = shelf.when(&receive(5)).then::<StockEvent>(&[expected.into()]).again().nothing().after();
    booked.when(&receive(6)).refused("DELIVERY_BOOKED");
    booked.when(&ReceiveStock { reference: Some("note-2".to_owned()), ..receive(5) }).events(1);
    booked.when(&ReceiveStock { location: at("north"), ..receive(5) }).events(1);
}

#[test]
fn deliveries_and_transfers_are_recognised_when_others_came_between() {
    let named = |number: u32| ReceiveStock { reference: Some(format!("note-{number}")), ..receive(1) };
    let moved = |number: u32| TransferStock { transfer_id: format!("move-{number}"), ..transfer(1) };
    let mut shelf = stock([opened(), received("central", 10)]);
    for number in 1..=3 {
        shelf = shelf.when(&named(number)).events(1).after().when(&moved(number)).events(2).after();
    }
    for number in 1..=3 {
        shelf.when(&named(number)).nothing();
        shelf.when(&moved(number)).nothing();
    }
}

#[test]
fn the_latest_two_hundred_deliveries_are_recognised() {
    let named = |number: u32| ReceiveStock { reference: Some(format!("note-{number}")), ..receive(1) };
    let mut shelf = stock([opened()]);
    for number in 0..=200 {
        shelf.run(&named(number)).unwrap();
    }
    shelf.when(&named(1)).nothing();
    shelf.when(&named(0)).events(1);
}

#[test]
fn without_a_reference_every_delivery_counts() {
    let receive = ReceiveStock { reference: None, ..receive(5) };
    stock([opened(), received("central", 10)]).when(&receive).events(1).again().events(1);
}

#[test]
fn a_delivery_of_nothing_to_nowhere_or_of_too_much_is_refused() {
    let refusal = nothing_yet().when(&receive(5)).refused_for_now("NOT_FOUND");
    assert!(refusal.message.contains("TEA-100"), "{refusal:?}");
    stock([opened()]).when(&receive(0)).refused("OUT_OF_RANGE");
    stock([opened()]).when(&receive(1_000_000_000)).events(2);
    stock([opened()]).when(&receive(1_000_000_001)).refused("STOCK_LIMIT");
    stock([opened(), received("central", 1_000_000_000)]).when(&receive(1)).refused("STOCK_LIMIT");
    stock([opened(), received("central", 1)]).when(&receive(u32::MAX)).refused("STOCK_LIMIT");
}

#[test]
fn a_sku_is_kept_at_fifty_locations_at_most() {
    let places = (0..50).map(|i| received(&format!("p{i}"), 1));
    let full = stock([opened()].into_iter().chain(places));
    full.when(&receive(1)).refused("TOO_MANY_LOCATIONS");
    full.when(&ReceiveStock { location: at("p7"), ..receive(1) }).events(1);
}

#[test]
fn a_repeated_count_corrects_the_figure_once() {
    let expected = StockAdjusted {
        sku: tea(),
        location: at("central"),
        delta: -3,
        reason: AdjustmentReason::Count,
        on_hand_before: 10,
        after: after(7, 0),
    };
    let count = adjust(Adjustment::Count(7));
    let then = stock([opened(), received("central", 10)]).when(&count);
    then.then::<StockEvent>(&[expected.into()]).again().nothing();
}

#[test]
fn an_adjustment_by_a_difference_changes_the_figure_and_by_zero_does_nothing() {
    let shelf = stock([opened(), received("central", 10)]);
    let more = shelf.when(&adjust(Adjustment::Delta(4))).events(1).after();
    more.when(&adjust(Adjustment::Count(14))).nothing();
    shelf.when(&adjust(Adjustment::Delta(0))).nothing();
}

#[test]
fn a_correction_below_what_is_promised_is_refused_with_the_figures() {
    let shelf = stock([opened(), received("central", 10), reserved(order(), "central", 4)]);
    let refusal = shelf.when(&adjust(Adjustment::Count(3))).refused_for_now("BELOW_RESERVED");
    assert!(refusal.message.contains("10 units on hand at central, of which 4 are reserved"), "{refusal}");
    shelf.when(&adjust(Adjustment::Delta(-7))).refused_for_now("BELOW_RESERVED");
    shelf.when(&adjust(Adjustment::Delta(i64::MIN))).refused_for_now("BELOW_RESERVED");
    shelf.when(&adjust(Adjustment::Delta(i64::MAX))).refused("STOCK_LIMIT");
    shelf.when(&adjust(Adjustment::Count(u32::MAX))).refused("STOCK_LIMIT");
    shelf.when(&adjust(Adjustment::Count(4))).events(2);
    nothing_yet().when(&adjust(Adjustment::Count(4))).refused_for_now("NOT_FOUND");
}

#[test]
fn a_transfer_is_booked_once_at_both_locations() {
    let (from, to) = (at("central"), at("north"));
    let out = StockTransferredOut {
        sku: tea(),
        transfer_id: "move-1".to_owned(),
        qty: 4,
        from: from.clone(),
        to: to.clone(),
        after: LevelsAfter { at_location: level(6, 0, 6), in_all: level(6, 0, 6) },
    };
    let arrived = StockTransferredIn {
        sku: tea(),
        transfer_id: "move-1".to_owned(),
        qty: 4,
        from,
        to,
        after: LevelsAfter { at_location: level(4, 0, 4), in_all: level(10, 0, 10) },
    };
    let shelf = stock([opened(), received("central", 10)]);
    let four = transfer(4);
    let moved = shelf.when(&four).then::<StockEvent>(&[out.into(), arrived.into()]);
    let moved = moved.again().nothing().after();
    let others = [
        transfer(3),
        TransferStock { to: at("south"), ..transfer(4) },
        TransferStock { from: at("south"), ..transfer(4) },
    ];
    for other in others {
        let refusal = moved.when(&other).refused("TRANSFER_BOOKED");
        assert!(refusal.message.contains("4 units from central to north"), "{refusal}");
        assert_eq!(refusal.errors[0].field.as_deref(), Some("transferId"));
    }
    moved.when(&TransferStock { transfer_id: "move-2".to_owned(), ..transfer(3) }).events(2);
}

#[test]
fn only_what_is_promised_to_nobody_is_moved_to_another_place() {
    let shelf = stock([opened(), received("central", 10), reserved(order(), "central", 4)]);
    shelf.when(&transfer(7)).refused_for_now("INSUFFICIENT_STOCK");
    shelf.when(&transfer(6)).events(2);
    let nowhere = TransferStock { to: at("central"), qty: 0, transfer_id: String::new(), ..transfer(1) };
    let refusal = shelf.when(&nowhere).refused("REQUIRED");
    assert_eq!(refusal.errors.len(), 3, "all errors: {refusal:?}");
    nothing_yet().when(&transfer(1)).refused_for_now("NOT_FOUND");
}

#[test]
fn the_first_delivery_says_that_there_is_something() {
    let events = stock([opened()]).when(&receive(5)).changes().events_of::<StockEvent>();
    assert_eq!(events.last(), Some(&BackInStock { sku: tea(), available: 5 }.into()));
}
