//! The golden queries: both endpoints, every list with every sort key and filter, single objects, tokens and errors.

mod past;

use serde_json::{Value, json};

use super::history::Facts;

/// What an answer has to be.
#[derive(Clone, Copy)]
pub enum Expected {
    /// Pages of the list with this name, without errors.
    List(&'static str),
    /// Data without errors.
    Data,
    /// An error with this code.
    Error(&'static str),
}

pub struct Golden {
    pub name: String,
    /// Whether it is sent to the back office's endpoint.
    pub staff: bool,
    pub text: String,
    pub variables: Value,
    pub expected: Expected,
}

/// A list: its name, whether staff read it, the type of its nodes, its arguments besides those of the page.
type List = (&'static str, bool, &'static str);

const PRODUCTS: List = ("products", false, "Product");
const ALL_PRODUCTS: List = ("products", true, "Product");
const ORDERS: List = ("orders", true, "Order");
const STOCK: List = ("stockItems", true, "StockItem");
const SHIPMENTS: List = ("shipments", true, "Shipment");
const PAYMENTS: List = ("payments", true, "Payment");
const EVENTS: List = ("events", true, "Event");
const PARKED: List = ("parkedReactions", true, "ParkedReaction");

/// Every scalar field of each type, and the objects that are part of it.
fn fields(node: &str, staff: bool) -> &'static str {
    match (node, staff) {
        ("Product", _) => {
            "id slug title description status brand version createdAt updatedAt availableForSale
             categories { id slug name parent { slug } children { slug } version } attributes { name value } media { url alt }
             priceRange { min { amount minor currencyCode } max { minor } }
             variants { nodes { id sku title options { name value } price { amount } none: price(currency: \"USD\") { minor }
                        compareAtPrice { minor } barcode weightGrams maxPerOrder discontinued
                        stock { sku level availableQuantity asOf version } } pageInfo { hasNextPage endCursor } totalCount }
             priceHistory(first: 3) { sku old { minor } new { minor } compareAt { minor } effectiveFrom reason at }"
        }
        ("Order", true) => {
            "id number version placedAt updatedAt status paymentStatus fulfilmentStatus onHold customerId stream cancelText
             holds { reason shipmentId text waysOut amount { minor } chosen blocks since } cancelReason shippingMethod
             lines { nodes { lineId sku title variantTitle quantity cancelledQuantity shippedQuantity unitPrice { minor }
                     discount { minor } taxRate tax { minor } total { amount } priceVersion tracked product { slug } } }
             totals { subtotal { minor } discount { minor } shipping { minor } tax { minor } grand { amount currencyCode } }
             captured { minor } refunded { minor } authorizedUntil arrivalDueAt declineCode attemptsLeft
             shortages { sku requested available } allowedActions deadlines { kind at } email shipTo { name lines city }
             billTo { name } erased notes { text at } payments { id status } shipments { id status location }
             reservation { id status }"
        }
        ("Order", false) => {
            "id number version placedAt updatedAt status paymentStatus fulfilmentStatus onHold allowedActions email erased
             shipTo { name lines postalCode city region country } billTo { name } totals { grand { amount currencyCode } }
             lines { nodes { lineId sku quantity total { amount } product { slug title } } totalCount }
             payments { id status amount { minor } steps { step kind state amount { minor } code requestedAt settledAt } }
             shipments { id status carrier trackingNumber trackingUrl eta lines { lineId sku quantity location tracked }
                         tracking { status place at } }
             timeline(first: 100) { nodes { id at type title actor { type id } reason event { type version position topic } } }"
        }
        ("StockItem", _) => {
            "id sku policy onHand reserved available lowStock safetyStock level version updatedAt
             locations { location onHand reserved available } reservations(first: 5) { nodes { id orderId status } totalCount }
             movements(first: 5) { nodes { id kind quantity location otherLocation orderId lineIds reason reference
                         afterAtLocation { onHand reserved available } afterInAll { onHand } at actor { type id }
                         event { eventId type stream hash } } pageInfo { hasNextPage endCursor } totalCount }"
        }
        ("Shipment", _) => {
            "id orderId orderNumber status location shippingMethod lines { lineId sku quantity location tracked }
             shipTo { name lines postalCode city region country } dispatchBy heldFor carrier trackingNumber trackingUrl eta
             failedAttempts tracking { status place at } version plannedAt packedAt dispatchedAt deliveredAt updatedAt"
        }
        ("Payment", _) => {
            "id orderId status amount { minor } authorized { minor } authorizedUntil captured { minor } refunded { minor }
             chargedBack { minor } providerRef actionUrl declineCode attemptsLeft cancelled version createdAt updatedAt
             steps { step kind state amount { minor } shipmentId refundId code requestedAt settledAt }"
        }
        ("Event", _) => {
            "id eventId type name stream version context topic position epoch correlationId causationId traceparent hash at
             summary actor { type id } payload"
        }
        _ => {
            "id reactor context source state eventId eventType sourceVersion attempts error parkedAt redrivenAt updatedAt
             history { state sourceVersion error at }"
        }
    }
}

#[derive(Default)]
struct Set(Vec<Golden>);

impl Set {
    /// A list with these arguments; nothing after the name of the list if it is all of them.
    fn list(&mut self, (list, staff, node): List, arguments: &str) {
        let door = if staff { "staff" } else { "shopper" };
        let text = format!(
            "query($first: Int, $after: String, $last: Int, $before: String) {{ {list}(first: $first, after: $after, last: $last,
             before: $before {arguments}) {{ nodes {{ {} }} edges {{ cursor node {{ id }} }}
             pageInfo {{ hasPreviousPage hasNextPage startCursor endCursor }} totalCount }} }}",
            fields(node, staff)
        );
        self.0.push(Golden {
            name: format!("{door}: {list} {arguments}"),
            staff,
            text,
            variables: json!({}),
            expected: Expected::List(list),
        });
    }

    /// A list filtered by each of these values.
    fn each(&mut self, list: List, before: &str, values: &str, after: &str) {
        for value in values.split_whitespace() {
            self.list(list, &format!("{before}{value}{after}"));
        }
    }

    /// A list sorted by each of these fields, in both directions.
    fn sorts(&mut self, list: List, sort_fields: &str) {
        for field in sort_fields.split_whitespace() {
            for direction in ["ASC", "DESC"] {
                self.list(list, &format!("sort: [{{ field: {field}, direction: {direction} }}]"));
            }
        }
    }

    fn data(&mut self, staff: bool, text: impl Into<String>) {
        self.one(staff, text.into(), Expected::Data);
    }

    fn error(&mut self, staff: bool, code: &'static str, text: &str) {
        self.one(staff, text.to_owned(), Expected::Error(code));
    }

    fn one(&mut self, staff: bool, text: String, expected: Expected) {
        let door = if staff { "staff" } else { "shopper" };
        self.0.push(Golden { name: format!("{door}: {text}"), staff, text, variables: json!({}), expected });
    }
}

pub const ORDER_STATUSES: &str =
    "PLACED STOCK_CONFIRMED CONFIRMED IN_FULFILMENT SHIPPED DELIVERED COMPLETED REJECTED EXPIRED CANCELLED";
pub const PAYMENT_STATES: &str = "PENDING ACTION_REQUIRED AUTHORIZED DECLINED PARTIALLY_CAPTURED CAPTURED PARTIALLY_REFUNDED REFUNDED \
     VOIDED EXPIRED CANCELLED";
pub const SHIPMENT_STATUSES: &str = "PLANNED PACKED DISPATCHED DELIVERED LOST CANCELLED";
pub const STOCK_LEVELS: &str = "IN_STOCK LOW_STOCK OUT_OF_STOCK BACKORDER";

pub fn all(facts: &Facts) -> Vec<Golden> {
    let mut set = Set::default();
    catalog(&mut set, facts);
    orders(&mut set);
    stock(&mut set);
    flows(&mut set, facts);
    objects(&mut set, facts);
    past::all(&mut set, facts);
    errors(&mut set, facts);
    set.0
}

fn catalog(set: &mut Set, facts: &Facts) {
    for products in [PRODUCTS, ALL_PRODUCTS] {
        set.list(products, "");
        set.sorts(products, "TITLE PRICE CREATED_AT UPDATED_AT");
        set.list(products, "sort: [{ field: PRICE, direction: DESC }, { field: TITLE }]");
        set.each(products, "where: { category: { slug: \"", "tea coffee black-tea gifts tableware", "\" } }");
        set.list(products, "where: { brand: [\"Slow Harbour\"] }");
        set.list(
            products,
            "where: { brand: [\"Slow Harbour\", \"Hedgerow Shelf\", \"No Such Brand\"] }, sort: [{ field: PRICE }]",
        );
        set.list(products, "where: { skus: [\"TEA-100\", \"MUG-110-SLA\", \"NONE-1\"] }");
        set.each(products, "where: { availableForSale: ", "true false", " }");
        set.each(products, "where: { inStock: ", "true false", " }");
        set.list(products, "where: { inStock: true, brand: [\"Slow Harbour\"] }, sort: [{ field: PRICE }]");
        set.list(products, "where: { price: { min: 1000, max: 3000 } }");
        set.list(products, "where: { price: { max: 500 } }, sort: [{ field: PRICE }]");
        set.list(
            products,
            "where: { category: { slug: \"tea\" }, brand: [\"Ninefold Leaf\"], price: { min: 800 } }",
        );
        set.each(products, "search: \"", "te pot TEA-1 harbour nothing-like-this", "\"");
        set.list(products, "search: \"slow harb\", sort: [{ field: PRICE }]");
    }
    set.each(ALL_PRODUCTS, "status: [", "DRAFT PUBLISHED UNPUBLISHED ARCHIVED", "]");
    for staff in [false, true] {
        for list in ["first: 0", "first: 3, search: \"tea\"", "first: 3, where: { inStock: true }"] {
            set.data(
                staff,
                format!(
                    "{{ products({list}) {{ totalCount nodes {{ slug }} \
                     facets {{ id label kind values {{ id label count selected input }} }} }} }}"
                ),
            );
        }
        for depth in [1, 2, 10] {
            set.data(
                staff,
                format!("{{ categories(depth: {depth}) {{ id slug name version parent {{ slug }} }} }}"),
            );
        }
        for by in [
            format!("id: \"{}\"", facts.product),
            "slug: \"night-train\"".to_owned(),
            "sku: \"POT-100-LI\"".to_owned(),
        ] {
            set.data(staff, format!("{{ product(by: {{ {by} }}) {{ {} }} }}", fields("Product", staff)));
        }
        for by in ["slug: \"coffee\"", "slug: \"no-such-category\""] {
            set.data(staff, format!("{{ category(by: {{ {by} }}) {{ id name children {{ name }} }} }}"));
        }
        for sku in ["TEA-100", "TEA-130", "GIFT-25", "NONE-1"] {
            let text = format!("{{ stock(sku: \"{sku}\") {{ sku level availableQuantity asOf version }} }}");
            set.data(staff, text);
        }
    }
}

fn orders(set: &mut Set) {
    set.list(ORDERS, "");
    set.sorts(ORDERS, "PLACED_AT UPDATED_AT TOTAL NUMBER");
    set.list(ORDERS, "sort: [{ field: TOTAL, direction: DESC }, { field: NUMBER }]");
    set.each(ORDERS, "where: { status: [", ORDER_STATUSES, "] }");
    set.list(ORDERS, "where: { status: [CONFIRMED, SHIPPED] }, sort: [{ field: TOTAL }]");
    let payments =
        "NONE PENDING AUTHORIZED PARTIALLY_CAPTURED CAPTURED PARTIALLY_REFUNDED REFUNDED VOIDED FAILED";
    set.each(ORDERS, "where: { paymentStatus: [", payments, "] }");
    set.each(ORDERS, "where: { fulfilmentStatus: [", "UNFULFILLED PARTIAL FULFILLED DELIVERED", "] }");
    set.each(ORDERS, "where: { onHold: ", "true false", " }");
    set.list(ORDERS, "where: { placedAt: { from: \"2026-03-10T00:00:00Z\" } }");
    set.list(ORDERS, "where: { placedAt: { to: \"2026-03-10T00:00:00+02:00\" } }");
    set.list(ORDERS, "where: { placedAt: { from: \"2026-03-10T00:00:00Z\", to: \"2026-03-17T00:00:00Z\" } }");
    set.list(ORDERS, "where: { number: \"10-000003\" }");
    set.list(ORDERS, "where: { number: \"99-999999\" }");
    set.list(ORDERS, "where: { total: { min: 3000 } }, sort: [{ field: TOTAL }]");
    set.list(ORDERS, "where: { total: { min: 1000, max: 4000 } }");
    set.list(ORDERS, "where: { customer: \"no-such-customer\" }");
    set.list(ORDERS, "where: { status: [CONFIRMED], onHold: true, total: { max: 100000 } }");
}

fn stock(set: &mut Set) {
    set.list(STOCK, "");
    set.sorts(STOCK, "SKU AVAILABLE UPDATED_AT");
    set.list(STOCK, "sort: [{ field: AVAILABLE, direction: DESC }, { field: SKU, direction: DESC }]");
    set.each(STOCK, "where: { level: [", STOCK_LEVELS, "] }");
    set.list(STOCK, "where: { skus: [\"TEA-100\", \"TEA-240\", \"NONE-1\"] }");
    set.each(STOCK, "where: { skuStartsWith: \"", "TEA TEA-2 MUG-1 ZZZ", "\" }");
    set.list(STOCK, "where: { available: { max: 5 } }, sort: [{ field: AVAILABLE }]");
    set.list(STOCK, "where: { available: { min: 100, max: 200 } }");
}

fn flows(set: &mut Set, facts: &Facts) {
    set.list(SHIPMENTS, "");
    set.each(SHIPMENTS, "where: { status: [", SHIPMENT_STATUSES, "] }");
    set.each(SHIPMENTS, "where: { location: \"", "central north south nowhere", "\" }");
    set.list(SHIPMENTS, "where: { trackingNumber: \"no-such-number\" }");
    set.list(SHIPMENTS, "where: { plannedAt: { from: \"2026-03-10T00:00:00Z\" } }");
    set.list(PAYMENTS, "");
    set.each(PAYMENTS, "where: { status: [", PAYMENT_STATES, "] }");
    set.list(PAYMENTS, "where: { createdAt: { to: \"2026-03-10T00:00:00Z\" } }");
    set.list(EVENTS, "");
    set.list(EVENTS, &format!("stream: \"order-{}\"", facts.completed.0));
    set.list(EVENTS, &format!("stream: \"payment-{}\"", facts.in_fulfilment));
    set.list(EVENTS, "types: [\"OrderPlaced\"]");
    set.list(EVENTS, "types: [\"PaymentCaptured\", \"chorale.order.OrderCancelled.v1\"]");
    set.list(EVENTS, "stream: \"order-00000000-0000-0000-0000-000000000000\"");
    set.list(PARKED, "");
    set.each(PARKED, "where: { state: ", "PARKED REDRIVEN", " }");
    set.list(PARKED, "where: { reactor: \"payments-provider\" }");
    set.data(true, format!("{{ salesByWeek(product: \"{}\") {{ week monday orders units revenue {{ minor currencyCode }} }} }}", facts.product));
    set.data(
        true,
        format!(
            "{{ salesByWeek(product: \"{}\", from: \"2026-W11\", to: \"2026-W12\") {{ week units }} }}",
            facts.product
        ),
    );
    set.data(true, "{ attention { ordersOnHold parkedReactions heldStreams } }");
}

fn objects(set: &mut Set, facts: &Facts) {
    let (completed, guest_token) = &facts.completed;
    for by in [
        format!("id: \"{completed}\""),
        format!("id: \"{}\"", facts.in_fulfilment),
        "number: \"10-000002\"".to_owned(),
    ] {
        set.data(true, format!("{{ order(by: {{ {by} }}) {{ {} }} }}", fields("Order", true)));
    }
    let own = fields("Order", false);
    set.data(
        false,
        format!("{{ order(by: {{ id: \"{completed}\" }}, guestToken: \"{guest_token}\") {{ {own} }} }}"),
    );
    set.data(
        false,
        format!(
            "{{ order(by: {{ id: \"{}\" }}, guestToken: \"{guest_token}\") {{ id }} }}",
            facts.in_fulfilment
        ),
    );
    set.data(true, format!("{{ order(by: {{ id: \"{completed}\" }}) {{ {own} }} }}"));
    let token = &facts.token;
    set.data(
        true,
        format!(
            "{{ order(by: {{ id: \"{}\" }}, consistency: \"{token}\") {{ version status }} }}",
            facts.in_fulfilment
        ),
    );
    set.data(true, format!("{{ orders(first: 3, consistency: \"{token}\") {{ nodes {{ number }} }} }}"));
    set.data(true, format!("{{ stock(sku: \"KET-120-RED\", consistency: \"{token}\") {{ level }} }}"));
    let kind = |kind: &str, of: &str| id(&format!("{kind}:{of}"));
    let order = completed.to_string();
    let ids = [
        kind("Product", &facts.product),
        kind("Order", &order),
        kind("Payment", &order),
        kind("StockItem", "TEA-100"),
    ];
    for one in &ids {
        for staff in [false, true] {
            set.data(staff, format!("{{ node(id: \"{one}\") {{ __typename id }} }}"));
        }
    }
    let list = ids.map(|one| format!("\"{one}\"")).join(", ");
    set.data(true, format!("{{ nodes(ids: [{list}]) {{ __typename id }} }}"));
}

fn errors(set: &mut Set, facts: &Facts) {
    for staff in [false, true] {
        set.error(staff, "BAD_INPUT", "{ products(first: 101) { nodes { id } } }");
        set.error(staff, "BAD_INPUT", "{ products(first: -1) { nodes { id } } }");
        set.error(staff, "BAD_INPUT", "{ products(first: 2, last: 2) { nodes { id } } }");
        set.error(staff, "BAD_CURSOR", "{ products(first: 2, after: \"not a cursor\") { nodes { id } } }");
        set.error(staff, "BAD_INPUT", "{ products(search: \"a b c d e f g h i j k\") { nodes { id } } }");
        let twice =
            "{ products(sort: [{ field: PRICE }, { field: PRICE, direction: DESC }]) { nodes { id } } }";
        set.error(staff, "BAD_INPUT", twice);
        let four = "{ products(sort: [{ field: PRICE }, { field: TITLE }, { field: CREATED_AT }, { field: UPDATED_AT }]) { nodes { id } } }";
        set.error(staff, "BAD_INPUT", four);
        set.error(staff, "GRAPHQL_VALIDATION_FAILED", "{ product { id } }");
        set.error(staff, "BAD_INPUT", "{ categories(depth: 11) { slug } }");
        set.error(staff, "GRAPHQL_VALIDATION_FAILED", "{ noSuchField }");
        set.error(staff, "GRAPHQL_PARSE_FAILED", "{ products(");
    }
    set.error(true, "BAD_ID", "{ order(by: { id: \"not an id\" }) { id } }");
    set.error(
        true,
        "BAD_CONSISTENCY_TOKEN",
        "{ orders(first: 1, consistency: \"not a token\") { nodes { id } } }",
    );
    // Without the guest token the order does not exist for shoppers.
    set.data(false, format!("{{ order(by: {{ id: \"{}\" }}) {{ id }} }}", facts.completed.0));
}

/// A global id.
fn id(text: &str) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, text)
}
