//! The choreography. A *policy* is a row: which reactor answers which events, and with what. A *reactor* is the
//! running consumer that carries policies: it reads events of other contexts, or intents of its own one, and answers
//! with a decision on streams of its own context. No context calls another one. The other contexts
//! react to the order, and only the order reacts to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemas::{AggregateType, Context, DecodeError, Envelope, EventSet, OrderId, Recorded, StreamId, Topic};

use crate::order::{self, OrderDeadlinePassed};
use crate::payment::provider::{INQUIRY, InquireStep};
use crate::price_book::PRICE_BOOK;
use crate::{Decision, LocalView, ShopRules};

mod inventory;
mod ordering;
mod pages;
mod payments;
mod shipping;
#[cfg(test)]
mod tests;

pub use pages::{life_cycle_markdown, policies_markdown};

/// Reserves, releases and consumes stock for orders.
pub const INVENTORY_RESERVATIONS: &str = "inventory-reservations";
/// Opens a stock item for each variant whose stock is counted.
pub const INVENTORY_STOCK_ITEMS: &str = "inventory-stock-items";
/// Requests authorisations, captures, voids and refunds for orders.
pub const PAYMENTS_ORDERS: &str = "payments-orders";
/// Calls the payment provider.
pub const PAYMENTS_PROVIDER: &str = "payments-provider";
/// Plans, holds and recalls parcels.
pub const SHIPPING_ORDERS: &str = "shipping-orders";
pub const SHIPPING_CARRIER: &str = "shipping-carrier";
/// Records the answers of the other contexts in the order.
pub const ORDERING_OUTCOMES: &str = "ordering-outcomes";
/// Keeps the prices of the catalog as a local view of ordering.
pub const ORDERING_PRICE_BOOK: &str = PRICE_BOOK.name;

/// A reactor: the running consumer of its policies.
pub struct ReactorSpec {
    /// The name of its consumer group, its inbox and its parked reactions. It is stored, so it never changes.
    pub name: &'static str,
    /// The context whose streams, or local view, it writes.
    pub context: Context,
    /// What it does with an event.
    pub kind: ReactorKind,
}

/// The kinds of reactors.
pub enum ReactorKind {
    /// Answers with rules of its context, one per topic. Pure.
    Rule(&'static [(Topic, Rule)]),
    /// Calls a service outside the shop. The crate `reactors` has the call.
    Effect(Effect),
    /// Keeps a local view of its context.
    View(&'static LocalView),
}

/// The decision that answers an event, envelope and payload. `None`: there is nothing to do.
pub type Rule = fn(&Envelope, &str, &Arc<ShopRules>) -> Result<Option<Arc<dyn Decision>>, DecodeError>;

/// The services outside the shop that reactors call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    PaymentProvider,
    Carrier,
}

pub struct Policy {
    /// The reactor that carries it.
    pub reactor: &'static str,
    /// The topic of the events.
    pub topic: Topic,
    /// The names of the events that it answers.
    pub hears: &'static [&'static str],
    /// What the reactor does, for people.
    pub answer: &'static str,
    /// The part of the choreography that it belongs to.
    pub part: Part,
}

/// A part of the choreography.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    HappyPath,
    /// The answers to failures and cancellations.
    Compensation,
}

const fn row(
    part: Part,
    reactor: &'static str,
    topic: Topic,
    hears: &'static [&'static str],
    answer: &'static str,
) -> Policy {
    Policy { reactor, topic, hears, answer, part }
}

use Context::{Inventory, Ordering, Payments, Shipping};
use Part::{Compensation as Amends, HappyPath as Happy};
use ReactorKind as Kind;

/// All reactors, in the order in which they are displayed.
#[rustfmt::skip]
pub static REACTORS: &[ReactorSpec] = &[
    ReactorSpec { name: INVENTORY_STOCK_ITEMS, context: Inventory, kind: Kind::Rule(&[
        (Topic::PRODUCT, |envelope, payload, _| Ok(inventory::about_products(&read(envelope, payload)?))),
    ]) },
    ReactorSpec { name: INVENTORY_RESERVATIONS, context: Inventory, kind: Kind::Rule(&[
        (Topic::ORDER, |envelope, payload, rules| Ok(inventory::about_orders(&read(envelope, payload)?, rules))),
    ]) },
    ReactorSpec { name: ORDERING_OUTCOMES, context: Ordering, kind: Kind::Rule(&[
        (Topic::RESERVATION, |envelope, payload, rules| Ok(ordering::about_reservations(&read(envelope, payload)?, rules))),
        (Topic::PAYMENT, |envelope, payload, rules| Ok(ordering::about_payments(&read(envelope, payload)?, rules))),
        (Topic::SHIPMENT, |envelope, payload, rules| Ok(ordering::about_shipments(&read(envelope, payload)?, rules))),
    ]) },
    ReactorSpec { name: PAYMENTS_ORDERS, context: Payments, kind: Kind::Rule(&[
        (Topic::ORDER, |envelope, payload, _| Ok(payments::about_orders(&read(envelope, payload)?))),
    ]) },
    ReactorSpec { name: SHIPPING_ORDERS, context: Shipping, kind: Kind::Rule(&[
        (Topic::ORDER, |envelope, payload, _| Ok(shipping::about_orders(&read(envelope, payload)?))),
    ]) },
    ReactorSpec { name: PAYMENTS_PROVIDER, context: Payments, kind: Kind::Effect(Effect::PaymentProvider) },
    ReactorSpec { name: SHIPPING_CARRIER, context: Shipping, kind: Kind::Effect(Effect::Carrier) },
    ReactorSpec { name: ORDERING_PRICE_BOOK, context: Ordering, kind: Kind::View(&PRICE_BOOK) },
];

/// All policies: the happy path, then compensation.
#[rustfmt::skip]
pub static POLICIES: &[Policy] = &[
    row(Happy, INVENTORY_STOCK_ITEMS, Topic::PRODUCT, &["VariantAdded", "VariantChanged"], "opens a stock item where stock is counted"),
    row(Happy, ORDERING_PRICE_BOOK, Topic::PRODUCT, &["ProductCreated", "ProductDetailsChanged", "VariantAdded", "VariantChanged", "VariantDiscontinued", "PriceSet", "ProductPublished", "ProductUnpublished", "ProductArchived"], "keeps the price book, a local view"),
    row(Happy, INVENTORY_RESERVATIONS, Topic::ORDER, &["OrderPlaced"], "reserves all lines or none"),
    row(Happy, ORDERING_OUTCOMES, Topic::RESERVATION, &["ReservationConfirmed"], "OrderStockConfirmed"),
    row(Happy, PAYMENTS_ORDERS, Topic::ORDER, &["OrderStockConfirmed"], "requests the authorisation"),
    row(Happy, PAYMENTS_PROVIDER, Topic::PAYMENT, &["PaymentRequested", "PaymentCaptureRequested", "PaymentVoidRequested", "RefundRequested", "PaymentInquiryRequested"], "calls the provider and records its answer"),
    row(Happy, ORDERING_OUTCOMES, Topic::PAYMENT, &["PaymentAuthorized"], "OrderPaymentAuthorized, OrderConfirmed; releases a hold that waited for it"),
    row(Happy, SHIPPING_ORDERS, Topic::ORDER, &["OrderConfirmed"], "plans one parcel per location"),
    row(Happy, SHIPPING_CARRIER, Topic::SHIPMENT, &["ShipmentPacked"], "requests a label from the carrier; cancels the parcel if its address was erased"),
    row(Happy, ORDERING_OUTCOMES, Topic::SHIPMENT, &["ShipmentDispatched"], "OrderPartiallyShipped, or OrderShipped with the last parcel"),
    row(Happy, INVENTORY_RESERVATIONS, Topic::ORDER, &["OrderPartiallyShipped", "OrderShipped"], "commits the stock that has left"),
    row(Happy, PAYMENTS_ORDERS, Topic::ORDER, &["OrderPartiallyShipped", "OrderShipped"], "captures the amount of the parcel; releases the rest with the last parcel"),
    row(Happy, ORDERING_OUTCOMES, Topic::PAYMENT, &["PaymentCaptured"], "OrderPaymentCaptured"),
    row(Happy, ORDERING_OUTCOMES, Topic::SHIPMENT, &["ShipmentDelivered"], "OrderParcelDelivered, or OrderDelivered with the last parcel"),

    row(Amends, ORDERING_OUTCOMES, Topic::RESERVATION, &["ReservationRejected"], "OrderStockRejected: the order has ended"),
    row(Amends, ORDERING_OUTCOMES, Topic::PAYMENT, &["PaymentDeclined"], "OrderPaymentFailed; OrderCancelled if no attempt is left"),
    row(Amends, PAYMENTS_ORDERS, Topic::ORDER, &["OrderPaymentRetryRequested"], "requests an authorisation with the new payment token"),
    row(Amends, SHIPPING_ORDERS, Topic::ORDER, &["OrderCancellationRequested"], "recalls all parcels that have not left"),
    row(Amends, ORDERING_OUTCOMES, Topic::SHIPMENT, &["ShipmentCancelled"], "settles the cancellation; puts the order on hold if none was requested"),
    row(Amends, INVENTORY_RESERVATIONS, Topic::ORDER, &["OrderLinesCancelled"], "releases the stock of these lines"),
    row(Amends, PAYMENTS_ORDERS, Topic::ORDER, &["OrderLinesCancelled"], "releases the amount that no parcel will need; refunds what was captured"),
    row(Amends, INVENTORY_RESERVATIONS, Topic::ORDER, &["OrderCancelled", "OrderExpired"], "releases all reserved stock, and refuses later reservations"),
    row(Amends, PAYMENTS_ORDERS, Topic::ORDER, &["OrderCancelled", "OrderExpired"], "voids or refunds all money, and refuses later authorisations"),
    row(Amends, SHIPPING_ORDERS, Topic::ORDER, &["OrderCancelled", "OrderExpired"], "cancels the planned parcels"),
    row(Amends, ORDERING_OUTCOMES, Topic::PAYMENT, &["PaymentVoided"], "OrderPaymentVoided"),
    row(Amends, SHIPPING_ORDERS, Topic::ORDER, &["OrderPutOnHold"], "holds the parcels that may not leave"),
    row(Amends, SHIPPING_ORDERS, Topic::ORDER, &["OrderHoldReleased"], "releases the parcels that were held"),
    row(Amends, PAYMENTS_ORDERS, Topic::ORDER, &["OrderHoldResolved"], "repeats the capture or the authorisation, or refunds"),
    row(Amends, ORDERING_OUTCOMES, Topic::PAYMENT, &["PaymentCaptureFailed", "PaymentAuthorizationExpired", "RefundFailed"], "OrderPutOnHold: staff decide"),
    row(Amends, ORDERING_OUTCOMES, Topic::PAYMENT, &["RefundSucceeded"], "OrderRefunded"),
    row(Amends, ORDERING_OUTCOMES, Topic::SHIPMENT, &["ShipmentLost"], "OrderPutOnHold: staff decide"),
];

fn read<E: EventSet>(envelope: &Envelope, payload: &str) -> Result<Recorded<E>, DecodeError> {
    Recorded::read(envelope.clone(), payload)
}

impl ReactorSpec {
    fn policies(&self) -> impl Iterator<Item = &'static Policy> {
        let name = self.name;
        POLICIES.iter().filter(move |policy| policy.reactor == name)
    }

    /// The topics that it reads, each once and sorted.
    pub fn topics(&self) -> Vec<Topic> {
        self.policies().map(|policy| policy.topic).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether it answers events of this name.
    pub fn hears(&self, topic: Topic, name: &str) -> bool {
        self.policies().any(|policy| policy.topic == topic && policy.hears.contains(&name))
    }

    /// The decision of its rules. `None`: there is nothing to do, or the reactor is of another kind.
    pub fn answer(
        &self,
        envelope: &Envelope,
        payload: &str,
        rules: &Arc<ShopRules>,
    ) -> Result<Option<Arc<dyn Decision>>, DecodeError> {
        let Kind::Rule(by_topic) = self.kind else { return Ok(None) };
        let topic = envelope.topic();
        match by_topic.iter().find(|(of, _)| Some(*of) == topic) {
            Some((_, rule)) => rule(envelope, payload, rules),
            None => Ok(None),
        }
    }
}

/// A deadline and its answer.
pub struct DeadlinePolicy {
    /// The aggregate whose state has the deadline.
    pub aggregate: AggregateType,
    /// The kind that the aggregate gives it.
    pub kind: &'static str,
    /// What the aggregate waits for, for people.
    pub waits_for: &'static str,
    /// What happens when it passes, for people.
    pub then: &'static str,
}

#[rustfmt::skip]
pub static DEADLINES: &[DeadlinePolicy] = &[
    DeadlinePolicy { aggregate: AggregateType::Order, kind: order::STOCK_ANSWER_DEADLINE, waits_for: "PLACED: inventory's answer", then: "OrderExpired" },
    DeadlinePolicy { aggregate: AggregateType::Order, kind: order::PAYMENT_DEADLINE, waits_for: "STOCK_CONFIRMED: the payment", then: "OrderExpired" },
    DeadlinePolicy { aggregate: AggregateType::Order, kind: order::FULFILMENT_DEADLINE, waits_for: "CONFIRMED, IN_FULFILMENT: the dispatch of all parcels", then: "OrderOverdue: on hold" },
    DeadlinePolicy { aggregate: AggregateType::Order, kind: order::DELIVERY_DEADLINE, waits_for: "SHIPPED: the delivery of all parcels", then: "OrderOverdue: on hold" },
    DeadlinePolicy { aggregate: AggregateType::Order, kind: order::RETURN_WINDOW_DEADLINE, waits_for: "DELIVERED: the end of the return window", then: "OrderCompleted" },
    DeadlinePolicy { aggregate: AggregateType::Payment, kind: INQUIRY, waits_for: "the outcome of a payment step", then: "PaymentInquiryRequested" },
];

/// The contexts whose aggregates have deadlines: each needs a deadline scheduler.
pub fn contexts_with_deadlines() -> BTreeSet<Context> {
    DEADLINES.iter().map(|deadline| deadline.aggregate.context()).collect()
}

/// The decision that answers a deadline which has passed. It does nothing if the stream no longer waits for that.
/// `None`: no such stream has a deadline of that kind.
pub fn deadline_passed(stream: &StreamId, kind: &str, rules: &Arc<ShopRules>) -> Option<Arc<dyn Decision>> {
    match AggregateType::of_stream(stream)? {
        AggregateType::Order => {
            let order_id: OrderId = stream.key().parse().ok()?;
            let passed = OrderDeadlinePassed::of(order_id, kind, Arc::clone(rules))?;
            Some(Arc::new(passed))
        }
        AggregateType::Payment => {
            let order_id: OrderId = stream.key().parse().ok()?;
            (kind == INQUIRY).then(|| Arc::new(InquireStep { order_id }) as Arc<dyn Decision>)
        }
        AggregateType::Product
        | AggregateType::Category
        | AggregateType::Stock
        | AggregateType::Reservation
        | AggregateType::Shipment => None,
    }
}

/// The state of an aggregate before its first event, for the test that finds deadlines without an answer.
#[cfg(test)]
fn initial_state(aggregate: AggregateType) -> Box<dyn crate::AnyState> {
    use crate::Reads;
    let stream = aggregate.stream("x");
    let reads = match aggregate {
        AggregateType::Product => Reads::stream::<crate::product::Product>(stream),
        AggregateType::Category => Reads::stream::<crate::category::Categories>(stream),
        AggregateType::Stock => Reads::stream::<crate::stock::Stock>(stream),
        AggregateType::Reservation => Reads::stream::<crate::reservation::Reservation>(stream),
        AggregateType::Order => Reads::stream::<order::Order>(stream),
        AggregateType::Payment => Reads::stream::<crate::payment::Payment>(stream),
        AggregateType::Shipment => Reads::stream::<crate::shipment::Shipment>(stream),
    };
    (reads.streams[0].initial)()
}
