//! A shop on logs in a folder of its own, and verbs to ask it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use command_api::{Commands, LIMITS, Writers, problem_for, public_api, staff_api};
use domain::price_book::PRICE_BOOK;
use domain::shipment::PlanShipments;
use domain::stock::OpenStockItem;
use domain::{Decision, ShopRules};
use event_log::port::{Read, StoredEvent, Wanted};
use event_log::request::{Origin, Request as WriteRequest};
use event_log::writer::{Note, Writer, WriterOptions};
use http_server::{Address, Caller, Limits};
use platform::clock::Clock;
use platform::sealing::Sealer;
use platform::shutdown::Shutdown;
use platform::vault;
use schemas::order::{OrderConfirmed, OrderPlaced, ShippingMethod};
use schemas::reservation::LineAtLocation;
use schemas::{Actor, CommandId, Context, LineId, LocationId, ShipmentId, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::AbortHandle;
use tower::ServiceExt;

use crate::following::Followers;

/// A web page of this origin may call the public address.
pub const ORIGIN: &str = "https://shop.example";
pub const EMAIL: &str = "hilda.quillfeather@example.com";
pub const PAYMENT_TOKEN: &str = "tok_marzipan_7731";
pub const STREET: &str = "12 Pumpernickel Row";

/// A shop with one product on sale: `TEA-100` for 4.90 EUR.
pub struct Shop {
    pub commands: Commands,
    pub public: Router,
    pub staff: Router,
    pub shutdown: Shutdown,
    pub folder: TempDir,
    pub followers: Arc<Followers>,
    ordering: AbortHandle,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.body)).to_owned()
    }

    /// It is a problem with this status and code, well-formed.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), &self.body["code"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["traceId"].as_str().map(str::len), Some(32), "{}", self.body);
        for field in ["type", "title", "detail"] {
            assert!(!self.text(field).is_empty(), "{field}");
        }
        assert!(self.body["userErrors"].is_array());
        self
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Fields that are wrong, with their codes.
    pub fn wrong(&self) -> BTreeMap<String, String> {
        let errors = self.body["userErrors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }
}

/// A request in the making.
pub fn ask(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}

pub async fn command(router: &Router, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    send(router, keyed(method, path, key).body(Body::from(body.to_string())).unwrap()).await
}

pub fn keyed(method: &str, path: &str, key: &str) -> axum::http::request::Builder {
    ask(method, path).header("idempotency-key", key).header("content-type", "application/json")
}

/// An order that is accepted.
pub fn order() -> Value {
    json!({
        "lines": [{ "sku": "TEA-100", "quantity": 2 }],
        "email": EMAIL,
        "shippingAddress": { "name": "Hilda Quillfeather", "lines": [STREET], "postalCode": "10115", "city": "Berlin", "country": "DE" },
        "paymentToken": PAYMENT_TOKEN,
    })
}

impl Shop {
    pub async fn open() -> Self {
        Self::with(LIMITS).await
    }

    pub async fn with(limits: Limits) -> Self {
        let shop = Self::empty(limits).await;
        let product = json!({ "slug": "green-tea", "title": "Green tea", "taxClass": "REDUCED" });
        let id = command(&shop.staff, "POST", "/v1/products", "p", &product).await.is(201).text("id");
        let tea = format!("/v1/products/{id}");
        let variant = json!({ "sku": "TEA-100", "options": { "size": "100 g" } });
        command(&shop.staff, "POST", &format!("{tea}/variants"), "v", &variant).await.is(201);
        shop.set_price(&id, "price", 490).await.is(202);
        command(&shop.staff, "POST", &format!("{tea}/publish"), "pub", &json!({})).await.is(202);
        shop.learn_prices().await;
        shop.decide(Context::Inventory, OpenStockItem { sku: "TEA-100".parse().unwrap() }).await;
        shop
    }

    /// The id of the product on sale.
    pub async fn decided_product(&self) -> String {
        let events = self.events(Context::Catalog).await;
        let product = events.iter().find(|event| event.envelope.name == "ProductCreated").unwrap();
        product.envelope.stream.key().to_owned()
    }

    pub async fn empty(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault =
            vault::connect(&format!("sqlite://{}", folder.path().join("keys.db").display())).await.unwrap();
        let mut writers = BTreeMap::new();
        for context in Context::ALL {
            let url = format!("sqlite://{}", folder.path().join(format!("{context}.db")).display());
            let log = event_log::connect(&url, context).await.unwrap();
            let (writer, task) = Writer::start(log, Clock::system(), WriterOptions::default());
            writers.insert(context, (writer, task.abort_handle()));
        }
        let ordering = writers[&Context::Ordering].1.clone();
        let writers = Writers::new(writers.into_values().map(|(writer, _)| writer)).unwrap();
        let commands = Commands::new(writers, Sealer::new(vault), Arc::new(ShopRules::default()));
        let (shutdown, followers) = (Shutdown::new(), Arc::<Followers>::default());
        let public = Address::new(Caller::Guest, problem_for, shutdown.clone());
        let public = public.allow_origins(vec![ORIGIN.parse().unwrap()]);
        let public = public.api(public_api(commands.clone(), followers.clone(), limits)).into_router();
        let staff = Address::new(Caller::staff("operator"), problem_for, shutdown.clone());
        let staff = staff.api(staff_api(commands.clone(), followers.clone(), limits)).into_router();
        Self { commands, public, staff, shutdown, folder, followers, ordering }
    }

    /// Ordering's writer is gone, as when the process is about to leave.
    pub fn stop_ordering(&self) {
        self.ordering.abort();
    }

    pub async fn set_price(&self, product: &str, key: &str, minor: i64) -> Answer {
        let price = json!({ "price": { "minor": minor, "currencyCode": "EUR" } });
        let path = format!("/v1/products/{product}/variants/TEA-100/price");
        command(&self.staff, "PUT", &path, key, &price).await
    }

    pub async fn place(&self, key: &str, order: &Value) -> Answer {
        command(&self.public, "POST", "/v1/orders", key, order).await
    }

    /// Asks for something to be done with an order, with its guest's token.
    pub async fn as_guest(&self, order: &str, verb: &str, key: &str, token: &str, body: &Value) -> Answer {
        let request =
            keyed("POST", &format!("/v1/orders/{order}/{verb}"), key).header("x-guest-token", token);
        send(&self.public, request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// All events of a context.
    pub async fn events(&self, context: Context) -> Vec<StoredEvent> {
        self.commands.writers().of(context).log().read(Read::After(0), 100_000).await.unwrap()
    }

    pub async fn names(&self, context: Context) -> Vec<String> {
        self.events(context).await.iter().map(|event| event.envelope.name.clone()).collect()
    }

    /// Updates ordering's price book from the catalog's events, as its reactor does.
    pub async fn learn_prices(&self) {
        let ordering = self.commands.writers().of(Context::Ordering);
        for event in self.events(Context::Catalog).await {
            if event.envelope.stream.prefix() != "product" {
                continue;
            }
            let wanted = Wanted { views: (PRICE_BOOK.reads)(&event.envelope), ..Wanted::default() };
            let (_, facts) = ordering.log().facts(&wanted).await.unwrap();
            let known = facts.views.into_iter().map(|(key, value)| (key, value.as_ref().clone())).collect();
            let views = (PRICE_BOOK.learn)(&known, &event.envelope, &event.payload).unwrap();
            ordering.note(Note { views, ..Note::default() }).await.unwrap();
        }
    }

    /// Plans a parcel at `central` with the first line of an order.
    pub async fn plan_parcel(&self, placed: OrderPlaced) -> ShipmentId {
        let location: LocationId = "central".parse().unwrap();
        let shipment = ShipmentId::of(placed.order_id, &location);
        let (line_id, sku, qty) = (LineId(1), placed.lines[0].sku.clone(), placed.lines[0].qty);
        let far: Timestamp = "9000-01-01T00:00:00Z".parse().unwrap();
        let order = OrderConfirmed {
            order_id: placed.order_id,
            order_number: placed.order_number,
            lines: vec![LineAtLocation { line_id, sku, qty, location, tracked: true }],
            shipping_method: ShippingMethod::Standard,
            ship_to: placed.ship_to,
            fulfil_by: far,
            authorized_until: far,
        };
        self.decide(Context::Shipping, PlanShipments { order }).await;
        shipment
    }

    /// Has something decided that no person commands.
    pub async fn decide(&self, context: Context, decision: impl Decision + 'static) {
        let command = CommandId::derived(&["test", &uuid::Uuid::new_v4().to_string()]);
        let request = WriteRequest {
            command,
            origin: Origin::Inner,
            decision: Arc::new(decision),
            actor: Actor::service("test"),
            correlation: command.uuid(),
            causation: command.uuid(),
            traceparent: None,
            expected: Vec::new(),
            parking: Vec::new(),
        };
        self.commands.writers().of(context).submit(request).await.unwrap();
    }
}
