//! Documents as projectors would write them.

use std::collections::BTreeMap;

use platform::text::collation_key;
use read_models::documents::categories::{CATEGORIES, Category, CategoryTree, TREE};
use read_models::documents::order_timeline::{ORDER_TIMELINE, TimelineEntry};
use read_models::documents::orders::{Deadline, Hold, Note, ORDERS, Order, OrderLine, Totals};
use read_models::documents::payments::{PAYMENTS, Payment, PaymentStep};
use read_models::documents::products::{PRODUCTS, Product, Variant, VariantPrice};
use read_models::documents::shipments::{SHIPMENTS, Shipment};
use read_models::documents::stock::{STOCK, StockAtLocation, StockItem};
use read_models::documents::{Actor, EventRef, LineAtLocation, Money};
use serde_json::json;

use super::shop::Shop;

pub fn eur(minor: i64) -> Money {
    Money { minor, currency: "EUR".to_owned() }
}

/// An instant on a day in March.
pub fn at(second: usize) -> String {
    format!("2026-03-01T12:{:02}:{:02}.000Z", second / 60, second % 60)
}

pub fn product(id: usize, title: &str, brand: &str, price: i64) -> Product {
    let sku = format!("SKU-{id}");
    let price = VariantPrice { price: eur(price), compare_at: None, effective_from: at(0) };
    let variant = Variant {
        sku: sku.clone(),
        prices: BTreeMap::from([("EUR".to_owned(), price.clone())]),
        track_stock: true,
        ..Variant::default()
    };
    Product {
        product_id: format!("p{id}"),
        slug: format!("slug-{id}"),
        title: title.to_owned(),
        sort_title: collation_key(title),
        brand: Some(brand.to_owned()),
        status: "PUBLISHED".to_owned(),
        tax_class: "STANDARD".to_owned(),
        category_ids: vec![if id.is_multiple_of(2) { "green" } else { "black" }.to_owned()],
        variants: vec![variant],
        skus: vec![sku.clone()],
        min_price: Some(price.price.clone()),
        max_price: Some(price.price),
        available_for_sale: true,
        created_at: at(id),
        updated_at: at(id),
        ..Product::default()
    }
}

impl Shop {
    pub async fn add_product(&self, product: &Product) {
        self.write(&PRODUCTS, &format!("product-{}", product.product_id), 3, product).await;
    }

    /// So many products called Tea, with stock, and the category tree.
    pub async fn add_teas(&self, count: usize) {
        let teas = (1..=count).map(|id| product(id, &format!("Tea {id:03}"), "Leafy", 100 * id as i64));
        let teas: Vec<Product> = teas.collect();
        let stock = teas.iter().enumerate().map(|(n, tea)| {
            let sku = tea.skus[0].clone();
            let level = ["OUT_OF_STOCK", "LOW_STOCK", "IN_STOCK"][n % 3];
            let location =
                StockAtLocation { location: "main".to_owned(), on_hand: 9, reserved: 2, available: 7 };
            let item = StockItem {
                sku: sku.clone(),
                policy: "DENY".to_owned(),
                on_hand: 9,
                reserved: 2,
                available: u32::try_from(n).unwrap(),
                level: level.to_owned(),
                locations: vec![location],
                updated_at: at(n),
                ..StockItem::default()
            };
            (format!("stock-{sku}"), 5, item)
        });
        self.write_all(&STOCK, stock.collect()).await;
        let documents = teas.into_iter().map(|tea| (format!("product-{}", tea.product_id), 3, tea));
        self.write_all(&PRODUCTS, documents.collect()).await;
        self.add_categories().await;
    }

    pub async fn add_categories(&self) {
        let category = |slug: &str, name: &str, parent: Option<&str>| Category {
            slug: slug.to_owned(),
            name: name.to_owned(),
            parent: parent.map(str::to_owned),
        };
        let categories = BTreeMap::from([
            ("drinks".to_owned(), category("drinks", "Drinks", None)),
            ("tea".to_owned(), category("teas", "Tea", Some("drinks"))),
            ("green".to_owned(), category("green-teas", "Green tea", Some("tea"))),
            ("black".to_owned(), category("black-teas", "Black tea", Some("tea"))),
        ]);
        self.write(&CATEGORIES, TREE, 4, &CategoryTree { categories, updated_at: at(0) }).await;
    }

    /// So many orders, each with payment, two parcels and a story of three events.
    pub async fn add_orders(&self, count: usize) {
        let (mut orders, mut payments, mut shipments, mut entries) = (vec![], vec![], vec![], vec![]);
        for n in 1..=count {
            let order = self.order(n).await;
            let id = order.order_id.clone();
            payments.push((format!("payment-{id}"), 2, payment(&id)));
            for parcel in 1..=2 {
                shipments.push((format!("shipment-{id}-{parcel}"), 1, shipment(&order, parcel)));
            }
            for version in 1..=3 {
                entries.push((format!("event-{id}-{version}"), 1, entry(&id, version)));
            }
            orders.push((format!("order-{id}"), 3, order));
        }
        self.write_all(&ORDERS, orders).await;
        self.write_all(&PAYMENTS, payments).await;
        self.write_all(&SHIPMENTS, shipments).await;
        self.write_all(&ORDER_TIMELINE, entries).await;
    }

    pub async fn order(&self, n: usize) -> Order {
        let id = format!("o{n}");
        let stream = format!("order-{id}");
        let address = json!({ "name": "A. Guest", "lines": ["Street 1"], "city": "Town", "country": "DE" });
        let total = 1_000 * i64::try_from(n).unwrap();
        let on_hold = n.is_multiple_of(3);
        let hold = Hold {
            reason: "STAFF".to_owned(),
            shipment_id: None,
            amount: None,
            text: Some(self.seal(&stream, "text", &"looks odd").await),
            ways_out: vec!["RELEASE".to_owned(), "CANCEL_REST".to_owned()],
            chosen: None,
            blocks: vec![],
            since: at(n),
        };
        let deadline = Deadline { kind: "FULFILMENT".to_owned(), at: at(n + 60) };
        Order {
            number: format!("10-{n:06}"),
            customer_id: None,
            placed_at: at(n),
            updated_at: at(n),
            status: if n.is_multiple_of(2) { "CONFIRMED" } else { "PLACED" }.to_owned(),
            payment_status: "AUTHORIZED".to_owned(),
            fulfilment_status: "UNFULFILLED".to_owned(),
            currency: "EUR".to_owned(),
            shipping_method: "STANDARD".to_owned(),
            email: self.seal(&stream, "email", &"guest@example.org").await,
            ship_to: self.seal(&stream, "shipTo", &address).await,
            bill_to: None,
            lines: (1..=3).map(|line| order_line(line, total)).collect(),
            totals: Totals {
                subtotal: eur(total),
                discount: eur(0),
                shipping: eur(0),
                tax: eur(total / 10),
                grand: eur(total),
            },
            captured: eur(0),
            refunded: eur(0),
            authorized_until: None,
            arrival_due_at: None,
            decline_code: None,
            attempts_left: None,
            shortages: vec![],
            parcels: vec![],
            on_hold,
            holds: on_hold.then_some(hold).into_iter().collect(),
            deadlines: (!on_hold).then_some(deadline.clone()).into_iter().collect(),
            clock: Some(deadline),
            allowed_actions: vec!["CANCEL".to_owned(), "ADD_NOTE".to_owned()],
            cancelling: vec![],
            cancel_reason: None,
            cancel_text: None,
            notes: vec![Note { note: self.seal(&stream, "note", &"rang the bell").await, at: at(n) }],
            order_id: id,
        }
    }
}

fn order_line(line: u32, total: i64) -> OrderLine {
    OrderLine {
        line_id: line,
        sku: format!("SKU-{line}"),
        product_id: format!("p{line}"),
        title: "Tea".to_owned(),
        variant_title: String::new(),
        qty: 1,
        cancelled_qty: 0,
        shipped_qty: 0,
        unit_price: eur(total / 3),
        discount: eur(0),
        tax_rate: 700,
        tax: eur(1),
        total: eur(total / 3),
        price_version: 3,
        tracked: true,
    }
}

pub fn payment(order: &str) -> Payment {
    let step = PaymentStep {
        step: "authorize:1".to_owned(),
        kind: "authorize".to_owned(),
        state: "SUCCEEDED".to_owned(),
        amount: Some(eur(1_000)),
        shipment_id: None,
        refund_id: None,
        code: None,
        requested_at: at(1),
        settled_at: Some(at(2)),
    };
    Payment {
        order_id: order.to_owned(),
        status: "AUTHORIZED".to_owned(),
        provider_ref: Some("prov-1".to_owned()),
        steps: vec![step],
        created_at: at(1),
        updated_at: at(2),
        ..Payment::default()
    }
}

fn shipment(order: &Order, parcel: usize) -> Shipment {
    let line = LineAtLocation {
        line_id: 1,
        sku: "SKU-1".to_owned(),
        qty: 1,
        location: "main".to_owned(),
        tracked: true,
    };
    Shipment {
        shipment_id: format!("{}-{parcel}", order.order_id),
        order_id: order.order_id.clone(),
        order_number: Some(order.number.clone()),
        status: "PLANNED".to_owned(),
        location: Some("main".to_owned()),
        shipping_method: Some("STANDARD".to_owned()),
        lines: vec![line],
        ship_to: Some(order.ship_to.clone()),
        dispatch_by: None,
        held_for: vec![],
        carrier: None,
        tracking_number: None,
        tracking_url: None,
        eta: None,
        failed_attempts: 0,
        tracking: vec![],
        planned_at: at(parcel),
        packed_at: None,
        dispatched_at: None,
        delivered_at: None,
        updated_at: at(parcel),
    }
}

pub fn event_ref(stream: &str, version: u64) -> EventRef {
    EventRef {
        event_id: format!("event-{stream}-{version}"),
        kind: "chorale.order.OrderPlaced.v1".to_owned(),
        stream: stream.to_owned(),
        version,
        position: version,
        topic: "chorale.order.v1".to_owned(),
        correlation_id: "flow-1".to_owned(),
        causation_id: "command-1".to_owned(),
        hash: "ab".repeat(32),
    }
}

pub fn entry(order: &str, version: u64) -> TimelineEntry {
    TimelineEntry {
        order_id: order.to_owned(),
        version,
        at: at(usize::try_from(version).unwrap()),
        name: "OrderPlaced".to_owned(),
        title: format!("Step {version}"),
        actor: Actor { kind: "STAFF".to_owned(), id: "staff-7".to_owned() },
        reason: None,
        event: event_ref(&format!("order-{order}"), version),
    }
}
