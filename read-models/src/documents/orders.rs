//! An order. Id: the order's stream, `order-{id}`.

use serde::{Deserialize, Serialize};

use super::{LineAtLocation, Money, Sealed, Shortage};
use crate::port::{Collection, Index};

/// Orders by number and customer; newest first, by status, on hold, by size.
pub static ORDERS: Collection = Collection {
    name: "orders",
    shape: 1,
    indexes: &[
        Index::Field("number"),
        Index::Field("placedAt"),
        Index::Field("updatedAt"),
        Index::Field("totals.grand.minor"),
        Index::Pair("status", "placedAt"),
        Index::Pair("paymentStatus", "placedAt"),
        Index::Pair("fulfilmentStatus", "placedAt"),
        Index::Pair("customerId", "placedAt"),
        Index::Pair("onHold", "placedAt"),
    ],
};

/// An order. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The order's id without `order-`.
    pub order_id: String,
    /// Its number for people.
    pub number: String,
    /// Who ordered; none for a guest.
    pub customer_id: Option<String>,
    /// When it was placed.
    pub placed_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// `PLACED` … `COMPLETED`, `REJECTED`, `EXPIRED`, `CANCELLED`.
    pub status: String,
    /// `NONE` … `FAILED`.
    pub payment_status: String,
    /// `UNFULFILLED`, `PARTIAL`, `FULFILLED` or `DELIVERED`.
    pub fulfilment_status: String,
    /// ISO 4217 code.
    pub currency: String,
    /// `STANDARD` or `EXPRESS`.
    pub shipping_method: String,
    /// E-mail address, sealed.
    pub email: Sealed,
    /// Address, sealed.
    pub ship_to: Sealed,
    /// Address, sealed, where it is not the same.
    pub bill_to: Option<Sealed>,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// The sums, after what was cancelled.
    pub totals: Totals,
    /// Taken so far.
    pub captured: Money,
    /// Given back so far.
    pub refunded: Money,
    /// Until when the money can be taken.
    pub authorized_until: Option<String>,
    /// Why the last try to pay was declined, as a code; none after one that was not.
    pub decline_code: Option<String>,
    /// How many tries to pay are left, after a decline.
    pub attempts_left: Option<u32>,
    /// Every SKU that was short, for a rejected order.
    pub shortages: Vec<Shortage>,
    /// Its parcels, one per location.
    pub parcels: Vec<Parcel>,
    /// It waits for somebody: there are `holds`.
    pub on_hold: bool,
    /// Why it waits, oldest first.
    pub holds: Vec<Hold>,
    /// What runs out next; nothing while it is on hold or over.
    pub deadlines: Vec<Deadline>,
    /// What runs out next, whether or not it is on hold.
    pub clock: Option<Deadline>,
    /// When everything that has left so far should have arrived.
    pub arrival_due_at: Option<String>,
    /// What somebody may do to it now.
    pub allowed_actions: Vec<String>,
    /// The parcels that were asked to come back, until all have answered.
    pub cancelling: Vec<String>,
    /// Why it or part of it was cancelled, as a code.
    pub cancel_reason: Option<String>,
    /// The same in somebody's words, sealed.
    pub cancel_text: Option<Sealed>,
    /// Notes, sealed, oldest first.
    pub notes: Vec<Note>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// 1, 2, 3 …
    pub line_id: u32,
    /// What.
    pub sku: String,
    /// Of which product.
    pub product_id: String,
    /// What the product was called.
    pub title: String,
    /// What set the variant apart; empty when nothing did.
    pub variant_title: String,
    /// How many were ordered.
    pub qty: u32,
    /// Of these, cancelled.
    pub cancelled_qty: u32,
    /// Of these, sent.
    pub shipped_qty: u32,
    /// For one, tax included.
    pub unit_price: Money,
    /// Off the whole line.
    pub discount: Money,
    /// In basis points: 1 900 is 19 %.
    pub tax_rate: u32,
    /// The tax inside `total`.
    pub tax: Money,
    /// `qty` × `unitPrice` − `discount`.
    pub total: Money,
    /// Version of the product's stream that the price is from.
    pub price_version: u64,
    /// Whether its stock is counted.
    pub tracked: bool,
}

/// The sums of an order; `grand` = `subtotal` − `discount` + `shipping`, `tax` is inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Quantity × unit price over all lines.
    pub subtotal: Money,
    /// Off that.
    pub discount: Money,
    /// For sending it.
    pub shipping: Money,
    /// Of the grand total, this is tax.
    pub tax: Money,
    /// What the customer pays.
    pub grand: Money,
}

/// What the order knows of a parcel; the shipment's document knows more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parcel {
    /// The parcel.
    pub shipment_id: String,
    /// From where it leaves.
    pub location: String,
    /// What goes into it.
    pub lines: Vec<LineAtLocation>,
    /// `PLANNED`; `TAKEN_BACK`, then `CANCELLED` with its lines; `DISPATCHED`, `LOST`, `WRITTEN_OFF` or `DELIVERED`.
    pub state: String,
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number for it.
    pub tracking_number: Option<String>,
    /// When it left.
    pub dispatched_at: Option<String>,
    /// When it arrived.
    pub delivered_at: Option<String>,
}

/// Why an order waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// As a code: `STAFF`, `OVERDUE` …
    pub reason: String,
    /// Which parcel it is about.
    pub shipment_id: Option<String>,
    /// In somebody's words, sealed.
    pub text: Option<Sealed>,
    /// What a human can choose from: `RELEASE`, `RETRY_CAPTURE` …
    pub ways_out: Vec<String>,
    /// The money that it is about.
    pub amount: Option<Money>,
    /// What was chosen, while it is being carried out.
    pub chosen: Option<String>,
    /// The parcels that may not leave meanwhile.
    pub blocks: Vec<String>,
    /// Since when.
    pub since: String,
}

/// Something that runs out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// `STOCK_ANSWER`, `PAYMENT`, `FULFILMENT`, `DELIVERY` or `RETURN_WINDOW`.
    pub kind: String,
    /// When.
    pub at: String,
}

/// A note on an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The note, sealed.
    pub note: Sealed,
    /// When it was written.
    pub at: String,
}
