//! The protocol `graphql-transport-ws`: messages, limits and how connections end.

use std::time::Duration;

use http_server::{Address, Caller, ConnectionLimits};
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use query_api::{LiveLimits, Options, graphql_error_for};
use read_models::documents::orders::{ORDERS, Order};
use read_models::documents::stock::{STOCK, StockItem};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::documents::at;
use super::shop::{Shop, id};
use super::socket::{Socket, until};

const WS: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");
const LEVELS: &str = "subscription { stockChanged(skus: [\"SKU-1\"]) { sku level version } }";

async fn shop_with(live: LiveLimits) -> Shop {
    let shop = Shop::with(Options { live, ..Options::default() }).await;
    shop.add_teas(1).await;
    shop
}

async fn shop() -> Shop {
    shop_with(LiveLimits::default()).await
}

impl Shop {
    async fn change_level(&self, version: u64) {
        let item = StockItem {
            sku: "SKU-1".to_owned(),
            level: "IN_STOCK".to_owned(),
            updated_at: at(1),
            ..StockItem::default()
        };
        self.write(&STOCK, "stock-SKU-1", version, &item).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_answered_once_and_completed() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("q", "{ stock(sku: \"SKU-1\") { level } }", json!({})).await;
    assert_eq!(socket.data("q").await, json!({ "stock": { "level": "OUT_OF_STOCK" } }));
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "q" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_executed_is_an_error_message_and_the_connection_goes_on() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    let two =
        "subscription { a: stockChanged(skus: [\"a\"]) { sku } b: stockChanged(skus: [\"b\"]) { sku } }";
    for (query, code) in [
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ", "GRAPHQL_PARSE_FAILED"),
        (two, "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { ...f } fragment f on Subscription { stockChanged(skus: [\"a\"]) { sku } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("mutation { x }", "ONLY_QUERIES"),
        (
            "{ products(first: 100) { nodes { variants(first: 100) { nodes { product { variants(first: 100) { nodes { sku } } } } } } } }",
            "QUERY_TOO_EXPENSIVE",
        ),
    ] {
        socket.subscribe("1", query, json!({})).await;
        let answer = socket.next().await;
        assert_eq!(answer["type"], "error", "{answer}");
        assert_eq!(answer["payload"][0]["extensions"]["code"], code, "{answer}");
    }
    socket.send(json!({ "type": "ping", "payload": { "any": 1 } })).await;
    assert_eq!(socket.next().await, json!({ "type": "pong" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_operation_sends_nothing_more_and_its_id_is_free() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    for _ in 0..3 {
        socket.subscribe("1", LEVELS, json!({})).await;
        assert_eq!(socket.data("1").await["stockChanged"]["version"], 5);
        socket.send(json!({ "type": "complete", "id": "1" })).await;
    }
    socket.send(json!({ "type": "complete", "id": "unknown" })).await;
    shop.change_level(6).await;
    socket.subscribe("2", LEVELS, json!({})).await;
    assert_eq!(socket.data("2").await["stockChanged"]["version"], 6);
    socket.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_the_protocol_forbids_close_the_connection_with_its_codes() {
    let shop =
        shop_with(LiveLimits { begin_within: Duration::from_millis(300), ..LiveLimits::default() }).await;
    let address = shop.listen("/graphql").await;
    let open = async || Socket::open(address, "/graphql").await;
    let begun = async || {
        let mut socket = open().await;
        socket.begin().await;
        socket
    };
    let mut socket = open().await;
    socket.subscribe("1", LEVELS, json!({})).await;
    assert_eq!(socket.closed().await, 4401, "an operation before the beginning");

    assert_eq!(open().await.closed().await, 4408, "no beginning");

    let mut socket = begun().await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await, 4429, "two beginnings");

    let mut socket = begun().await;
    socket.subscribe("1", LEVELS, json!({})).await;
    socket.data("1").await;
    socket.subscribe("1", LEVELS, json!({})).await;
    assert_eq!(socket.closed().await, 4409, "an id that is in use");

    for bad in [
        "",
        "{",
        "[]",
        "{}",
        "{\"type\":\"start\"}",
        "{\"type\":\"subscribe\",\"id\":\"1\"}",
        "{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{\"query\":\"{ a }\"}}",
    ] {
        let mut socket = begun().await;
        socket.send_raw(Message::text(bad)).await;
        assert_eq!(socket.closed().await, 4400, "{bad}");
    }
    let mut socket = begun().await;
    socket.send_raw(Message::binary(b"{\"type\":\"ping\"}".to_vec())).await;
    assert_eq!(socket.closed().await, 4400, "a binary message");

    for headers in [vec![], vec![("sec-websocket-protocol", "graphql-ws")]] {
        // The library refuses a server that does not choose a protocol.
        match Socket::open_with(address, "/graphql", &headers).await {
            Ok(mut socket) => assert_eq!(socket.closed().await, 4406),
            Err(error) => assert!(matches!(error, Error::Protocol(_)) && !headers.is_empty(), "{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_and_connections_are_limited() {
    let limits =
        LiveLimits { max_connections: 2, max_operations: 3, max_per_connection: 2, ..LiveLimits::default() };
    let shop = shop_with(limits).await;
    let address = shop.listen("/graphql").await;
    let mut first = Socket::open(address, "/graphql").await;
    first.begin().await;
    for operation in ["1", "2"] {
        first.subscribe(operation, LEVELS, json!({})).await;
        first.data(operation).await;
    }
    first.subscribe("3", LEVELS, json!({})).await;
    assert_eq!(first.next().await["payload"][0]["extensions"]["code"], "TOO_MANY_OPERATIONS");
    let mut second = Socket::open(address, "/graphql").await;
    second.begin().await;
    second.subscribe("1", LEVELS, json!({})).await;
    second.data("1").await;
    second.subscribe("2", LEVELS, json!({})).await;
    assert_eq!(second.next().await["payload"][0]["extensions"]["code"], "BUSY");
    let refused = Socket::open_with(address, "/graphql", &[WS]).await.err().unwrap();
    assert!(matches!(&refused, Error::Http(response) if response.status() == 503), "{refused}");
    // What has ended makes room.
    second.send(json!({ "type": "complete", "id": "1" })).await;
    second.subscribe("3", LEVELS, json!({})).await;
    second.data("3").await;
    drop(second);
    let again = async { while Socket::open_with(address, "/graphql", &[WS]).await.is_err() {} };
    tokio::time::timeout(super::socket::PATIENCE, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_allowed_origins_and_the_right_callers_open_a_connection() {
    let shop = shop().await;
    let address = shop.listen("/graphql").await;
    let own = format!("http://{address}");
    for (origin, allowed) in [(own.as_str(), true), ("https://evil.example", false), ("null", false)] {
        let opened = Socket::open_with(address, "/graphql", &[WS, ("origin", origin)]).await;
        match opened {
            Ok(_) => assert!(allowed, "{origin}"),
            Err(error) => {
                assert!(
                    !allowed && matches!(&error, Error::Http(response) if response.status() == 403),
                    "{error}"
                );
            }
        }
    }
    // The back office at an address of guests.
    let guests = Address::new(Caller::Guest, graphql_error_for, Shutdown::new()).api(shop.api.admin());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(http_server::serve(
        "protocol",
        listener,
        guests.into_router(),
        ConnectionLimits::of(100),
        Shutdown::new(),
    ));
    let refused = Socket::open_with(address, "/admin/graphql", &[WS]).await.err().unwrap();
    assert!(matches!(&refused, Error::Http(response) if response.status() == 403), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_closes_connections_with_a_code_after_which_clients_connect_again() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    socket.subscribe("1", LEVELS, json!({})).await;
    socket.data("1").await;
    shop.shutdown.begin();
    assert_eq!(socket.closed().await, 1001);
    shop.shutdown.drained(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_disconnected_and_holds_nobody_up() {
    let shop =
        shop_with(LiveLimits { accept_within: Duration::from_millis(200), ..LiveLimits::default() }).await;
    shop.add_orders(1).await;
    let mut slow = shop.socket("/admin/graphql").await;
    let mut other = shop.socket("/admin/graphql").await;
    let query =
        "subscription($id: ID!) { orderUpdated(by: { id: $id }) { version lines { nodes { title } } } }";
    slow.subscribe("1", query, json!({ "id": id("Order:o1") })).await;
    other
        .subscribe(
            "1",
            "subscription($id: ID!) { orderUpdated(by: { id: $id }) { version } }",
            json!({ "id": id("Order:o1") }),
        )
        .await;
    other.data("1").await;
    let dropped = metrics().graphql_closed.with(["admin", "slow"]);
    let before = dropped.get();
    let order = shop.order(1).await;
    let long = order.lines.iter().map(|line| {
        let mut line = line.clone();
        line.title = "x".repeat(400_000);
        line
    });
    let order = Order { lines: long.collect(), ..order };
    for version in 4..400 {
        shop.write(&ORDERS, "order-o1", version, &order).await;
        assert!(other.data("1").await["orderUpdated"]["version"].as_u64() >= Some(version));
        if dropped.get() > before {
            slow.drain().await;
            return;
        }
    }
    panic!("the client was not disconnected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_no_pings_is_disconnected() {
    let shop =
        shop_with(LiveLimits { ping_every: Duration::from_millis(100), ..LiveLimits::default() }).await;
    let silent = metrics().graphql_closed.with(["storefront", "silent"]);
    let before = silent.get();
    // It answers only while it is read from.
    let unread = shop.socket("/graphql").await;
    until(|| silent.get() > before).await;
    unread.drain().await;
}
