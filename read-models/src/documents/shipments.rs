//! A shipment: one parcel. Id: the shipment's stream, `shipment-{id}`.

use serde::{Deserialize, Serialize};

use super::{LineAtLocation, Sealed};
use crate::port::{Collection, Index, Streams};

/// Indexes: shipments of an order or a location, by status and by tracking number.
pub static SHIPMENTS: Collection = Collection {
    name: "shipments",
    shape: 1,
    streams: Streams::Entity("shipment"),
    hot: false,
    indexes: &[
        Index::Pair("orderId", "plannedAt"),
        Index::Pair("status", "plannedAt"),
        Index::Pair("location", "plannedAt"),
        Index::Field("plannedAt"),
        Index::Field("trackingNumber"),
    ],
};

/// Most carrier events in a document.
pub const TRACKING: usize = 50;

/// A shipment. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// The parcel's id without `shipment-`.
    pub shipment_id: String,
    pub order_id: String,
    /// `None` for a shipment that was cancelled before it was planned.
    pub order_number: Option<String>,
    /// `PLANNED`, `PACKED`, `DISPATCHED`, `DELIVERED`, `LOST` or `CANCELLED`.
    pub status: String,
    pub location: Option<String>,
    /// `STANDARD` or `EXPRESS`.
    pub shipping_method: Option<String>,
    pub lines: Vec<LineAtLocation>,
    /// Sealed address.
    pub ship_to: Option<Sealed>,
    /// It must not be dispatched after this time.
    pub dispatch_by: Option<String>,
    /// Codes of the reasons why it must not be dispatched now.
    pub held_for: Vec<String>,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    /// Estimated arrival.
    pub eta: Option<String>,
    /// Failed delivery attempts.
    pub failed_attempts: u32,
    /// The last [`TRACKING`] carrier events, newest first.
    pub tracking: Vec<Tracking>,
    /// Time of planning, or of a cancellation before it.
    pub planned_at: String,
    pub packed_at: Option<String>,
    pub dispatched_at: Option<String>,
    /// As reported by the carrier.
    pub delivered_at: Option<String>,
    pub updated_at: String,
}

/// A carrier event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tracking {
    /// The carrier's text.
    pub status: String,
    pub place: Option<String>,
    pub at: String,
}
