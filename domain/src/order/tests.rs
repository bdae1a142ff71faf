//! Shared parts of the tests of orders: one order of two lines in up to three parcels.

use std::sync::Arc;
use std::time::Duration;

use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{CancelReason, OrderEvent, ShippingMethod};
use schemas::payment::DeclineCode;
use schemas::product::TaxClass;
use schemas::reservation::LineAtLocation;
use schemas::{
    Currency, EventSet, LineId, LocationId, Money, OrderId, ProductId, Sealed, ShipmentId, Sku, Timestamp,
};

use super::*;
use crate::given::{Given, noon, nothing_yet};
use crate::price_book::{PriceEntry, sku_key};
use crate::{Changes, Decision, ShopRules};

mod answers;
mod cancelling;
mod deadlines;
mod fulfilment;
mod holding;
mod life;
mod money;
mod placing;
mod sums;

const TEA: &str = "TEA-100";
const MUG: &str = "MUG-1";
const PLACES: [&str; 3] = ["central", "north", "south"];

fn order_id() -> OrderId {
    OrderId::derived(&["an order"])
}

fn rules() -> Arc<ShopRules> {
    Arc::new(ShopRules::default())
}

fn sealed(data: &str) -> Sealed {
    Sealed { subject: "guest".to_owned(), alg: "XC20P".to_owned(), data: data.to_owned() }
}

fn euro(minor: i64) -> Money {
    Currency::EUR.minor(minor)
}

fn place(i: usize) -> LocationId {
    PLACES[i].parse().unwrap()
}

fn parcel(i: usize) -> ShipmentId {
    ShipmentId::of(order_id(), &place(i))
}

fn later(hours: u64) -> Timestamp {
    noon().plus(Duration::from_hours(hours))
}

fn entry(price: i64) -> PriceEntry {
    PriceEntry {
        product_id: ProductId::derived(&["tea"]),
        title: "Tea".to_owned(),
        variant_title: "100 g".to_owned(),
        tax_class: TaxClass::Reduced,
        prices: [(Currency::EUR, euro(price))].into(),
        price_version: 4,
        tracked: true,
        max_per_order: None,
        sellable: true,
    }
}

/// A price book with tea at 10.01 and mugs at 7.99.
fn priced() -> Given {
    let mug = PriceEntry { tax_class: TaxClass::Standard, tracked: false, ..entry(799) };
    nothing_yet()
        .and_view(sku_key(&TEA.parse().unwrap()), entry(1_001))
        .and_view(sku_key(&MUG.parse().unwrap()), mug)
}

fn line(sku: &str, qty: u32) -> OrderedLine {
    OrderedLine { sku: sku.parse().unwrap(), qty, expected_unit_price: None }
}

/// Three units of tea and a mug: 38.02, and 4.90 for shipping.
fn place_order() -> PlaceOrder {
    PlaceOrder {
        order_id: order_id(),
        customer_id: None,
        email: sealed("email"),
        ship_to: sealed("address"),
        bill_to: None,
        payment_token: sealed("token"),
        lines: vec![line(TEA, 3), line(MUG, 1)],
        currency: None,
        shipping_method: ShippingMethod::Standard,
        rules: rules(),
    }
}

const GRAND: i64 = 3 * 1_001 + 799 + 490;

fn at(line: u32, sku: &str, qty: u32, i: usize) -> LineAtLocation {
    let sku: Sku = sku.parse().unwrap();
    LineAtLocation { line_id: LineId(line), tracked: sku.as_str() == TEA, sku, qty, location: place(i) }
}

/// Stock by location for an order with this number of parcels.
fn stock(parcels: usize) -> Vec<LineAtLocation> {
    match parcels {
        1 => vec![at(1, TEA, 3, 0), at(2, MUG, 1, 0)],
        2 => vec![at(1, TEA, 2, 0), at(1, TEA, 1, 1), at(2, MUG, 1, 1)],
        _ => vec![at(1, TEA, 2, 0), at(1, TEA, 1, 1), at(2, MUG, 1, 2)],
    }
}

fn stock_confirmed(parcels: usize) -> StockAnswered {
    StockAnswered { order_id: order_id(), answer: StockAnswer::Confirmed(stock(parcels)), rules: rules() }
}

fn authorized(until: Timestamp) -> PaymentAnswered {
    let answer = PaymentAnswer::Authorized { amount: euro(GRAND), authorized_until: until };
    PaymentAnswered { order_id: order_id(), answer, rules: rules() }
}

fn declined(code: DeclineCode, attempts_left: u32) -> PaymentAnswered {
    let answer = PaymentAnswer::Declined { code, retryable: code.retryable(), attempts_left };
    PaymentAnswered { order_id: order_id(), answer, rules: rules() }
}

fn dispatched(i: usize) -> ParcelDispatched {
    ParcelDispatched {
        order_id: order_id(),
        shipment_id: parcel(i),
        carrier: "Post".to_owned(),
        tracking_number: format!("P{i}"),
        eta: later(48),
        rules: rules(),
    }
}

fn delivered(i: usize) -> ParcelDelivered {
    ParcelDelivered { order_id: order_id(), shipment_id: parcel(i), rules: rules() }
}

fn taken_back(i: usize) -> ParcelCancelled {
    ParcelCancelled { order_id: order_id(), shipment_id: parcel(i), rules: rules() }
}

fn lost(i: usize) -> ParcelLost {
    ParcelLost { order_id: order_id(), shipment_id: parcel(i), rules: rules() }
}

fn captured(i: usize, minor: i64) -> PaymentCaptured {
    PaymentCaptured { order_id: order_id(), shipment_id: parcel(i), amount: euro(minor), rules: rules() }
}

fn refund_succeeded(i: usize, minor: i64) -> RefundSucceeded {
    let (amount, refunded) = (euro(minor), euro(minor));
    RefundSucceeded {
        order_id: order_id(),
        refund_id: parcel(i).to_string(),
        amount,
        refunded,
        rules: rules(),
    }
}

fn refund_failed(i: usize, minor: i64) -> RefundFailed {
    RefundFailed {
        order_id: order_id(),
        refund_id: parcel(i).to_string(),
        amount: euro(minor),
        rules: rules(),
    }
}

fn cancel() -> CancelOrder {
    CancelOrder {
        order_id: order_id(),
        reason: CancelReason::Customer,
        text: Some(sealed("why")),
        rules: rules(),
    }
}

fn resolve(reason: HoldReason, shipment_id: Option<ShipmentId>, way_out: WayOut) -> ResolveHold {
    ResolveHold { order_id: order_id(), reason, shipment_id, way_out, rules: rules() }
}

fn put_on_hold() -> PutOnHold {
    PutOnHold { order_id: order_id(), text: Some(sealed("looks odd")), rules: rules() }
}

fn due(deadline: schemas::order::OrderDeadline) -> OrderDeadlinePassed {
    OrderDeadlinePassed { order_id: order_id(), deadline, rules: rules() }
}

/// Applies these commands one after another.
fn after(mut given: Given, decisions: &[&dyn Decision]) -> Given {
    for decision in decisions {
        given.run(*decision).unwrap();
    }
    given
}

fn placed() -> Given {
    after(priced(), &[&place_order()])
}

fn reserved(parcels: usize) -> Given {
    after(placed(), &[&stock_confirmed(parcels)])
}

fn confirmed(parcels: usize) -> Given {
    after(reserved(parcels), &[&authorized(later(24 * 7))])
}

/// An order whose parcels have all left and are paid.
fn shipped(parcels: usize) -> Given {
    (0..parcels).fold(confirmed(parcels), |given, i| {
        let mut given = given;
        let left = given.run(&dispatched(i)).unwrap();
        let amount = left.events_of::<OrderEvent>().iter().find_map(capture_of).unwrap();
        after(given, &[&captured(i, amount.minor)])
    })
}

fn capture_of(event: &OrderEvent) -> Option<Money> {
    match event {
        OrderEvent::OrderPartiallyShipped(e) => Some(e.departure.capture),
        OrderEvent::OrderShipped(e) => Some(e.departure.capture),
        _ => None,
    }
}

fn order(given: &Given) -> Order {
    given.state(&order_id().stream())
}

fn status(given: &Given) -> OrderStatus {
    order(given).status().unwrap()
}

fn names(changes: &Changes) -> Vec<&'static str> {
    changes.events_of::<OrderEvent>().iter().map(EventSet::name).collect()
}

/// The only event of its type among the decided ones.
macro_rules! the {
    ($changes:expr, $event:ident) => {{
        let events = $changes.events_of::<schemas::order::OrderEvent>();
        let mut found = events.into_iter().filter_map(|event| match event {
            schemas::order::OrderEvent::$event(e) => Some(e),
            _ => None,
        });
        let first = found.next().unwrap();
        assert!(found.next().is_none());
        first
    }};
}
use the;
