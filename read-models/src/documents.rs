//! The documents of the read side: one file per collection, each with its shape and its indexes.
//!
//! **Stored formats.** A field may be added if old documents can still be read (an `Option`, or a serde default); anything else
//! raises the collection's `shape`. Instants are RFC 3339 texts in UTC with three decimals, which sort in order of
//! time; enums are the texts of the published language; personal data stays [`Sealed`].

#![expect(missing_docs, reason = "a comment that repeats the name of a field adds nothing")]

use serde::{Deserialize, Serialize};

use crate::port::Collection;

pub mod categories;
pub mod events;
pub mod order_timeline;
pub mod order_versions;
pub mod orders;
pub mod parked_reactions;
pub mod payments;
pub mod product_cards;
pub mod products;
pub mod reservations;
pub mod sales_by_week;
pub mod shipments;
pub mod stock;
pub mod stock_levels;
pub mod stock_movements;
pub mod stock_versions;
pub mod versions;

/// All collections, for [`connect`](crate::connect).
pub static ALL: [&Collection; 16] = [
    &categories::CATEGORIES,
    &events::EVENTS,
    &order_timeline::ORDER_TIMELINE,
    &order_versions::ORDER_VERSIONS,
    &orders::ORDERS,
    &parked_reactions::PARKED_REACTIONS,
    &payments::PAYMENTS,
    &product_cards::PRODUCT_CARDS,
    &products::PRODUCTS,
    &reservations::RESERVATIONS,
    &sales_by_week::SALES_BY_WEEK,
    &shipments::SHIPMENTS,
    &stock::STOCK,
    &stock_levels::STOCK_LEVELS,
    &stock_movements::STOCK_MOVEMENTS,
    &stock_versions::STOCK_VERSIONS,
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Whole minor units; may be negative.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// The actor of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `CUSTOMER`, `STAFF`, `SYSTEM` or `SERVICE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Contains no personal data.
    pub id: String,
}

/// Personal data, sealed: see `platform::sealing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// The subject whose key sealed it.
    pub subject: String,
    pub alg: String,
    /// Nonce and ciphertext, base64 without padding.
    pub data: String,
}

/// A reference to an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRef {
    pub event_id: String,
    /// `chorale.order.OrderPlaced.v1`
    #[serde(rename = "type")]
    pub kind: String,
    pub stream: String,
    pub version: u64,
    /// Position in the context's log.
    pub position: u64,
    pub topic: String,
    /// Shared by all events of one flow.
    pub correlation_id: String,
    /// Id of the event or command that caused it.
    pub causation_id: String,
    /// The log's hash chain at this event, lower-case hex.
    pub hash: String,
}

/// A part of an order line at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineAtLocation {
    pub line_id: u32,
    pub sku: String,
    /// Units.
    pub qty: u32,
    pub location: String,
    /// Whether stock is counted for it.
    pub tracked: bool,
}

/// A SKU that is short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    pub sku: String,
    /// Units requested.
    pub requested: u32,
    /// Units available.
    pub available: u32,
}
