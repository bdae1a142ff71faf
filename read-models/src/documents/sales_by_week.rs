//! Sales of a product in an ISO week. Id: `{productId}/{week}/{topic}/{partition}`, followed by `/{eventId}`
//! if the event was quarantined before. Readers add up all documents of a product and week.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index, Streams};

/// Indexes: weeks of a product; products of a week.
pub static SALES_BY_WEEK: Collection = Collection {
    name: "sales_by_week",
    shape: 1,
    streams: Streams::Other,
    hot: false,
    indexes: &[Index::Pair("productId", "week"), Index::Field("week")],
};

/// Figures of **placed** orders: later cancellations and refunds are not taken off.
/// **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductWeek {
    pub product_id: String,
    /// ISO 8601 week in UTC: `2026-W09`.
    pub week: String,
    /// The week's Monday: `2026-02-23`.
    pub monday: String,
    /// Number of orders with the product.
    pub orders: u64,
    pub units: u64,
    /// Sum of the lines' totals, tax included, in minor units by ISO 4217 code.
    pub revenue: BTreeMap<String, i64>,
}
