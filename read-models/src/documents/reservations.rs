//! What an order has reserved. Id: the reservation's stream, `reservation-{orderId}`.

use serde::{Deserialize, Serialize};

use super::{LineAtLocation, Shortage};
use crate::port::{Collection, Index};

/// Reservations of an order, and those that still hold a SKU.
pub static RESERVATIONS: Collection = Collection {
    name: "reservations",
    shape: 1,
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
    /// For which order.
    pub order_id: String,
    /// `HELD` while something of it is promised, then `CONSUMED` or `RELEASED` by what came last; `REJECTED` when stock was short.
    pub status: String,
    /// What was reserved.
    pub lines: Vec<LineAtLocation>,
    /// What of it is still held.
    pub held: Vec<LineAtLocation>,
    /// SKUs of `held` whose stock is counted, each once.
    pub held_skus: Vec<String>,
    /// What was given back.
    pub released: Vec<LineAtLocation>,
    /// What left the house.
    pub consumed: Vec<LineAtLocation>,
    /// Every SKU that was short.
    pub shortages: Vec<Shortage>,
    /// Why it was given back, as a code.
    pub release_reason: Option<String>,
    /// When inventory answered.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}
