//! Events of an order: the one ordered story that everybody listens to. **Stored format.**

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
    /// What happens to an order.
    OrderEvent of "order" {
        OrderPlaced, OrderStockConfirmed, OrderStockRejected,
        OrderPaymentAuthorized, OrderPaymentFailed, OrderPaymentRetryRequested, OrderConfirmed,
        OrderCancellationRequested, OrderParcelCancelled, OrderCancellationRefused, OrderLinesCancelled, OrderCancelled,
        OrderExpired, OrderOverdue, OrderPutOnHold, OrderHoldReleased, OrderHoldResolved,
        OrderPartiallyShipped, OrderShipped, OrderParcelDelivered, OrderDelivered, OrderCompleted,
        OrderPaymentCaptured, OrderPaymentVoided, OrderRefunded, OrderNoteAdded,
    }
}

/// How parcels travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ShippingMethod {
    /// Some days.
    #[default]
    Standard,
    /// The next day.
    Express,
}

/// A line of an order, with the price it was accepted at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// 1, 2, 3 …
    pub line_id: LineId,
    /// What.
    pub sku: Sku,
    /// Of which product.
    pub product_id: ProductId,
    /// What the product was called.
    pub title: String,
    /// What set the variant apart, in words; empty when nothing does.
    pub variant_title: String,
    /// How many; at least 1.
    pub qty: u32,
    /// For one, tax included.
    pub unit_price: Money,
    /// Off the whole line.
    pub discount: Money,
    /// The class of tax.
    pub tax_class: TaxClass,
    /// Its rate in basis points: 1 900 is 19 %.
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

/// The sums of an order. Prices include tax, so `grand` = `subtotal` − `discount` + `shipping`; `tax` is inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// The customer's order was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPlaced {
    /// The order.
    pub order_id: OrderId,
    /// Its number for people.
    pub order_number: String,
    /// Who ordered; none for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// E-mail address (a text), sealed.
    pub email: Sealed,
    /// [`crate::Address`], sealed.
    pub ship_to: Sealed,
    /// [`crate::Address`], sealed, where it is not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<Sealed>,
    /// The payment provider's token (a text), sealed. Never a card number.
    pub payment_token: Sealed,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// The sums.
    pub totals: Totals,
    /// The order's currency.
    pub currency: Currency,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// Until when inventory must have answered.
    pub stock_answer_due_at: Timestamp,
}
event_body!(OrderPlaced, |e| format!(
    "Order {} placed: {} for {}",
    e.order_number,
    count(e.lines.len(), "line", "lines"),
    e.totals.grand
));

impl OrderPlaced {
    /// The SKUs that were ordered and whose stock is counted, each once, sorted.
    pub fn counted_skus(&self) -> Vec<Sku> {
        let counted = self.lines.iter().filter(|line| line.tracked).map(|line| line.sku.clone());
        counted.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

/// Everything is reserved; the payment is due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStockConfirmed {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// What is reserved where.
    pub lines: Vec<LineAtLocation>,
    /// What is to be authorised.
    pub amount: Money,
    /// The payment token, sealed.
    pub payment_token: Sealed,
    /// Until when the payment must be authorised.
    pub expires_at: Timestamp,
}
event_body!(OrderStockConfirmed, |e| format!(
    "{} reserved until {}",
    count(e.lines.len(), "line", "lines"),
    e.expires_at
));

/// Stock is short; the order is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStockRejected {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Every SKU that is short.
    pub shortages: Vec<Shortage>,
}
event_body!(OrderStockRejected, |e| format!(
    "Order {} rejected: not enough of {}",
    e.order_number,
    e.shortages.iter().map(|short| short.sku.as_str()).collect::<Vec<_>>().join(", ")
));

/// The money is set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentAuthorized {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// How much.
    pub amount: Money,
    /// Until when it can be taken.
    pub authorized_until: Timestamp,
}
event_body!(OrderPaymentAuthorized, |e| format!("{} authorised until {}", e.amount, e.authorized_until));

/// The money is not to be had this way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentFailed {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// Why.
    pub code: DeclineCode,
    /// Whether another token may be tried.
    pub retryable: bool,
    /// How many tries are left.
    pub attempts_left: u32,
}
event_body!(OrderPaymentFailed, |e| format!(
    "Payment failed ({}), {} left",
    e.code,
    count(e.attempts_left as usize, "try", "tries")
));

/// The customer tries another way to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentRetryRequested {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// What is to be authorised.
    pub amount: Money,
    /// The new payment token, sealed.
    pub payment_token: Sealed,
}
event_body!(OrderPaymentRetryRequested, |_e| "Another way to pay is tried".to_owned());

/// Parcels can be made ready.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderConfirmed {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// What leaves from where: one parcel per location.
    pub lines: Vec<LineAtLocation>,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// [`crate::Address`], sealed.
    pub ship_to: Sealed,
    /// Until when all parcels should have left.
    pub fulfil_by: Timestamp,
    /// Until when the money can be taken.
    pub authorized_until: Timestamp,
}
event_body!(OrderConfirmed, |e| format!("Order {} confirmed, to leave by {}", e.order_number, e.fulfil_by));

/// Somebody wrote something on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderNoteAdded {
    /// The order.
    pub order_id: OrderId,
    /// Its number.
    pub order_number: String,
    /// The note (a text), sealed.
    pub note: Sealed,
}
event_body!(OrderNoteAdded, |e| format!("Note on order {}", e.order_number));
