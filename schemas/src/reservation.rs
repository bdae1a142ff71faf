//! Events of an order's reservation. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{count, event_body, event_set};
use crate::{LineId, LocationId, OrderId, Sku};

event_set! {
    /// All events of the reservation of an order.
    ReservationEvent of "reservation" {
        ReservationConfirmed, ReservationRejected, ReservationReleased, ReservationConsumed,
    }
}

/// Units of an order line at one location. A line can be split over several locations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineAtLocation {
    /// Line of the order that the units belong to.
    pub line_id: LineId,
    /// Variant that the units are of.
    pub sku: Sku,
    /// Number of units; at least 1.
    pub qty: u32,
    /// Location that the units are reserved at and shipped from.
    pub location: LocationId,
    /// True if stock of this variant is counted. If false, the units are shipped without a reservation.
    pub tracked: bool,
}

/// A SKU of which there is not enough stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    pub sku: Sku,
    /// Number of units that the order needs, over all its lines.
    pub requested: u32,
    /// Number of units available to orders, over all locations.
    pub available: u32,
}

/// All lines of the order are reserved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationConfirmed {
    /// Order that the units are reserved for.
    pub order_id: OrderId,
    /// Reserved units per line and location.
    pub lines: Vec<LineAtLocation>,
}
event_body!(ReservationConfirmed, |e| {
    let mut locations: Vec<_> = e.lines.iter().map(|line| &line.location).collect();
    locations.sort();
    locations.dedup();
    format!(
        "{} reserved at {}",
        count(e.lines.len(), "line", "lines"),
        count(locations.len(), "location", "locations")
    )
});

/// Nothing is reserved, because at least one SKU is short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationRejected {
    /// Order that stock was requested for.
    pub order_id: OrderId,
    /// Every SKU of which there is not enough stock.
    pub shortages: Vec<Shortage>,
}
event_body!(ReservationRejected, |e| format!(
    "Not enough stock of {}",
    e.shortages.iter().map(|short| short.sku.as_str()).collect::<Vec<_>>().join(", ")
));

/// Reason for releasing reserved units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseReason {
    /// The whole order was cancelled.
    OrderCancelled,
    /// The order expired: a deadline passed before it was paid.
    OrderExpired,
    /// Some lines of the order were cancelled.
    LinesCancelled,
}

/// Units of the order are no longer reserved. If this is the first event of the stream, the order ended before
/// anything was reserved; `lines` is empty and nothing will be reserved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationReleased {
    /// Order that the units were reserved for.
    pub order_id: OrderId,
    pub reason: ReleaseReason,
    /// Released units per line and location.
    pub lines: Vec<LineAtLocation>,
    /// Number of units that are still reserved for the order.
    pub remaining: u32,
}
event_body!(ReservationReleased, |e| format!("{} released", count(e.lines.len(), "line", "lines")));

/// Reserved units of the order were shipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationConsumed {
    /// Order that the units were reserved for.
    pub order_id: OrderId,
    /// Shipped units per line and location.
    pub lines: Vec<LineAtLocation>,
    /// Number of units that are still reserved for the order.
    pub remaining: u32,
}
event_body!(ReservationConsumed, |e| format!("{} shipped", count(e.lines.len(), "line", "lines")));
