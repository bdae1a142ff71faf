//! All contexts together. Their events are handled in any order and repeatedly, and the order still ends well.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::order::{CancelReason, ShippingMethod};
use schemas::payment::{DeclineCode, PaymentEvent};
use schemas::product::TaxClass;
use schemas::shipment::ShipmentEvent;
use schemas::{Actor, Currency, EventSet, LocationId, OrderId, ProductId, Sealed, ShipmentId, Sku};

use super::*;
use crate::given::{Given, noon, nothing_yet};
use crate::order::{CancelOrder, Order, OrderedLine, PlaceOrder, PutOnHold, ResolveHold};
use crate::payment::{
    AuthorizeOutcome, MoneyOutcome, Payment, ProviderAnswer, ProviderAnswered, TrySituation, provider_call,
};
use crate::price_book::{PriceEntry, sku_key};
use crate::reservation::Reservation;
use crate::shipment::{Dispatch, Label, LabelPrinted, Pack, label_call};
use crate::stock::{OpenStockItem, ReceiveStock, Stock};
use crate::{Aggregate, Refusal};

/// A step of a test.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// One of the reactors that are behind handles its next event, once or twice.
    Handle(u8, bool),
    Pack(bool),
    Dispatch(bool),
    Cancel,
    Hold,
    Release,
    /// Handles all events; then the next deadline passes.
    Wait,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => (any::<u8>(), any::<bool>()).prop_map(|(who, twice)| Step::Handle(who, twice)),
        3 => any::<bool>().prop_map(Step::Pack),
        3 => any::<bool>().prop_map(Step::Dispatch),
        1 => Just(Step::Cancel),
        1 => Just(Step::Hold),
        1 => Just(Step::Release),
        1 => Just(Step::Wait),
    ]
}

/// The behaviour of the payment provider.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Provider {
    Yes,
    No,
    SilentAtFirst,
}

struct Harness {
    contexts: BTreeMap<Context, Given>,
    now: schemas::Timestamp,
    /// The events of all streams.
    streams: BTreeMap<StreamId, Vec<(Envelope, String)>>,
    /// The number of events that each reactor has handled, by stream.
    handled: BTreeMap<(&'static str, StreamId), usize>,
    provider: Provider,
}

fn order_id() -> OrderId {
    OrderId::derived(&["1"])
}

fn tea() -> Sku {
    "TEA-100".parse().unwrap()
}

fn location(north: bool) -> LocationId {
    if north { "north" } else { "central" }.parse().unwrap()
}

fn parcel(north: bool) -> ShipmentId {
    ShipmentId::of(order_id(), &location(north))
}

fn sealed(data: &str) -> Sealed {
    Sealed { subject: "guest".to_owned(), alg: "XC20P".to_owned(), data: data.to_owned() }
}

fn price_entry() -> PriceEntry {
    PriceEntry {
        product_id: ProductId::derived(&["tea"]),
        title: "Tea".to_owned(),
        variant_title: String::new(),
        tax_class: TaxClass::Reduced,
        prices: [(Currency::EUR, Currency::EUR.minor(1_001))].into(),
        price_version: 4,
        tracked: true,
        max_per_order: None,
        sellable: true,
    }
}

impl Harness {
    /// An order of three units of tea: two are at one location, one at another.
    fn with_an_order(provider: Provider) -> Self {
        let mut contexts: BTreeMap<_, _> = Context::ALL.map(|context| (context, nothing_yet())).into();
        contexts.insert(Context::Ordering, nothing_yet().and_view(sku_key(&tea()), price_entry()));
        let (streams, handled) = (BTreeMap::new(), BTreeMap::new());
        let mut shop = Self { contexts, now: noon(), streams, handled, provider };
        shop.submit(Context::Inventory, &OpenStockItem { sku: tea() }).unwrap();
        for (north, qty) in [(false, 2), (true, 1)] {
            let received = ReceiveStock { sku: tea(), location: location(north), qty, reference: None };
            shop.submit(Context::Inventory, &received).unwrap();
        }
        let order = PlaceOrder {
            order_id: order_id(),
            customer_id: None,
            email: sealed("email"),
            ship_to: sealed("address"),
            bill_to: None,
            payment_token: sealed("token"),
            lines: vec![OrderedLine { sku: tea(), qty: 3, expected_unit_price: None }],
            currency: None,
            shipping_method: ShippingMethod::Standard,
            rules: rules(),
        };
        shop.submit(Context::Ordering, &order).unwrap();
        shop
    }

    fn submit(&mut self, context: Context, decision: &dyn Decision) -> Result<(), Refusal> {
        let given = self.contexts.remove(&context).unwrap().at(self.now);
        let given = self.contexts.entry(context).or_insert(given);
        for (stream, event) in given.run(decision)?.events {
            let events = self.streams.entry(stream.clone()).or_default();
            let version = u64::try_from(events.len()).unwrap() + 1;
            let envelope = envelope(stream.as_str(), context, event.name(), version);
            events.push((envelope, event.encode(&Actor::system("test")).unwrap()));
        }
        Ok(())
    }

    fn state<A: Aggregate>(&self, context: Context, stream: &StreamId) -> A {
        self.contexts[&context].state(stream)
    }

    fn order(&self) -> Order {
        self.state(Context::Ordering, &order_id().stream())
    }

    fn payment(&self) -> Payment {
        self.state(Context::Payments, &order_id().payment_stream())
    }

    /// Policies of reactors that are behind, and the stream in which they are.
    fn due(&self) -> Vec<(&'static Policy, StreamId)> {
        let mut due = Vec::new();
        let mut named = BTreeSet::new();
        for policy in POLICIES.iter().filter(|policy| named.insert((policy.reactor, policy.topic))) {
            for (stream, events) in &self.streams {
                let of_topic = Topic::of_stream(policy.topic.context(), stream) == Some(policy.topic);
                let handled = self.handled.get(&(policy.reactor, stream.clone())).copied().unwrap_or(0);
                if of_topic && handled < events.len() {
                    due.push((policy, stream.clone()));
                }
            }
        }
        due
    }

    fn handle(&mut self, policy: &'static Policy, stream: &StreamId, twice: bool) {
        let next = self.handled.entry((policy.reactor, stream.clone())).or_default();
        let (envelope, payload) = self.streams[stream][*next].clone();
        *next += 1;
        for _ in 0..=u8::from(twice) {
            let decision: Option<Arc<dyn Decision>> = match policy.reactor {
                PAYMENTS_PROVIDER => self.provider_says(&envelope, &payload),
                SHIPPING_CARRIER => carrier_says(&envelope, &payload),
                name => reactor(name).answer(&envelope, &payload, &rules()).unwrap(),
            };
            if let Some(decision) = decision {
                self.submit(reactor(policy.reactor).context, decision.as_ref())
                    .expect("a reaction is never refused");
            }
        }
    }

    fn provider_says(&self, envelope: &Envelope, payload: &str) -> Option<Arc<dyn Decision>> {
        let event = PaymentEvent::decode(&envelope.name, envelope.type_version, payload).unwrap();
        let call = provider_call(&event)?;
        let silent = self.provider == Provider::SilentAtFirst && envelope.name != "PaymentInquiryRequested";
        let answer = match call.step.kind() {
            _ if silent => ProviderAnswer::unknown(&call.step).unwrap(),
            "authorize" if self.provider == Provider::No => {
                ProviderAnswer::Authorize(AuthorizeOutcome::Declined { code: DeclineCode::Fraud })
            }
            "authorize" => ProviderAnswer::Authorize(AuthorizeOutcome::Authorized {
                provider_ref: call.idempotency_key(),
                authorized_until: noon().plus(std::time::Duration::from_hours(24 * 7)),
            }),
            "capture" => ProviderAnswer::Capture(MoneyOutcome::Done),
            "void" => ProviderAnswer::Void(MoneyOutcome::Done),
            _ => ProviderAnswer::Refund(MoneyOutcome::Done),
        };
        let (order_id, step) = (call.order_id, call.step);
        Some(Arc::new(ProviderAnswered { order_id, step, answer, rules: rules() }))
    }

    fn wait(&mut self) {
        let order = self.order().deadline().map(|due| (due, Context::Ordering, order_id().stream()));
        let payment =
            self.payment().deadline().map(|due| (due, Context::Payments, order_id().payment_stream()));
        let next = order.into_iter().chain(payment).min_by_key(|(due, ..)| due.at);
        if let Some((due, context, stream)) = next {
            self.now = self.now.max(due.at);
            let passed = deadline_passed(&stream, due.kind, &rules()).unwrap();
            self.submit(context, passed.as_ref()).expect("a deadline is never refused");
        }
    }

    fn drain(&mut self) {
        while let Some((policy, stream)) = self.due().first().cloned() {
            self.handle(policy, &stream, false);
        }
    }

    /// A command may be refused.
    fn take(&mut self, step: Step) {
        let (order_id, rules) = (order_id(), rules());
        let _refused = match step {
            Step::Handle(who, twice) => {
                let due = self.due();
                if let Some((policy, stream)) = due.get(usize::from(who) % due.len().max(1)).cloned() {
                    self.handle(policy, &stream, twice);
                }
                Ok(())
            }
            Step::Pack(north) => self.submit(Context::Shipping, &Pack { shipment_id: parcel(north) }),
            Step::Dispatch(north) => {
                self.submit(Context::Shipping, &Dispatch { shipment_id: parcel(north), eta: None })
            }
            Step::Cancel => {
                let cancel = CancelOrder { order_id, reason: CancelReason::Customer, text: None, rules };
                self.submit(Context::Ordering, &cancel)
            }
            Step::Hold => self.submit(Context::Ordering, &PutOnHold { order_id, text: None, rules }),
            Step::Release => {
                let (reason, way_out) = (HoldReason::Staff, WayOut::Release);
                let resolve = ResolveHold { order_id, reason, shipment_id: None, way_out, rules };
                self.submit(Context::Ordering, &resolve)
            }
            Step::Wait => {
                self.drain();
                self.wait();
                Ok(())
            }
        };
    }

    /// The conditions that must hold when all events are handled.
    fn check(&self) -> Result<(), TestCaseError> {
        let (order, payment) = (self.order(), self.payment());
        let status = order.status().unwrap();
        let waits = status.is_terminal() || order.deadline().is_some() || !order.holds().is_empty();
        prop_assert!(waits, "an order with status {status} waits for nothing");
        let reservation: Reservation = self.state(Context::Inventory, &order_id().reservation_stream());
        let held: u32 = reservation.lines().iter().map(|line| line.qty).sum();
        let stock: Stock = self.state(Context::Inventory, &tea().stock_stream());
        let Stock::Counted(item) = stock else { return Err(TestCaseError::fail("stock is not counted")) };
        let reserved: u32 = item.levels.places.values().map(|place| place.reserved).sum();
        prop_assert_eq!(reserved, held, "stock and reservation disagree");
        let open: i64 = payment
            .book()
            .tries()
            .iter()
            .map(|tried| match &tried.situation {
                TrySituation::SetAside { provider_ref, released, .. } => {
                    tried.amount.minor - released - payment.book().claimed(provider_ref)
                }
                _ => 0,
            })
            .sum();
        match status {
            OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Rejected => {
                prop_assert_eq!(
                    (held, open, payment.book().taken()),
                    (0, 0, 0),
                    "{} still holds something",
                    status
                );
            }
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Completed => {
                let total = order.totals().map(|totals| totals.grand.minor);
                prop_assert_eq!((held, open), (0, 0), "{} still holds something", status);
                prop_assert_eq!(
                    Some(payment.book().taken()),
                    total,
                    "the captured amount is not the amount due"
                );
            }
            _ => {}
        }
        Ok(())
    }
}

fn carrier_says(envelope: &Envelope, payload: &str) -> Option<Arc<dyn Decision>> {
    let event = ShipmentEvent::decode(&envelope.name, envelope.type_version, payload).unwrap();
    let shipment_id = label_call(&event)?.shipment_id;
    let label =
        Label { carrier: "Post".to_owned(), tracking_number: "1".to_owned(), tracking_url: "u".to_owned() };
    Some(Arc::new(LabelPrinted { shipment_id, label }))
}

fn ship(shop: &mut Harness) {
    shop.drain();
    for step in [Step::Pack(false), Step::Pack(true)] {
        shop.take(step);
    }
    shop.drain();
    for step in [Step::Dispatch(false), Step::Dispatch(true)] {
        shop.take(step);
    }
    shop.drain();
}

#[test]
fn an_undisturbed_order_is_shipped_and_paid() {
    let mut shop = Harness::with_an_order(Provider::Yes);
    ship(&mut shop);
    assert_eq!(shop.order().status(), Some(OrderStatus::Shipped));
    shop.check().unwrap();
}

#[test]
fn an_order_that_is_cancelled_while_inventory_answers_releases_its_stock() {
    let mut shop = Harness::with_an_order(Provider::Yes);
    let placed = shop.due().into_iter().find(|(policy, _)| policy.reactor == INVENTORY_RESERVATIONS).unwrap();
    shop.handle(placed.0, &placed.1, false);
    shop.take(Step::Cancel);
    shop.drain();
    assert_eq!(shop.order().status(), Some(OrderStatus::Cancelled));
    shop.check().unwrap();
}

#[test]
fn of_two_parcels_one_is_shipped_and_one_is_taken_back() {
    let mut shop = Harness::with_an_order(Provider::Yes);
    shop.drain();
    shop.take(Step::Pack(true));
    shop.drain();
    shop.take(Step::Cancel);
    shop.take(Step::Dispatch(true));
    shop.drain();
    assert_eq!(shop.order().status(), Some(OrderStatus::Shipped));
    shop.check().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_of_events_the_order_ends_and_nothing_stays_reserved_or_authorised(
        steps in prop::collection::vec(any_step(), 0..120),
        provider in prop_oneof![4 => Just(Provider::Yes), 1 => Just(Provider::No), 2 => Just(Provider::SilentAtFirst)],
    ) {
        let mut shop = Harness::with_an_order(provider);
        for step in steps {
            shop.take(step);
        }
        shop.drain();
        // Inquiries about open steps are answered.
        while shop.payment().deadline().is_some() {
            shop.wait();
            shop.drain();
        }
        shop.check()?;
    }
}
