//! The score: who reacts to what. Each reactor answers an event of another context (or an intent of its own) with a decision on
//! its own streams; nobody calls anybody. Participants hear the order, and only the order hears them.

use std::sync::Arc;

use schemas::{Context, DecodeError, Envelope, OrderId, Recorded, StreamId, Topic};

use crate::order::{self, OrderDeadlinePassed};
use crate::payment::provider::{INQUIRY, InquireStep};
use crate::{Decision, ShopRules};

mod inventory;
mod ordering;
mod pages;
mod payments;
mod shipping;
#[cfg(test)]
mod tests;

pub use inventory::{inventory, inventory_opens};
pub use ordering::{ordering_hears_inventory, ordering_hears_payments, ordering_hears_shipping};
pub use pages::{life_cycle_markdown, score_markdown};
pub use payments::payments;
pub use shipping::shipping;

/// Reserves, releases and consumes stock for orders.
pub const INVENTORY_RESERVATIONS: &str = "inventory-reservations";
/// Opens a stock item for each variant whose stock is counted.
pub const INVENTORY_STOCK_ITEMS: &str = "inventory-stock-items";
/// Asks for money, and lets it go.
pub const PAYMENTS_ORDERS: &str = "payments-orders";
/// Calls the payment provider.
pub const PAYMENTS_PROVIDER: &str = "payments-provider";
/// Plans parcels, holds them and takes them back.
pub const SHIPPING_ORDERS: &str = "shipping-orders";
/// Calls the carrier.
pub const SHIPPING_CARRIER: &str = "shipping-carrier";
/// Turns what participants answer into the order's story.
pub const ORDERING_OUTCOMES: &str = "ordering-outcomes";
/// Learns prices from the catalog: a local view.
pub const ORDERING_PRICE_BOOK: &str = "ordering-price-book";

/// A line of the score.
pub struct Policy {
    /// Who hears it: the name of its group, its inbox and its parked reactions.
    pub reactor: &'static str,
    /// Whose streams it writes.
    pub context: Context,
    /// Where it listens.
    pub topic: Topic,
    /// The events that it answers.
    pub hears: &'static [&'static str],
    /// What it does, for people.
    pub answer: &'static str,
    /// Which part of the score it belongs to.
    pub part: Part,
}

/// A part of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything goes well.
    HappyPath,
    /// Something did not go well, or is not wanted any more.
    Compensation,
}

const fn row(
    part: Part,
    reactor: &'static str,
    context: Context,
    topic: Topic,
    hears: &'static [&'static str],
    answer: &'static str,
) -> Policy {
    Policy { reactor, context, topic, hears, answer, part }
}

use Context::{Inventory, Ordering, Payments, Shipping};
use Part::{Compensation as Amends, HappyPath as Happy};

#[rustfmt::skip]
/// Who reacts to what: the happy path, then compensation.
pub const SCORE: &[Policy] = &[
    row(Happy, INVENTORY_STOCK_ITEMS, Inventory, Topic::PRODUCT, &["VariantAdded", "VariantChanged"], "opens a stock item, where stock is counted"),
    row(Happy, ORDERING_PRICE_BOOK, Ordering, Topic::PRODUCT, &["ProductCreated", "ProductDetailsChanged", "VariantAdded", "VariantChanged", "VariantDiscontinued", "PriceSet", "ProductPublished", "ProductUnpublished", "ProductArchived"], "keeps the price book, a local view"),
    row(Happy, INVENTORY_RESERVATIONS, Inventory, Topic::ORDER, &["OrderPlaced"], "reserves every line, or nothing"),
    row(Happy, ORDERING_OUTCOMES, Ordering, Topic::RESERVATION, &["ReservationConfirmed"], "OrderStockConfirmed"),
    row(Happy, PAYMENTS_ORDERS, Payments, Topic::ORDER, &["OrderStockConfirmed"], "asks for the money to be set aside"),
    row(Happy, PAYMENTS_PROVIDER, Payments, Topic::PAYMENT, &["PaymentRequested", "PaymentCaptureRequested", "PaymentVoidRequested", "RefundRequested", "PaymentInquiryRequested"], "calls the provider; its answer is the outcome"),
    row(Happy, ORDERING_OUTCOMES, Ordering, Topic::PAYMENT, &["PaymentAuthorized"], "OrderPaymentAuthorized, OrderConfirmed; a hold for want of it is over"),
    row(Happy, SHIPPING_ORDERS, Shipping, Topic::ORDER, &["OrderConfirmed"], "plans one parcel per location"),
    row(Happy, SHIPPING_CARRIER, Shipping, Topic::SHIPMENT, &["ShipmentPacked"], "asks the carrier for a label; takes the parcel back when its address was erased"),
    row(Happy, ORDERING_OUTCOMES, Ordering, Topic::SHIPMENT, &["ShipmentDispatched"], "OrderPartiallyShipped, or OrderShipped with the last parcel"),
    row(Happy, INVENTORY_RESERVATIONS, Inventory, Topic::ORDER, &["OrderPartiallyShipped", "OrderShipped"], "commits the stock that left"),
    row(Happy, PAYMENTS_ORDERS, Payments, Topic::ORDER, &["OrderPartiallyShipped", "OrderShipped"], "takes the money for the parcel; lets the rest go with the last"),
    row(Happy, ORDERING_OUTCOMES, Ordering, Topic::PAYMENT, &["PaymentCaptured"], "OrderPaymentCaptured"),
    row(Happy, ORDERING_OUTCOMES, Ordering, Topic::SHIPMENT, &["ShipmentDelivered"], "OrderParcelDelivered, or OrderDelivered with the last parcel"),

    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::RESERVATION, &["ReservationRejected"], "OrderStockRejected: the order is over"),
    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::PAYMENT, &["PaymentDeclined"], "OrderPaymentFailed; OrderCancelled when no try is left"),
    row(Amends, PAYMENTS_ORDERS, Payments, Topic::ORDER, &["OrderPaymentRetryRequested"], "tries the other way to pay"),
    row(Amends, SHIPPING_ORDERS, Shipping, Topic::ORDER, &["OrderCancellationRequested"], "takes back each parcel that is still here"),
    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::SHIPMENT, &["ShipmentCancelled"], "settles the cancellation, or puts the order on hold when nobody had asked"),
    row(Amends, INVENTORY_RESERVATIONS, Inventory, Topic::ORDER, &["OrderLinesCancelled"], "releases what these lines hold"),
    row(Amends, PAYMENTS_ORDERS, Payments, Topic::ORDER, &["OrderLinesCancelled"], "lets go what no parcel will need, and gives back what was taken"),
    row(Amends, INVENTORY_RESERVATIONS, Inventory, Topic::ORDER, &["OrderCancelled", "OrderExpired"], "releases all that is held, or refuses what comes later"),
    row(Amends, PAYMENTS_ORDERS, Payments, Topic::ORDER, &["OrderCancelled", "OrderExpired"], "lets money go, gives it back, or refuses what comes later"),
    row(Amends, SHIPPING_ORDERS, Shipping, Topic::ORDER, &["OrderCancelled", "OrderExpired"], "takes back what was planned"),
    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::PAYMENT, &["PaymentVoided"], "OrderPaymentVoided"),
    row(Amends, SHIPPING_ORDERS, Shipping, Topic::ORDER, &["OrderPutOnHold"], "holds the parcels that may not leave"),
    row(Amends, SHIPPING_ORDERS, Shipping, Topic::ORDER, &["OrderHoldReleased"], "lets the parcels leave again"),
    row(Amends, PAYMENTS_ORDERS, Payments, Topic::ORDER, &["OrderHoldResolved"], "takes the money once more, asks the bank once more, or gives money back"),
    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::PAYMENT, &["PaymentCaptureFailed", "PaymentAuthorizationExpired", "RefundFailed"], "OrderPutOnHold: a human decides"),
    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::PAYMENT, &["RefundSucceeded"], "OrderRefunded"),
    row(Amends, ORDERING_OUTCOMES, Ordering, Topic::SHIPMENT, &["ShipmentLost"], "OrderPutOnHold: a human decides"),
];

/// What a reactor of the score answers to an event. None: nothing is to be done, or the reactor calls the outside world or learns
/// (`payments-provider`, `shipping-carrier`, `ordering-price-book`), which is not a rule.
pub fn answer(
    reactor: &str,
    envelope: &Envelope,
    payload: &str,
    rules: &Arc<ShopRules>,
) -> Result<Option<Arc<dyn Decision>>, DecodeError> {
    let Some(topic) = envelope.topic() else { return Ok(None) };
    let read = || envelope.clone();
    Ok(match (reactor, topic) {
        (INVENTORY_RESERVATIONS, Topic::ORDER) => inventory(&Recorded::read(read(), payload)?, rules),
        (INVENTORY_STOCK_ITEMS, Topic::PRODUCT) => inventory_opens(&Recorded::read(read(), payload)?),
        (PAYMENTS_ORDERS, Topic::ORDER) => payments(&Recorded::read(read(), payload)?),
        (SHIPPING_ORDERS, Topic::ORDER) => shipping(&Recorded::read(read(), payload)?),
        (ORDERING_OUTCOMES, Topic::RESERVATION) => {
            ordering_hears_inventory(&Recorded::read(read(), payload)?, rules)
        }
        (ORDERING_OUTCOMES, Topic::PAYMENT) => {
            ordering_hears_payments(&Recorded::read(read(), payload)?, rules)
        }
        (ORDERING_OUTCOMES, Topic::SHIPMENT) => {
            ordering_hears_shipping(&Recorded::read(read(), payload)?, rules)
        }
        _ => None,
    })
}

/// A deadline, for people.
pub struct Waiting {
    /// Its kind.
    pub kind: &'static str,
    /// What is waited for.
    pub waits: &'static str,
    /// What happens when it passes.
    pub then: &'static str,
}

/// Every deadline there is.
pub const DEADLINES: &[Waiting] = &[
    Waiting { kind: order::STOCK_ANSWER_DEADLINE, waits: "PLACED: inventory's answer", then: "OrderExpired" },
    Waiting { kind: order::PAYMENT_DEADLINE, waits: "STOCK_CONFIRMED: the payment", then: "OrderExpired" },
    Waiting {
        kind: order::FULFILMENT_DEADLINE,
        waits: "CONFIRMED, IN_FULFILMENT: all parcels on their way",
        then: "OrderOverdue: on hold",
    },
    Waiting {
        kind: order::DELIVERY_DEADLINE,
        waits: "SHIPPED: all parcels delivered",
        then: "OrderOverdue: on hold",
    },
    Waiting {
        kind: order::RETURN_WINDOW_DEADLINE,
        waits: "DELIVERED: the end of the return window",
        then: "OrderCompleted",
    },
    Waiting { kind: INQUIRY, waits: "a payment's step without an outcome", then: "PaymentInquiryRequested" },
];

/// The decision that answers a deadline which has passed. It does something only while the stream still waits for that.
/// None: no such stream has a deadline of that kind.
pub fn deadline_passed(stream: &StreamId, kind: &str, rules: &Arc<ShopRules>) -> Option<Arc<dyn Decision>> {
    let order_id: OrderId = stream.key().parse().ok()?;
    if *stream == order_id.stream() {
        let passed = OrderDeadlinePassed::of(order_id, kind, Arc::clone(rules))?;
        Some(Arc::new(passed))
    } else if *stream == order_id.payment_stream() && kind == INQUIRY {
        Some(Arc::new(InquireStep { order_id }))
    } else {
        None
    }
}
