//! Events of an order's reservation. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{count, event_body, event_set};
use crate::{LineId, LocationId, OrderId, Sku};

event_set! {
    /// What happens to the reservation of an order.
    ReservationEvent of "reservation" {
        ReservationConfirmed, ReservationRejected, ReservationReleased, ReservationConsumed,
    }
}

/// Part of an order's line at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineAtLocation {
    /// The order's line.
    pub line_id: LineId,
    /// What.
    pub sku: Sku,
    /// How many; at least 1.
    pub qty: u32,
    /// From where.
    pub location: LocationId,
    /// Whether its stock is counted; what is not counted is never reserved, only sent.
    pub tracked: bool,
}

/// A SKU of which there is not enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    /// What.
    pub sku: Sku,
    /// How many the order wants, over all its lines.
    pub requested: u32,
    /// How many there are.
    pub available: u32,
}

/// Every line is reserved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationConfirmed {
    /// For which order.
    pub order_id: OrderId,
    /// What stands where.
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

/// Nothing is reserved, because of these shortages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationRejected {
    /// For which order.
    pub order_id: OrderId,
    /// Every SKU that is short.
    pub shortages: Vec<Shortage>,
}
event_body!(ReservationRejected, |e| format!(
    "Not enough of {}",
    e.shortages.iter().map(|short| short.sku.as_str()).collect::<Vec<_>>().join(", ")
));

/// Why a reservation was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseReason {
    /// The order was cancelled.
    OrderCancelled,
    /// The order expired.
    OrderExpired,
    /// Some lines were cancelled.
    LinesCancelled,
}

/// These lines are not reserved any more. As the first event of the stream, without lines: the order ended before anything
/// was reserved, and nothing will be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationReleased {
    /// For which order.
    pub order_id: OrderId,
    /// Why.
    pub reason: ReleaseReason,
    /// What was given back.
    pub lines: Vec<LineAtLocation>,
    /// Units that the order still holds.
    pub remaining: u32,
}
event_body!(ReservationReleased, |e| format!("{} released", count(e.lines.len(), "line", "lines")));

/// These lines left the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationConsumed {
    /// For which order.
    pub order_id: OrderId,
    /// What left.
    pub lines: Vec<LineAtLocation>,
    /// Units that the order still holds.
    pub remaining: u32,
}
event_body!(ReservationConsumed, |e| format!("{} left the house", count(e.lines.len(), "line", "lines")));
