//! Tests of the rules of parcels.

use std::time::Duration;

use schemas::life_cycle::HoldReason;
use schemas::order::{OrderConfirmed, ShippingMethod};
use schemas::reservation::LineAtLocation;
use schemas::shipment::*;
use schemas::{LineId, LocationId, OrderId, Sealed, ShipmentId, Timestamp};

use super::{Label, Shipment};
use crate::given::{Given, given, noon};

mod holding;
mod journey;
mod planning;
mod readying;
mod taking_back;

fn order_id() -> OrderId {
    OrderId::derived(&["1"])
}

fn location(name: &str) -> LocationId {
    name.parse().unwrap()
}

/// The parcel at `central`.
fn parcel() -> ShipmentId {
    ShipmentId::of(order_id(), &location("central"))
}

/// The parcel at `north`.
fn other() -> ShipmentId {
    ShipmentId::of(order_id(), &location("north"))
}

fn line(number: u32, at: &str) -> LineAtLocation {
    let sku = format!("TEA-{number}").parse().unwrap();
    LineAtLocation { line_id: LineId(number), sku, qty: 2, location: location(at), tracked: true }
}

fn address() -> Sealed {
    Sealed { subject: "order-1".to_owned(), alg: "XC20P".to_owned(), data: "sealed".to_owned() }
}

fn dispatch_by() -> Timestamp {
    noon().plus(Duration::from_hours(24 * 7))
}

fn confirmed(lines: Vec<LineAtLocation>) -> OrderConfirmed {
    OrderConfirmed {
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        lines,
        shipping_method: ShippingMethod::Standard,
        ship_to: address(),
        fulfil_by: noon().plus(Duration::from_hours(72)),
        authorized_until: dispatch_by(),
    }
}

fn label() -> Label {
    Label {
        carrier: "Parcel Post".to_owned(),
        tracking_number: "PP-1".to_owned(),
        tracking_url: "https://post.example/PP-1".to_owned(),
    }
}

fn planned_as(shipping_method: ShippingMethod) -> ShipmentEvent {
    ShipmentPlanned {
        shipment_id: parcel(),
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        location: location("central"),
        lines: vec![line(1, "central")],
        shipping_method,
        ship_to: address(),
        dispatch_by: dispatch_by(),
    }
    .into()
}

fn planned() -> ShipmentEvent {
    planned_as(ShippingMethod::Standard)
}

fn packed() -> ShipmentEvent {
    let (shipment_id, shipping_method) = (parcel(), ShippingMethod::Standard);
    ShipmentPacked { shipment_id, order_id: order_id(), shipping_method, ship_to: address() }.into()
}

fn labelled() -> ShipmentEvent {
    let Label { carrier, tracking_number, tracking_url } = label();
    ShipmentLabelled { shipment_id: parcel(), order_id: order_id(), carrier, tracking_number, tracking_url }
        .into()
}

fn dispatched(eta: Timestamp) -> ShipmentEvent {
    let Label { carrier, tracking_number, tracking_url } = label();
    ShipmentDispatched {
        shipment_id: parcel(),
        order_id: order_id(),
        order_number: "10-000001".to_owned(),
        location: location("central"),
        lines: vec![line(1, "central")],
        carrier,
        tracking_number,
        tracking_url,
        eta,
    }
    .into()
}

fn in_three_days() -> Timestamp {
    noon().plus(Duration::from_hours(72))
}

fn held(reason: HoldReason) -> ShipmentEvent {
    ShipmentHeld { shipment_id: parcel(), order_id: order_id(), reason }.into()
}

fn lifted(reason: HoldReason, dispatch_by: Timestamp) -> ShipmentEvent {
    ShipmentHoldLifted { shipment_id: parcel(), order_id: order_id(), reason, dispatch_by }.into()
}

fn cancelled(requested: bool) -> ShipmentEvent {
    let lines = vec![line(1, "central")];
    ShipmentCancelled { shipment_id: parcel(), order_id: order_id(), lines, requested }.into()
}

fn delivered(delivered_at: Timestamp) -> ShipmentEvent {
    ShipmentDelivered { shipment_id: parcel(), order_id: order_id(), delivered_at }.into()
}

fn lost() -> ShipmentEvent {
    ShipmentLost { shipment_id: parcel(), order_id: order_id(), reason: None }.into()
}

fn happened(events: impl IntoIterator<Item = ShipmentEvent>) -> Given {
    given::<Shipment>(parcel().stream(), events)
}

fn ready() -> Given {
    happened([planned(), packed(), labelled()])
}

fn on_its_way() -> Given {
    happened([planned(), packed(), labelled(), dispatched(in_three_days())])
}
