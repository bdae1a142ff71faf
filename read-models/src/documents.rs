//! The documents of the read side: one file per collection, each with its shape and its indexes.
//!
//! **Stored formats.** A field may be added when old documents still read (an `Option`, or a serde default); anything else
//! raises the collection's `shape`. Instants are RFC 3339 texts in UTC with three decimals, which sort as they follow each
//! other; enums are the texts of the published language; personal data stays [`Sealed`].

use serde::{Deserialize, Serialize};

use crate::port::Collection;

pub mod categories;
pub mod events;
pub mod held_events;
pub mod order_timeline;
pub mod orders;
pub mod parked_reactions;
pub mod payments;
pub mod products;
pub mod rebuilds;
pub mod reservations;
pub mod sales_by_week;
pub mod shipments;
pub mod sources;
pub mod stock;
pub mod stock_movements;

/// Every collection, for [`connect`](crate::connect).
pub static ALL: [&Collection; 15] = [
    &categories::CATEGORIES,
    &events::EVENTS,
    &held_events::HELD_EVENTS,
    &order_timeline::ORDER_TIMELINE,
    &orders::ORDERS,
    &parked_reactions::PARKED_REACTIONS,
    &payments::PAYMENTS,
    &products::PRODUCTS,
    &rebuilds::REBUILDS,
    &reservations::RESERVATIONS,
    &sales_by_week::SALES_BY_WEEK,
    &shipments::SHIPMENTS,
    &sources::SOURCES,
    &stock::STOCK,
    &stock_movements::STOCK_MOVEMENTS,
];

/// An amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Whole minor units; may be negative.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `CUSTOMER`, `STAFF`, `SYSTEM` or `SERVICE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which one of them; no personal data.
    pub id: String,
}

/// Personal data, sealed: see `platform::sealing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// Whose data it is.
    pub subject: String,
    /// The cipher.
    pub alg: String,
    /// Nonce and ciphertext, base64 without padding.
    pub data: String,
}

/// Where an event stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRef {
    /// The event.
    pub event_id: String,
    /// `chorale.order.OrderPlaced.v1`
    #[serde(rename = "type")]
    pub kind: String,
    /// Its stream.
    pub stream: String,
    /// Its version in the stream.
    pub version: u64,
    /// Its position in the context's log.
    pub position: u64,
    /// Its topic.
    pub topic: String,
    /// The flow it belongs to.
    pub correlation_id: String,
    /// The event or command that caused it.
    pub causation_id: String,
    /// The log's hash chain at this event, lower-case hex.
    pub hash: String,
}

/// A part of an order's line at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineAtLocation {
    /// The order's line.
    pub line_id: u32,
    /// What.
    pub sku: String,
    /// How many.
    pub qty: u32,
    /// From where.
    pub location: String,
    /// Whether its stock is counted.
    pub tracked: bool,
}

/// A SKU of which there is not enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    /// What.
    pub sku: String,
    /// How many the order wants.
    pub requested: u32,
    /// How many there were.
    pub available: u32,
}
