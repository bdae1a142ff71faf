//! A parcel. Id: the parcel's stream, `shipment-{id}`.

use serde::{Deserialize, Serialize};

use super::{LineAtLocation, Sealed};
use crate::port::{Collection, Index};

/// Parcels of orders, of a location, by status and by the carrier's number.
pub static SHIPMENTS: Collection = Collection {
    name: "shipments",
    shape: 1,
    indexes: &[
        Index::Pair("orderId", "plannedAt"),
        Index::Pair("status", "plannedAt"),
        Index::Pair("location", "plannedAt"),
        Index::Field("plannedAt"),
        Index::Field("trackingNumber"),
    ],
};

/// How many tracking events a parcel remembers.
pub const TRACKING: usize = 50;

/// A parcel. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// The parcel's id without `shipment-`.
    pub shipment_id: String,
    /// The order it belongs to.
    pub order_id: String,
    /// The order's number; none for a parcel that was called off before it was planned.
    pub order_number: Option<String>,
    /// `PLANNED`, `PACKED`, `DISPATCHED`, `DELIVERED`, `LOST` or `CANCELLED`.
    pub status: String,
    /// From where it leaves.
    pub location: Option<String>,
    /// `STANDARD` or `EXPRESS`.
    pub shipping_method: Option<String>,
    /// What goes into it.
    pub lines: Vec<LineAtLocation>,
    /// Address, sealed.
    pub ship_to: Option<Sealed>,
    /// It may not leave after this.
    pub dispatch_by: Option<String>,
    /// Why it may not leave for now, as codes.
    pub held_for: Vec<String>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number for it.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
    /// When it should arrive.
    pub eta: Option<String>,
    /// How often nobody took it.
    pub failed_attempts: u32,
    /// The last [`TRACKING`] things that the carrier said, newest first.
    pub tracking: Vec<Tracking>,
    /// When it was planned, or called off.
    pub planned_at: String,
    /// When everything was in the box.
    pub packed_at: Option<String>,
    /// When it left.
    pub dispatched_at: Option<String>,
    /// When it arrived, as the carrier says.
    pub delivered_at: Option<String>,
    /// When it was last changed.
    pub updated_at: String,
}

/// Something that the carrier said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tracking {
    /// In the carrier's words.
    pub status: String,
    /// Where it was seen.
    pub place: Option<String>,
    /// When it was said.
    pub at: String,
}
