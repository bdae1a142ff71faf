use std::collections::BTreeMap;
use std::sync::Arc;

use domain::given::{Given, nothing_yet};
use domain::reservation::{ReserveLine, ReserveOrder};
use domain::stock::{AdjustStock, Adjustment, OpenStockItem, ReceiveStock, SetThresholds};
use domain::{Decision, ShopRules};
use schemas::reservation::{
    LineAtLocation, ReservationConfirmed, ReservationEvent, ReservationRejected, Shortage,
};
use schemas::stock::{AdjustmentReason, Level, LevelsAfter, StockEvent, StockReserved};
use schemas::{LineId, OrderId, Sku};

use crate::stock::at;

pub fn order() -> OrderId {
    OrderId::derived(&["1"])
}

pub fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

/// A stock with these quantities per SKU and location.
pub fn house(stock: &[(&str, &str, u32)]) -> Given {
    let mut house = nothing_yet();
    for (name, location, qty) in stock {
        let (sku, location) = (sku(name), at(location));
        house.run(&OpenStockItem { sku: sku.clone() }).unwrap();
        house.run(&ReceiveStock { sku, location, qty: *qty, reference: None }).unwrap();
    }
    house
}

/// Lines 1, 2, 3 … with these SKUs and quantities; a SKU that begins with `GIFT` is not counted.
pub fn reserve(lines: &[(&str, u32)]) -> ReserveOrder {
    let line = |(id, (name, qty)): (u32, &(&str, u32))| ReserveLine {
        line_id: LineId(id),
        sku: sku(name),
        qty: *qty,
        tracked: !name.starts_with("GIFT"),
    };
    ReserveOrder {
        order_id: order(),
        lines: (1..).zip(lines).map(line).collect(),
        rules: Arc::new(ShopRules::default()),
    }
}

pub fn line(line_id: u32, name: &str, qty: u32, location: &str) -> LineAtLocation {
    let tracked = !name.starts_with("GIFT");
    LineAtLocation { line_id: LineId(line_id), sku: sku(name), qty, location: at(location), tracked }
}

/// The assignment of lines to locations: line, units, location.
fn placed(house: &Given, reserve: &ReserveOrder) -> Vec<(u32, u32, String)> {
    let changes = house.when(reserve).changes();
    let confirmed = changes.events_of::<ReservationEvent>();
    let [ReservationEvent::ReservationConfirmed(confirmed)] = &confirmed[..] else { panic!("{confirmed:?}") };
    confirmed.lines.iter().map(|line| (line.line_id.0, line.qty, line.location.to_string())).collect()
}

fn places(expected: &[(u32, u32, &str)]) -> Vec<(u32, u32, String)> {
    expected.iter().map(|(line, qty, location)| (*line, *qty, (*location).to_owned())).collect()
}

#[test]
fn an_order_is_reserved_once_over_all_its_skus() {
    let house = house(&[("TEA", "central", 10), ("MUG", "central", 5)]);
    let level = Level { on_hand: 10, reserved: 3, available: 7 };
    let tea = StockReserved {
        sku: sku("TEA"),
        order_id: order(),
        line_ids: vec![LineId(1), LineId(3)],
        location: at("central"),
        qty: 3,
        after: LevelsAfter { at_location: level, in_all: level },
    };
    let lines =
        vec![line(1, "TEA", 2, "central"), line(2, "MUG", 1, "central"), line(3, "TEA", 1, "central")];
    let confirmed = ReservationConfirmed { order_id: order(), lines };
    let reserve = reserve(&[("TEA", 2), ("MUG", 1), ("TEA", 1)]);
    let then = house
        .when(&reserve)
        .events(3)
        .on::<StockEvent>(&sku("TEA").stock_stream(), &[tea.into()])
        .on::<ReservationEvent>(&order().reservation_stream(), &[confirmed.into()]);
    then.again().nothing();
}

#[test]
fn each_stream_is_read_once_and_sorted() {
    let reads = reserve(&[("TEA", 2), ("MUG", 1), ("GIFT", 1), ("TEA", 1)]).reads();
    let streams: Vec<_> = reads.streams.iter().map(|read| read.stream.to_string()).collect();
    assert_eq!(
        streams,
        [order().reservation_stream().to_string(), "stock-MUG".to_owned(), "stock-TEA".to_owned()]
    );
}

#[test]
fn every_short_sku_is_told_and_nothing_is_reserved() {
    let house = house(&[("TEA", "central", 3), ("MUG", "central", 5)]);
    let short = |name, requested, available| Shortage { sku: sku(name), requested, available };
    let shortages = vec![short("POT", 1, 0), short("TEA", 4, 3)];
    let rejected = ReservationRejected { order_id: order(), shortages };
    let reserve = reserve(&[("TEA", 2), ("MUG", 1), ("TEA", 2), ("POT", 1)]);
    house.when(&reserve).then::<ReservationEvent>(&[rejected.into()]).again().nothing();
}

#[test]
fn the_safety_stock_is_not_promised() {
    let mut house = house(&[("TEA", "central", 3), ("TEA", "north", 3)]);
    house.run(&SetThresholds { sku: sku("TEA"), low_stock: 0, safety_stock: 2 }).unwrap();
    let events = house.when(&reserve(&[("TEA", 5)])).changes().events_of::<ReservationEvent>();
    assert!(matches!(&events[..], [ReservationEvent::ReservationRejected(_)]), "{events:?}");
    assert_eq!(placed(&house, &reserve(&[("TEA", 4)])), places(&[(1, 3, "central"), (1, 1, "north")]));
}

#[test]
fn one_parcel_is_better_than_two_from_better_places() {
    let stock = [("TEA", "central", 9), ("MUG", "north", 9), ("TEA", "south", 9), ("MUG", "south", 9)];
    let reserve = reserve(&[("TEA", 1), ("MUG", 1)]);
    assert_eq!(placed(&house(&stock), &reserve), places(&[(1, 1, "south"), (2, 1, "south")]));
}

#[test]
fn among_equally_many_parcels_the_shops_order_of_locations_decides() {
    let stock = [("TEA", "attic", 9), ("TEA", "south", 9), ("TEA", "north", 9), ("TEA", "central", 1)];
    assert_eq!(placed(&house(&stock), &reserve(&[("TEA", 2)])), places(&[(1, 2, "north")]));
}

#[test]
fn a_line_is_split_if_no_location_has_all_units() {
    let stock = [("TEA", "central", 2), ("TEA", "north", 2), ("TEA", "south", 5)];
    let house = house(&stock);
    assert_eq!(placed(&house, &reserve(&[("TEA", 7)])), places(&[(1, 2, "central"), (1, 5, "south")]));
    let three = places(&[(1, 1, "central"), (2, 1, "central"), (2, 2, "north"), (2, 5, "south")]);
    assert_eq!(placed(&house, &reserve(&[("TEA", 1), ("TEA", 8)])), three);
}

#[test]
fn what_is_not_counted_goes_with_the_first_parcel_or_leaves_from_the_best_place() {
    let house = house(&[("TEA", "north", 9)]);
    let both = reserve(&[("GIFT-CARD", 3), ("TEA", 1)]);
    assert_eq!(placed(&house, &both), places(&[(1, 3, "north"), (2, 1, "north")]));
    let alone = reserve(&[("GIFT-CARD", 3)]);
    assert_eq!(placed(&house, &alone), places(&[(1, 3, "central")]));
    house.when(&alone).events(1);
    let nowhere =
        ReserveOrder { rules: Arc::new(ShopRules { locations: vec![], ..ShopRules::default() }), ..alone };
    house.when(&nowhere).refused("NO_LOCATION");
}

#[test]
fn many_places_are_chosen_from_in_bounded_time() {
    let names: Vec<String> = (0..40).map(|i| format!("p{i:02}")).collect();
    let stock: Vec<_> = names.iter().map(|name| ("TEA", name.as_str(), 2)).collect();
    let mut parcels: BTreeMap<String, u32> = BTreeMap::new();
    for (_, qty, location) in placed(&house(&stock), &reserve(&[("TEA", 41)])) {
        *parcels.entry(location).or_default() += qty;
    }
    assert_eq!((parcels.len(), parcels.values().sum::<u32>()), (21, 41));
}

#[test]
fn locations_without_free_units_are_not_among_the_choices() {
    // With them there would be too many sets to try, and the greedy choice would take `w1` first: three parcels.
    let names: Vec<String> = (0..46).map(|i| format!("p{i:02}")).collect();
    let mut stock: Vec<_> = names.iter().map(|name| ("TEA", name.as_str(), 1)).collect();
    stock.extend([("TEA", "w1", 4), ("TEA", "w2", 5), ("TEA", "w3", 1)]);
    stock.extend([("MUG", "w1", 4), ("MUG", "w2", 1), ("MUG", "w3", 5)]);
    let house = names.iter().fold(house(&stock), |house, name| {
        let (change, reason) = (Adjustment::Count(0), AdjustmentReason::Count);
        house.when(&AdjustStock { sku: sku("TEA"), location: at(name), change, reason }).after()
    });
    let two = places(&[(1, 5, "w2"), (1, 1, "w3"), (2, 1, "w2"), (2, 5, "w3")]);
    assert_eq!(placed(&house, &reserve(&[("TEA", 6), ("MUG", 6)])), two);
}

#[test]
fn more_than_any_number_can_hold_is_a_shortage() {
    let house = house(&[("TEA", "north", 9)]);
    let events = house.when(&reserve(&[("TEA", u32::MAX), ("TEA", u32::MAX)])).changes();
    let short = Shortage { sku: sku("TEA"), requested: u32::MAX, available: 9 };
    let expected = ReservationRejected { order_id: order(), shortages: vec![short] };
    assert_eq!(events.events_of::<ReservationEvent>(), [expected.into()]);
}
