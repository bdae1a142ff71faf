//! Connections that do nothing, or too little, beside clients that do.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::WebSocket;
use axum::routing::get;
use futures_util::stream::{self, StreamExt};
use http_server::{ConnectionLimits, serve};
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The connection of a client of HTTP/2 that only greets: its preface, and empty settings.
const GREETING_OF_HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const LIMITS: ConnectionLimits = ConnectionLimits {
    max_open: 20,
    head: Duration::from_millis(150),
    idle: Duration::from_millis(300),
    stalled: Duration::from_millis(300),
};
const AMPLE: ConnectionLimits = ConnectionLimits::of(20);
/// Only a test that fails waits for so long.
const SOON: Duration = Duration::from_secs(30);

struct Server {
    name: &'static str,
    address: SocketAddr,
    shutdown: Shutdown,
    serving: JoinHandle<std::io::Result<()>>,
    /// Handlers at `/wait` and the stream at `/events` wait for this.
    bell: Arc<Notify>,
    /// A request has come to `/wait`.
    arrived: Arc<Notify>,
    /// A body of `/endless` was dropped.
    dropped: Arc<Notify>,
}

struct NotifiesWhenDropped(Arc<Notify>);

impl Drop for NotifiesWhenDropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        socket.send(message).await.unwrap();
    }
}

fn routes(bell: &Arc<Notify>, arrived: &Arc<Notify>, dropped: &Arc<Notify>) -> Router {
    let (wait, events, dropped) = (Arc::clone(bell), Arc::clone(bell), Arc::clone(dropped));
    let arrived = Arc::clone(arrived);
    let wait = async move || {
        arrived.notify_one();
        wait.notified().await;
    };
    let events = move || {
        let rung = Arc::clone(&events);
        let last = stream::once(async move {
            rung.notified().await;
            Ok::<_, std::io::Error>("second")
        });
        async { Body::from_stream(stream::once(async { Ok("first") }).chain(last)) }
    };
    let endless = move || {
        let dropped = NotifiesWhenDropped(Arc::clone(&dropped));
        let chunks = stream::repeat_with(move || {
            let _held = &dropped;
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536]))
        });
        async { Body::from_stream(chunks) }
    };
    Router::new()
        .route("/", get(async || "hello"))
        .route("/wait", get(wait))
        .route("/events", get(events))
        .route("/endless", get(endless))
        .route("/socket", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
}

impl Server {
    /// `name`: its label in the metrics, which all tests share.
    async fn start(name: &'static str, limits: ConnectionLimits) -> Self {
        let [bell, arrived, dropped] = [(); 3].map(|()| Arc::new(Notify::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        let serving =
            tokio::spawn(serve(name, listener, routes(&bell, &arrived, &dropped), limits, shutdown.clone()));
        Self { name, address, shutdown, serving, bell, arrived, dropped }
    }

    async fn connect(&self, sent: &[u8]) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(sent).await.unwrap();
        client
    }

    fn closed(&self, reason: &'static str) -> u64 {
        metrics().http_closed.with([self.name, reason]).get()
    }

    /// Ends the server. No connection is left.
    async fn leave(self) {
        self.shutdown.begin();
        tokio::time::timeout(SOON, self.serving).await.unwrap().unwrap().unwrap();
        assert_eq!(metrics().http_connections.with([self.name]).get(), 0);
    }
}

fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// Reads until the text has come.
async fn until(client: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&read).contains(text) {
            assert_ne!(client.read_buf(&mut read).await.unwrap(), 0, "closed after {read:?}");
        }
    };
    tokio::time::timeout(SOON, reading).await.unwrap();
    String::from_utf8_lossy(&read).into_owned()
}

/// Waits until the server has closed the connection.
async fn until_closed(client: &mut TcpStream) {
    let mut rest = Vec::new();
    // A connection that is closed while bytes wait to be read is reset.
    let _ended = tokio::time::timeout(SOON, client.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn silent_and_half_sent_connections_are_closed_and_a_good_client_is_answered_meanwhile() {
    let server = Server::start("silent", LIMITS).await;
    let mut idlers = Vec::new();
    for number in 0..300 {
        let half_a_body = b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf";
        let sent: &[u8] =
            [&b""[..], b"GET / HTTP/1.1\r\nhost: loc", GREETING_OF_HTTP_2, half_a_body][number % 4];
        idlers.push(server.connect(sent).await);
        if number % 50 == 49 {
            until(&mut server.connect(&request("/")).await, "hello").await;
        }
    }
    for idler in &mut idlers {
        until_closed(idler).await;
    }
    assert!(server.closed("displaced") > 0 && server.closed("head") > 0);
    // HTTP/1 closes a connection itself whose body did not come before the response had ended.
    assert!(server.closed("head") + server.closed("displaced") + server.closed("idle") >= 225);
    server.leave().await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let server = Server::start("trickle", LIMITS).await;
    let mut client = server.connect(&request("/")).await;
    until(&mut client, "hello").await;
    // The socket fails once the server has closed it.
    let trickling = async {
        for byte in request("/").iter().cycle() {
            if client.write_all(&[*byte, b'x']).await.is_err() {
                return;
            }
            tokio::time::sleep(LIMITS.head / 10).await;
        }
    };
    tokio::time::timeout(SOON, trickling).await.unwrap();
    assert_eq!(server.closed("head"), 1);
    server.leave().await;
}

#[tokio::test]
async fn a_connection_without_a_further_request_is_closed_after_a_while() {
    let server = Server::start("idle", LIMITS).await;
    let mut client = server.connect(&request("/")).await;
    until(&mut client, "hello").await;
    client.write_all(&request("/")).await.unwrap();
    until(&mut client, "hello").await;
    until_closed(&mut client).await;
    assert_eq!((server.closed("idle"), server.closed("head")), (1, 0));
    server.leave().await;
}

#[tokio::test]
async fn the_connection_that_has_waited_longest_gives_its_place_to_a_new_one() {
    let server = Server::start("displaced", ConnectionLimits { max_open: 2, ..AMPLE }).await;
    let mut first = server.connect(&request("/")).await;
    until(&mut first, "hello").await;
    let mut second = server.connect(&request("/")).await;
    until(&mut second, "hello").await;
    // Now the second one has waited longer.
    first.write_all(&request("/")).await.unwrap();
    until(&mut first, "hello").await;
    until(&mut server.connect(&request("/")).await, "hello").await;
    until_closed(&mut second).await;
    first.write_all(&request("/")).await.unwrap();
    until(&mut first, "hello").await;
    assert_eq!(server.closed("displaced"), 1);
    server.leave().await;
}

#[tokio::test]
async fn while_all_connections_are_busy_further_ones_wait_for_a_place() {
    let server = Server::start("busy", ConnectionLimits { max_open: 1, ..AMPLE }).await;
    let mut busy = server.connect(&request("/wait")).await;
    server.arrived.notified().await;
    let mut waiting = server.connect(&request("/")).await;
    assert_eq!(metrics().http_connections.with(["busy"]).get(), 1);
    server.bell.notify_one();
    until(&mut busy, "200 OK").await;
    until(&mut waiting, "hello").await;
    until_closed(&mut busy).await;
    server.leave().await;
}

#[tokio::test]
async fn event_streams_and_websockets_are_not_idle() {
    let server = Server::start("streams", ConnectionLimits { max_open: 3, ..LIMITS }).await;
    let mut events = server.connect(&request("/events")).await;
    until(&mut events, "first").await;
    let mut socket = server
        .connect(
            b"GET /socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
              sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
    until(&mut socket, "101 Switching Protocols").await;
    for _ in 0..3 {
        // The others are open for longer than these, which are closed.
        let mut idle = server.connect(&request("/")).await;
        until(&mut idle, "hello").await;
        until_closed(&mut idle).await;
    }
    // A text of two characters, with a mask of zeros.
    socket.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    until(&mut socket, "\u{2}hi").await;
    server.bell.notify_one();
    until(&mut events, "second").await;
    assert_eq!((server.closed("idle"), server.closed("displaced")), (3, 0));
    drop(socket);
    until_closed(&mut events).await;
    while metrics().http_connections.with(["streams"]).get() > 0 {
        tokio::task::yield_now().await;
    }
    server.leave().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_is_disconnected() {
    let server = Server::start("stalled", LIMITS).await;
    let mut client = server.connect(&request("/endless")).await;
    tokio::time::timeout(SOON, server.dropped.notified()).await.unwrap();
    until_closed(&mut client).await;
    assert_eq!(server.closed("stalled"), 1);
    server.leave().await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_connections_without_a_request() {
    let server = Server::start("shutdown", AMPLE).await;
    let (mut silent, mut half_sent) = (server.connect(b"").await, server.connect(b"GET /").await);
    let mut idle = server.connect(&request("/")).await;
    until(&mut idle, "hello").await;
    let begun = std::time::Instant::now();
    server.leave().await;
    assert!(begun.elapsed() < AMPLE.head, "{:?}", begun.elapsed());
    for client in [&mut silent, &mut half_sent, &mut idle] {
        until_closed(client).await;
    }
}
