//! Server-sent events: the protocol `graphql-sse` with a connection per operation.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use futures_util::StreamExt;
use query_api::{LiveLimits, Options};
use read_models::documents::stock::{STOCK, StockItem};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::shop::{Shop, code, json_of};
use super::socket::PATIENCE;

const LEVELS: &str = "subscription { stockChanged(skus: [\"SKU-1\"]) { level version } }";

impl Shop {
    async fn events(&self, query: &str) -> Response<Body> {
        self.send("/graphql", query, json!({}), &[("accept", "text/event-stream")]).await
    }

    async fn receive_tea(&self, version: u64) {
        let item = StockItem {
            sku: "SKU-1".to_owned(),
            level: "IN_STOCK".to_owned(),
            updated_at: super::documents::at(1),
            ..StockItem::default()
        };
        self.write(&STOCK, "stock-SKU-1", version, &item).await;
    }
}

/// The next event of a body: its name and data; `None` at the end. Comments are left out.
async fn event(
    body: &mut (impl futures_util::Stream<Item = Result<axum::body::Bytes, axum::Error>> + Unpin),
) -> Option<(String, Value)> {
    loop {
        let chunk = tokio::time::timeout(PATIENCE, body.next()).await.unwrap()?.unwrap();
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        if text.starts_with(':') {
            continue;
        }
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
        };
        let data = field("data:");
        return Some((
            field("event:"),
            if data.is_empty() { Value::Null } else { serde_json::from_str(&data).unwrap() },
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_is_an_event() {
    let shop = Shop::open().await;
    shop.add_teas(1).await;
    let response = shop.events(LEVELS).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let level = |level: &str, version: u64| {
        ("next".to_owned(), json!({ "data": { "stockChanged": { "level": level, "version": version } } }))
    };
    assert_eq!(event(&mut body).await, Some(level("OUT_OF_STOCK", 5)));
    shop.receive_tea(6).await;
    assert_eq!(event(&mut body).await, Some(level("IN_STOCK", 6)));
    // Cut off, not completed: the client subscribes again.
    shop.shutdown.begin();
    assert_eq!(event(&mut body).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_refusals_are_one_event_and_complete() {
    let shop = Shop::open().await;
    shop.add_teas(1).await;
    let complete = Some(("complete".to_owned(), Value::Null));
    let mut body = shop.events("{ stock(sku: \"SKU-1\") { level } }").await.into_body().into_data_stream();
    let (name, answer) = event(&mut body).await.unwrap();
    assert_eq!((name.as_str(), &answer["data"]["stock"]["level"]), ("next", &json!("OUT_OF_STOCK")));
    assert_eq!(event(&mut body).await, complete);
    assert_eq!(event(&mut body).await, None);
    let mut body = shop.events("subscription { nothing }").await.into_body().into_data_stream();
    assert_eq!(code(&event(&mut body).await.unwrap().1), "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(event(&mut body).await, complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_does_not_ask_for_events_is_refused() {
    let shop = Shop::open().await;
    assert_eq!(code(&shop.ask(LEVELS).await), "ONLY_QUERIES");
    let get = Request::get("/graphql?query=%7B__typename%7D").header("accept", "text/event-stream");
    let response = shop.request(get.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_are_limited_and_one_that_ends_makes_room() {
    let live = LiveLimits { max_operations: 1, ..LiveLimits::default() };
    let shop = Shop::with(Options { live, ..Options::default() }).await;
    let first = shop.events(LEVELS).await;
    let refused = shop.events(LEVELS).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(code(&json_of(refused).await), "BUSY");
    drop(first);
    let again = async { while shop.events(LEVELS).await.status() != StatusCode::OK {} };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stream_gets_comments_over_a_real_connection() {
    let live = LiveLimits { ping_every: Duration::from_millis(50), ..LiveLimits::default() };
    let shop = Shop::with(Options { live, ..Options::default() }).await;
    shop.add_teas(1).await;
    let address = shop.listen("/graphql").await;
    let body = json!({ "query": LEVELS }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\naccept-encoding: gzip\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    stream.get_mut().write_all(request.as_bytes()).await.unwrap();
    let mut wanted = ["HTTP/1.1 200", "event: next", "data: {", ":"].iter();
    let mut next = wanted.next();
    let reading = async {
        while let Some(beginning) = next {
            let mut line = String::new();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "no line begins with {beginning}");
            if line.starts_with(beginning) {
                next = wanted.next();
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
}
