//! An order. Id: the order's stream, `order-{id}`.

use serde::{Deserialize, Serialize};

use super::{LineAtLocation, Money, Sealed, Shortage};
use crate::port::{Collection, Index, Streams};

/// Indexes: orders by number and customer; by status, hold, date and total.
pub static ORDERS: Collection = Collection {
    name: "orders",
    shape: 1,
    streams: Streams::Entity("order"),
    hot: false,
    indexes: &[
        Index::Field("number"),
        Index::Field("number.natural"),
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

/// **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The order's id without `order-`.
    pub order_id: String,
    /// Number shown to people.
    pub number: String,
    /// `None` for a guest.
    pub customer_id: Option<String>,
    pub placed_at: String,
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
    /// Sealed e-mail address.
    pub email: Sealed,
    /// Sealed address.
    pub ship_to: Sealed,
    /// Sealed address; `None` if it is that of `ship_to`.
    pub bill_to: Option<Sealed>,
    pub lines: Vec<OrderLine>,
    /// After cancellations.
    pub totals: Totals,
    /// Total so far.
    pub captured: Money,
    /// Total so far.
    pub refunded: Money,
    /// Until when the payment can be captured.
    pub authorized_until: Option<String>,
    /// Decline code of the last payment attempt; `None` unless it was declined.
    pub decline_code: Option<String>,
    /// Payment attempts that remain after a decline.
    pub attempts_left: Option<u32>,
    /// All SKUs that were short; empty unless the order was rejected.
    pub shortages: Vec<Shortage>,
    /// One per location.
    pub parcels: Vec<Parcel>,
    /// Whether there are `holds`.
    pub on_hold: bool,
    /// Oldest first.
    pub holds: Vec<Hold>,
    /// The next deadline; empty while the order is on hold, or after its end.
    pub deadlines: Vec<Deadline>,
    /// The next deadline, on hold or not.
    pub clock: Option<Deadline>,
    /// When all dispatched parcels should have arrived.
    pub arrival_due_at: Option<String>,
    /// Actions that are allowed now.
    pub allowed_actions: Vec<String>,
    /// Parcels that a cancellation recalls, until all have answered.
    pub cancelling: Vec<String>,
    /// Code of the last cancellation, of the order or of lines.
    pub cancel_reason: Option<String>,
    /// Free text, sealed.
    pub cancel_text: Option<Sealed>,
    /// Oldest first.
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// 1, 2, 3 …
    pub line_id: u32,
    pub sku: String,
    pub product_id: String,
    /// Title of the product when the order was placed.
    pub title: String,
    /// Empty if the variant has no options.
    pub variant_title: String,
    /// Units ordered.
    pub qty: u32,
    /// Units of `qty` that were cancelled.
    pub cancelled_qty: u32,
    /// Units of `qty` that were dispatched.
    pub shipped_qty: u32,
    /// Per unit, tax included.
    pub unit_price: Money,
    /// For the whole line.
    pub discount: Money,
    /// Basis points: 1 900 is 19 %.
    pub tax_rate: u32,
    /// Tax contained in `total`.
    pub tax: Money,
    /// `qty` × `unitPrice` − `discount`.
    pub total: Money,
    /// Version of the product's stream that had this price.
    pub price_version: u64,
    /// Whether stock is counted for it.
    pub tracked: bool,
}

/// The sums of an order; `grand` = `subtotal` − `discount` + `shipping`, `tax` is inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Sum of quantity × unit price over all lines.
    pub subtotal: Money,
    /// Deducted from the subtotal.
    pub discount: Money,
    /// Shipping costs.
    pub shipping: Money,
    /// Tax contained in `grand`.
    pub tax: Money,
    /// Total to pay.
    pub grand: Money,
}

/// A parcel as the order knows it; the shipment's document has more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parcel {
    pub shipment_id: String,
    pub location: String,
    pub lines: Vec<LineAtLocation>,
    /// `PLANNED`; `TAKEN_BACK`, then `CANCELLED` with its lines; `DISPATCHED`, `LOST`, `WRITTEN_OFF` or `DELIVERED`.
    pub state: String,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub dispatched_at: Option<String>,
    pub delivered_at: Option<String>,
}

/// A reason why an order waits for staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// `STAFF`, `OVERDUE` …
    pub reason: String,
    /// `None` if it concerns the whole order.
    pub shipment_id: Option<String>,
    /// Free text, sealed.
    pub text: Option<Sealed>,
    /// The choices of staff: `RELEASE`, `RETRY_CAPTURE` …
    pub ways_out: Vec<String>,
    /// `None` if no money is concerned.
    pub amount: Option<Money>,
    /// The chosen way out; `None` unless one is in progress.
    pub chosen: Option<String>,
    /// Ids of the parcels that must not be dispatched during the hold.
    pub blocks: Vec<String>,
    pub since: String,
}

/// A deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// `STOCK_ANSWER`, `PAYMENT`, `FULFILMENT`, `DELIVERY` or `RETURN_WINDOW`.
    pub kind: String,
    pub at: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Sealed.
    pub note: Sealed,
    pub at: String,
}
