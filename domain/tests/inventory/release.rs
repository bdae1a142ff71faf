use domain::given::{Given, nothing_yet};
use domain::reservation::{ConsumeReservation, ReleaseReservation, Reservation, ReserveOrder};
use domain::stock::Stock;
use schemas::reservation::{
    LineAtLocation, ReleaseReason, ReservationConfirmed, ReservationConsumed, ReservationEvent,
    ReservationReleased,
};
use schemas::stock::{Level, LevelsAfter, StockCommitted, StockEvent, StockReleased};
use schemas::{LineId, OrderId};

use crate::reservation::{house, line, order, reserve, sku};
use crate::stock::at;

/// A reservation of tea at two locations, and a mug.
fn reserved() -> Given {
    let house = house(&[("TEA", "central", 4), ("TEA", "north", 4), ("MUG", "north", 2)]);
    house.when(&reserve(&[("TEA", 6), ("MUG", 1)])).events(4).after()
}

fn at_central() -> Vec<LineAtLocation> {
    vec![line(1, "TEA", 4, "central")]
}

fn at_north() -> Vec<LineAtLocation> {
    vec![line(1, "TEA", 2, "north"), line(2, "MUG", 1, "north")]
}

fn cancel() -> ReleaseReservation {
    ReleaseReservation::all(order(), ReleaseReason::OrderCancelled, [sku("TEA"), sku("MUG")])
}

fn consume(lines: Vec<LineAtLocation>) -> ConsumeReservation {
    ConsumeReservation { order_id: order(), lines }
}

fn left(house: &Given, name: &str) -> (u32, u32) {
    let stock: Stock = house.state(&sku(name).stock_stream());
    let level = stock.item().unwrap().levels.in_all();
    (level.on_hand, level.reserved)
}

#[test]
fn all_that_remains_is_given_back_once() {
    let lines = [at_central(), at_north()].concat();
    let reason = ReleaseReason::OrderCancelled;
    let released = ReservationReleased { order_id: order(), reason, lines, remaining: 0 };
    let level = Level { on_hand: 2, reserved: 0, available: 2 };
    let mug = StockReleased {
        sku: sku("MUG"),
        order_id: order(),
        line_ids: vec![LineId(2)],
        location: at("north"),
        qty: 1,
        after: LevelsAfter { at_location: level, in_all: level },
    };
    let cancel = cancel();
    let then = reserved()
        .when(&cancel)
        .events(4)
        .on::<ReservationEvent>(&order().reservation_stream(), &[released.into()])
        .on::<StockEvent>(&sku("MUG").stock_stream(), &[mug.into()]);
    let house = then.again().nothing().after();
    assert_eq!((left(&house, "TEA"), left(&house, "MUG")), ((8, 0), (2, 0)));
    assert_eq!(house.state::<Reservation>(&order().reservation_stream()), Reservation::Closed);
}

#[test]
fn some_lines_are_given_back_once_and_the_others_stay() {
    let release = ReleaseReservation::of(order(), ReleaseReason::LinesCancelled, &at_north());
    let reason = ReleaseReason::LinesCancelled;
    let released = ReservationReleased { order_id: order(), reason, lines: at_north(), remaining: 4 };
    let then = reserved().when(&release).events(3);
    let then = then.on::<ReservationEvent>(&order().reservation_stream(), &[released.into()]);
    let house = then.again().nothing().after();
    assert_eq!((left(&house, "TEA"), left(&house, "MUG")), ((8, 4), (2, 0)));
}

#[test]
fn when_one_of_two_lines_with_the_same_sku_was_given_back_the_other_is_given_back_later() {
    let house = house(&[("TEA", "central", 9)]);
    let reserved = house.when(&reserve(&[("TEA", 2), ("TEA", 3)])).after();
    let first = vec![line(1, "TEA", 2, "central")];
    let one = ReleaseReservation::of(order(), ReleaseReason::LinesCancelled, &first);
    let released = reserved.when(&one).events(2).after();
    assert_eq!(left(&released, "TEA"), (9, 3));
    assert_eq!(left(&released.when(&cancel()).events(2).after(), "TEA"), (9, 0));
    let left_with_a_parcel = released.when(&consume(vec![line(2, "TEA", 3, "central")])).events(2).after();
    assert_eq!(left(&left_with_a_parcel, "TEA"), (6, 0));
}

#[test]
fn an_order_that_ended_before_it_asked_is_never_reserved() {
    let reason = ReleaseReason::OrderCancelled;
    let tombstone = ReservationReleased { order_id: order(), reason, lines: vec![], remaining: 0 };
    let house = house(&[("TEA", "central", 9)]);
    let cancel = cancel();
    let then = house.when(&cancel).then::<ReservationEvent>(&[tombstone.into()]);
    let ended = then.again().nothing().after();
    ended.when(&reserve(&[("TEA", 1)])).nothing();
    ended.when(&consume(vec![line(1, "TEA", 1, "central")])).nothing();
}

#[test]
fn giving_back_some_lines_of_nothing_or_what_was_rejected_does_nothing() {
    let some = ReleaseReservation::of(order(), ReleaseReason::LinesCancelled, &at_north());
    nothing_yet().when(&some).nothing();
    let rejected = nothing_yet().when(&reserve(&[("TEA", 1)])).events(1).after();
    rejected.when(&some).nothing();
    rejected.when(&cancel()).nothing();
}

#[test]
fn a_sku_that_the_order_holds_and_nobody_named_is_refused() {
    let forgetful = ReleaseReservation::all(order(), ReleaseReason::OrderExpired, [sku("TEA")]);
    reserved().when(&forgetful).refused("STOCK_NOT_NAMED");
    let generous = ReleaseReservation { skus: vec![sku("TEA"), sku("MUG"), sku("POT")], ..cancel() };
    reserved().when(&generous).events(4);
}

#[test]
fn what_left_with_a_parcel_is_consumed_once() {
    let in_all = Level { on_hand: 4, reserved: 2, available: 2 };
    let tea = StockCommitted {
        sku: sku("TEA"),
        order_id: order(),
        line_ids: vec![LineId(1)],
        location: at("central"),
        qty: 4,
        after: LevelsAfter { at_location: Level::default(), in_all },
    };
    let consumed = ReservationConsumed { order_id: order(), lines: at_central(), remaining: 3 };
    let consume_central = consume(at_central());
    let then = reserved()
        .when(&consume_central)
        .events(2)
        .on::<StockEvent>(&sku("TEA").stock_stream(), &[tea.into()])
        .on::<ReservationEvent>(&order().reservation_stream(), &[consumed.into()]);
    let house = then.again().nothing().after();
    house.when(&consume(at_north())).events(3).again().nothing();
}

#[test]
fn no_more_is_consumed_than_the_order_holds() {
    let greedy =
        vec![line(1, "TEA", 99, "central"), line(1, "TEA", 99, "central"), line(7, "TEA", 1, "north")];
    let consumed = ReservationConsumed { order_id: order(), lines: at_central(), remaining: 3 };
    let greedy = consume(greedy);
    let then = reserved().when(&greedy).events(2);
    let house = then.on::<ReservationEvent>(&order().reservation_stream(), &[consumed.into()]).after();
    assert_eq!(left(&house, "TEA"), (4, 2));
    house.when(&ConsumeReservation { order_id: OrderId::derived(&["2"]), lines: at_north() }).nothing();
}

#[test]
fn after_one_parcel_left_a_cancellation_gives_back_the_rest() {
    let house = reserved().when(&consume(at_central())).after().when(&cancel()).events(3).after();
    assert_eq!((left(&house, "TEA"), left(&house, "MUG")), ((4, 0), (2, 0)));
    house.when(&consume(at_north())).nothing();
}

#[test]
fn what_is_not_counted_is_released_and_consumed_without_touching_stock() {
    let house = house(&[("TEA", "central", 4)]);
    let with_gift = house.when(&reserve(&[("TEA", 1), ("GIFT", 1)])).events(2).after();
    with_gift.when(&cancel()).events(2);
    let all = vec![line(1, "TEA", 1, "central"), line(2, "GIFT", 1, "central")];
    let gone = with_gift.when(&consume(all)).events(2).after();
    assert_eq!(gone.state::<Reservation>(&order().reservation_stream()), Reservation::Closed);
}

#[test]
fn what_another_order_holds_is_never_touched() {
    let other = ReserveOrder { order_id: OrderId::derived(&["2"]), ..reserve(&[("TEA", 4)]) };
    let house = house(&[("TEA", "central", 9)]).when(&other).after();
    let confirmed = ReservationConfirmed { order_id: order(), lines: at_central() };
    let house = house.and::<Reservation>(order().reservation_stream(), [confirmed.into()]);
    let tea = sku("TEA").stock_stream();
    house.when(&cancel()).on::<StockEvent>(&tea, &[]).events(1);
    house.when(&consume(at_central())).on::<StockEvent>(&tea, &[]).events(1);
}
