//! The reservation of an order. Id: the reservation's stream, `reservation-{orderId}`.

use serde::{Deserialize, Serialize};

use super::{LineAtLocation, Shortage};
use crate::port::{Collection, Index, Streams};

/// Indexes: reservations of an order, and those that still reserve a SKU.
pub static RESERVATIONS: Collection = Collection {
    name: "reservations",
    shape: 1,
    streams: Streams::Entity("reservation"),
    hot: false,
    indexes: &[
        Index::Field("orderId"),
        Index::Pair("status", "createdAt"),
        Index::Field("createdAt"),
        Index::List("heldSkus"),
    ],
};

/// A reservation. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    pub order_id: String,
    /// `HELD` while any line is reserved, then `CONSUMED` or `RELEASED` by the last event; `REJECTED` if stock was short.
    pub status: String,
    pub lines: Vec<LineAtLocation>,
    /// Lines that are still reserved.
    pub held: Vec<LineAtLocation>,
    /// SKUs of `held` whose stock is counted, each once.
    pub held_skus: Vec<String>,
    pub released: Vec<LineAtLocation>,
    /// Lines that were dispatched.
    pub consumed: Vec<LineAtLocation>,
    pub shortages: Vec<Shortage>,
    /// Code.
    pub release_reason: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}
