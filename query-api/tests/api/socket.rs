//! A client of the protocol `graphql-transport-ws`, over a real socket.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::shop::Shop;

/// How long to wait for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

impl Shop {
    /// Serves the endpoint's address on a socket.
    pub async fn listen(&self, endpoint: &str) -> SocketAddr {
        let router = if endpoint.starts_with("/admin") { &self.admin } else { &self.storefront };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(http_server::serve(
            "socket",
            listener,
            router.clone(),
            http_server::ConnectionLimits::of(100),
            self.shutdown.clone(),
        ));
        address
    }

    /// A connection that has begun.
    pub async fn socket(&self, endpoint: &str) -> Socket {
        let mut socket = Socket::open(self.listen(endpoint).await, endpoint).await;
        socket.begin().await;
        socket
    }
}

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub async fn open(address: SocketAddr, endpoint: &str) -> Self {
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        Self::open_with(address, endpoint, &protocol).await.unwrap()
    }

    pub async fn open_with(
        address: SocketAddr,
        endpoint: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a client that does not read is noticed soon.
        socket.set_recv_buffer_size(4_096).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let mut request = format!("ws://{address}{endpoint}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        client_async(request, stream).await.map(|(socket, _)| Self(socket))
    }

    pub async fn begin(&mut self) {
        self.send(json!({ "type": "connection_init" })).await;
        assert_eq!(self.next().await, json!({ "type": "connection_ack" }));
    }

    pub async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// The next message of the protocol.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The data of the next answer, which is to operation `id` and has no errors.
    pub async fn data(&mut self, id: &str) -> Value {
        let message = self.next().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        assert_eq!(message["payload"].get("errors"), None, "{message}");
        message["payload"]["data"].clone()
    }

    /// The code with which the server closes the connection.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.frame().await {
                Message::Close(frame) => return frame.unwrap().code.into(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Closes the connection and waits until the server has answered that.
    pub async fn close(mut self) {
        self.0.close(None).await.unwrap();
        let answered = async {
            while let Some(frame) = self.0.next().await {
                frame.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap();
    }

    async fn frame(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap().unwrap().unwrap()
    }

    /// Reads until the connection has ended, however it ends.
    pub async fn drain(mut self) {
        let ended = async { while let Some(Ok(_)) = self.0.next().await {} };
        tokio::time::timeout(PATIENCE, ended).await.unwrap();
    }
}

/// Waits until a condition holds.
pub async fn until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}
