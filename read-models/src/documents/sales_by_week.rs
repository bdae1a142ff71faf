//! What was ordered of a product in an ISO week. Id: `{productId}/{week}/{topic}/{partition}`, with the event's id behind it
//! for one that could only be counted later. Readers add up all documents of a product and week.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Index};

/// Weeks of a product; products of a week.
pub static SALES_BY_WEEK: Collection = Collection {
    name: "sales_by_week",
    shape: 1,
    indexes: &[Index::Pair("productId", "week"), Index::Field("week")],
};

/// Figures of **placed** orders, as they were placed: nothing is taken off for what was cancelled or refunded later.
/// **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductWeek {
    /// The product.
    pub product_id: String,
    /// ISO 8601 week in UTC: `2026-W09`.
    pub week: String,
    /// Its Monday: `2026-02-23`.
    pub monday: String,
    /// Orders that hold the product.
    pub orders: u64,
    /// Units ordered.
    pub units: u64,
    /// Sum of the lines' totals, tax included, in minor units by ISO 4217 code.
    pub revenue: BTreeMap<String, i64>,
}
