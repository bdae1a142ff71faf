//! Events of an order. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{count, event_body, event_set};
use crate::payment::DeclineCode;
use crate::product::TaxClass;
use crate::reservation::{LineAtLocation, Shortage};
use crate::{Currency, CustomerId, LineId, Money, OrderId, ProductId, Sealed, Sku, Timestamp};

mod cancellation;
mod fulfilment;
mod holds;

pub use cancellation::*;
pub use fulfilment::*;
pub use holds::*;

event_set! {
    /// All events of an order.
    OrderEvent of "order" {
        OrderPlaced, OrderStockConfirmed, OrderStockRejected,
        OrderPaymentAuthorized, OrderPaymentFailed, OrderPaymentRetryRequested, OrderConfirmed,
        OrderCancellationRequested, OrderParcelCancelled, OrderCancellationRefused, OrderLinesCancelled, OrderCancelled,
        OrderExpired, OrderOverdue, OrderPutOnHold, OrderHoldReleased, OrderHoldResolved,
        OrderPartiallyShipped, OrderShipped, OrderParcelDelivered, OrderDelivered, OrderCompleted,
        OrderPaymentCaptured, OrderPaymentVoided, OrderRefunded, OrderNoteAdded,
    }
}

/// Delivery speed that the customer chose for the whole order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ShippingMethod {
    /// Regular delivery, which takes several days. The default.
    #[default]
    Standard,
    /// Express delivery, usually on the next day.
    Express,
}

/// A line of an order, with the price at which it was accepted. Later price changes do not affect it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// Number of the line within the order, from 1.
    pub line_id: LineId,
    /// Variant that was ordered.
    pub sku: Sku,
    /// Product that the variant belongs to.
    pub product_id: ProductId,
    /// Title of the product when the order was placed.
    pub title: String,
    /// Options of the variant as text, for example `100 g, blue`; empty if it has none.
    pub variant_title: String,
    /// Number of units ordered; at least 1.
    pub qty: u32,
    /// Price of one unit, tax included.
    pub unit_price: Money,
    /// Discount on the whole line; zero if there is none.
    pub discount: Money,
    /// Tax class of the product when the order was placed.
    pub tax_class: TaxClass,
    /// Tax rate in basis points: 1900 is 19 %.
    pub tax_rate: u32,
    /// Tax contained in `total`.
    pub tax: Money,
    /// Price of the whole line, tax included: `qty` × `unitPrice` − `discount`.
    pub total: Money,
    /// Version of the product's stream from which the price was taken.
    pub price_version: u64,
    /// True if stock of this variant is counted. If false, the line is never short of stock.
    pub tracked: bool,
}

/// Sums of an order, all in the order's currency. Prices include tax: `grand` = `subtotal` − `discount` + `shipping`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Sum of `qty` × `unitPrice` over all lines, tax included.
    pub subtotal: Money,
    /// Sum of the discounts of all lines.
    pub discount: Money,
    /// Shipping cost, tax included; zero if shipping is free.
    pub shipping: Money,
    /// Tax contained in `grand`, including the tax on shipping.
    pub tax: Money,
    /// Total amount that the customer pays, tax included.
    pub grand: Money,
}

/// The order was accepted. Stock is not reserved yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPlaced {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Customer who ordered; absent for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// E-mail address of the customer, sealed. The plaintext is a JSON string.
    pub email: Sealed,
    /// Delivery address, sealed. The plaintext is an object `{name, lines, postalCode, city, region, country}`.
    pub ship_to: Sealed,
    /// Billing address, sealed like `shipTo`; absent if it is the delivery address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<Sealed>,
    /// Payment provider's token for the customer's payment method, sealed. Never a card number.
    pub payment_token: Sealed,
    /// Ordered lines, in the order in which the customer listed them.
    pub lines: Vec<OrderLine>,
    /// Sums over all lines, and the shipping cost.
    pub totals: Totals,
    /// Currency of all amounts of the order, an ISO 4217 code.
    pub currency: Currency,
    pub shipping_method: ShippingMethod,
    /// Deadline for inventory's answer. Without an answer the order expires.
    pub stock_answer_due_at: Timestamp,
}
event_body!(OrderPlaced, |e| format!(
    "Order {} placed: {} for {}",
    e.order_number,
    count(e.lines.len(), "line", "lines"),
    e.totals.grand
));

impl OrderPlaced {
    /// The SKUs of all lines whose stock is counted, without duplicates, sorted.
    pub fn counted_skus(&self) -> Vec<Sku> {
        let counted = self.lines.iter().filter(|line| line.tracked).map(|line| line.sku.clone());
        counted.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

/// All lines are reserved. The payment is requested next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStockConfirmed {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Reserved units per line and location.
    pub lines: Vec<LineAtLocation>,
    /// Amount to authorise: the order's grand total.
    pub amount: Money,
    /// Payment provider's token, sealed; the one given when the order was placed.
    pub payment_token: Sealed,
    /// Deadline for the payment's authorisation. Without it the order expires.
    pub expires_at: Timestamp,
}
event_body!(OrderStockConfirmed, |e| format!(
    "{} reserved until {}",
    count(e.lines.len(), "line", "lines"),
    e.expires_at
));

/// Inventory could not reserve all lines, so nothing is reserved. The order ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStockRejected {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Every SKU of which there is not enough stock.
    pub shortages: Vec<Shortage>,
}
event_body!(OrderStockRejected, |e| format!(
    "Order {} rejected: not enough stock of {}",
    e.order_number,
    e.shortages.iter().map(|short| short.sku.as_str()).collect::<Vec<_>>().join(", ")
));

/// The payment was authorised: the amount is set aside at the customer's bank and can be captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentAuthorized {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Amount that was authorised.
    pub amount: Money,
    /// Last instant at which the amount can be captured.
    pub authorized_until: Timestamp,
}
event_body!(OrderPaymentAuthorized, |e| format!("{} authorised until {}", e.amount, e.authorized_until));

/// A payment attempt was declined. The order stays open while another attempt is possible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentFailed {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Reason for the decline.
    pub code: DeclineCode,
    /// True if a payment with another token may succeed.
    pub retryable: bool,
    /// Number of payment attempts that the customer has left.
    pub attempts_left: u32,
}
event_body!(OrderPaymentFailed, |e| format!(
    "Payment failed ({}), {} left",
    e.code,
    count(e.attempts_left as usize, "attempt", "attempts")
));

/// The customer asked to pay with another payment method after a declined attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentRetryRequested {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Amount to authorise: the order's grand total.
    pub amount: Money,
    /// Payment provider's token for the new payment method, sealed.
    pub payment_token: Sealed,
}
event_body!(OrderPaymentRetryRequested, |e| format!("Payment of {} with another method requested", e.amount));

/// Stock is reserved and the payment is authorised. Parcels are prepared next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderConfirmed {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Units to ship, per line and location. Each location sends one parcel.
    pub lines: Vec<LineAtLocation>,
    pub shipping_method: ShippingMethod,
    /// Delivery address, sealed. The plaintext is an object `{name, lines, postalCode, city, region, country}`.
    pub ship_to: Sealed,
    /// Deadline for the dispatch of all parcels. After it the order is overdue.
    pub fulfil_by: Timestamp,
    /// Last instant at which the payment can be captured; no parcel leaves after it.
    pub authorized_until: Timestamp,
}
event_body!(OrderConfirmed, |e| format!(
    "Order {} confirmed, to be dispatched by {}",
    e.order_number, e.fulfil_by
));

/// A member of staff added a note to the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderNoteAdded {
    pub order_id: OrderId,
    /// Order number shown to people, for example `10-004217`.
    pub order_number: String,
    /// Text of the note, sealed. The plaintext is a JSON string.
    pub note: Sealed,
}
event_body!(OrderNoteAdded, |e| format!("Note added to order {}", e.order_number));
