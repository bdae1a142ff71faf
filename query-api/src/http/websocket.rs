//! Operations over a WebSocket: the protocol `graphql-transport-ws` of the npm package `graphql-ws`.
//!
//! One task serves a connection. It takes the next answer only when the one before was accepted by the client, so a client that
//! reads slowly holds no more than one answer per operation in memory.

mod messages;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::ServerError;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::UPGRADE;
use axum::response::Response;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{self, BoxStream, SelectAll, StreamExt};
use http_server::{PageOrigins, TraceContext};
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use serde_json::value::RawValue;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::answer::{self, Answer};
use super::engine::{Counted, Engine};
use super::request::GraphqlRequest;
use messages::{ClientMessage, End, LONGEST_ID, PROTOCOL, ServerMessage};

/// How long the end of a connection may take.
const CLOSING: Duration = Duration::from_secs(1);
/// Bytes of the buffers of a connection, which an idle one also has. The library's default is 128 KiB.
const BUFFER: usize = 4 * 1024;

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked_for(request: &Request) -> bool {
    request.headers().contains_key(UPGRADE)
}

/// Opens a WebSocket.
pub(super) async fn open(engine: Arc<Engine>, request: Request) -> Response {
    if let Some(refused) = engine.forbidden(&request) {
        return refused;
    }
    let pages: PageOrigins = request.extensions().get().cloned().unwrap_or_default();
    if !pages.may_connect(request.headers()) {
        let message = "pages of this origin may not open a WebSocket here";
        return answer::failed(StatusCode::FORBIDDEN, "FORBIDDEN", message);
    }
    let Ok(permit) = engine.bounds.connections.clone().try_acquire_owned() else {
        let message = "too many WebSockets are open; try again later";
        return answer::failed(StatusCode::SERVICE_UNAVAILABLE, "BUSY", message);
    };
    let trace = TraceContext::of(request.extensions());
    let shutdown: Shutdown = request.extensions().get().cloned().unwrap_or_default();
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return answer::failed(rejection.status(), "MALFORMED", &rejection.body_text()),
    };
    let longest = engine.options.http.max_body;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(longest).max_frame_size(longest);
    let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    upgrade.on_upgrade(async move |socket| {
        let open = Counted::new(metrics().graphql_connections.with([engine.schema()]));
        let serving = shutdown.clone();
        let served = shutdown.spawn(async move {
            Connection::new(engine, socket, trace, serving).run().await;
            drop((permit, open));
        });
        if served.await.is_err() {
            tracing::error!("the task of a WebSocket panicked");
        }
    })
}

/// What an operation yields.
enum Event {
    Answer(String, Answer),
    /// A resolver panicked.
    Panicked(String),
    Ended(String),
}

struct Connection {
    engine: Arc<Engine>,
    socket: WebSocket,
    trace: TraceContext,
    shutdown: Shutdown,
    begun: bool,
    /// When the client was heard of last.
    heard: Instant,
    events: SelectAll<BoxStream<'static, Event>>,
    running: HashMap<String, AbortHandle>,
}

impl Connection {
    fn new(engine: Arc<Engine>, socket: WebSocket, trace: TraceContext, shutdown: Shutdown) -> Self {
        let (events, running) = (SelectAll::new(), HashMap::new());
        Self { engine, socket, trace, shutdown, begun: false, heard: Instant::now(), events, running }
    }

    async fn run(mut self) {
        let Err(end) = self.serve().await;
        metrics().graphql_closed.with([self.engine.schema(), end.reason()]).inc();
        if timeout(CLOSING, self.close(end)).await.is_err() {
            tracing::debug!(?end, "a client did not accept the end of its WebSocket");
        }
    }

    /// Sends the close frame and waits for the client's; or completes the answer to the client's.
    async fn close(&mut self, end: End) {
        if end == End::Silent {
            return;
        }
        if let Some((code, reason)) = end.close() {
            let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
            if self.socket.send(frame).await.is_err() {
                return;
            }
        }
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, End> {
        if self.socket.protocol().is_none_or(|protocol| protocol != PROTOCOL) {
            return Err(End::WrongProtocol);
        }
        let limits = self.engine.options.live;
        let begin_by = Instant::now() + limits.begin_within;
        let mut pings = interval_at(Instant::now() + limits.ping_every, limits.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.shutdown.clone();
        loop {
            tokio::select! {
                () = shutdown.begun() => return Err(End::Shutdown),
                () = sleep_until(begin_by), if !self.begun => return Err(End::NotBegun),
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.receive(message).await?,
                    // One that is too long, or no WebSocket message.
                    Some(Err(error)) => {
                        tracing::debug!(error = &error as &dyn std::error::Error, "a WebSocket failed");
                        return Err(End::Gone);
                    }
                    None => return Err(End::Gone),
                },
                Some(event) = self.events.next() => self.pass_on(event).await?,
                _ = pings.tick() => {
                    if self.heard.elapsed() > 2 * limits.ping_every {
                        return Err(End::Silent);
                    }
                    self.send(Message::Ping(axum::body::Bytes::new())).await?;
                }
            }
        }
    }

    async fn receive(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            // Pings of the WebSocket itself are answered by the library.
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return Err(End::BadMessage),
            Message::Close(_) => return Err(End::Gone),
        };
        match serde_json::from_str(&text).map_err(|_| End::BadMessage)? {
            ClientMessage::ConnectionInit if self.begun => Err(End::BegunTwice),
            ClientMessage::ConnectionInit => {
                self.begun = true;
                self.tell(&ServerMessage::ConnectionAck).await
            }
            ClientMessage::Ping => self.tell(&ServerMessage::Pong).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, payload).await,
            ClientMessage::Complete { id } => {
                self.stop(&id);
                Ok(())
            }
        }
    }

    async fn subscribe(&mut self, id: String, request: GraphqlRequest) -> Result<(), End> {
        if !self.begun {
            return Err(End::Unauthorized);
        }
        if id.is_empty() || id.len() > LONGEST_ID {
            return Err(End::BadMessage);
        }
        if self.running.contains_key(&id) {
            return Err(End::IdInUse);
        }
        if self.running.len() >= self.engine.options.live.max_per_connection {
            let message = "too many operations run on this WebSocket; complete one first";
            return self.refuse(&id, &[answer::coded(message, "TOO_MANY_OPERATIONS")]).await;
        }
        let Ok(permit) = self.engine.bounds.operations.clone().try_acquire_owned() else {
            let message = "too many subscriptions are running; try again later";
            return self.refuse(&id, &[answer::coded(message, "BUSY")]).await;
        };
        let running = Counted::new(metrics().graphql_subscriptions.with([self.engine.schema(), "websocket"]));
        let prepared = self.engine.asked(request).and_then(|asked| self.engine.prepare(asked));
        let answers = self.engine.clone().answers(prepared, self.trace.clone());
        let of = (id.clone(), id.clone());
        let events = AssertUnwindSafe(answers)
            .catch_unwind()
            .map(move |answer| match answer {
                Ok(answer) => Event::Answer(of.0.clone(), answer),
                Err(_) => Event::Panicked(of.0.clone()),
            })
            .chain(stream::once(async move {
                drop((permit, running));
                Event::Ended(of.1)
            }));
        let (handle, registration) = AbortHandle::new_pair();
        self.running.insert(id, handle);
        self.events.push(Abortable::new(events, registration).boxed());
        Ok(())
    }

    /// Ends an operation without a message. No further response of it is sent.
    fn stop(&mut self, id: &str) {
        if let Some(operation) = self.running.remove(id) {
            operation.abort();
        }
    }

    async fn pass_on(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Answer(id, answer) if answer.is_refusal() => {
                self.stop(&id);
                self.refuse(&id, &answer.errors).await
            }
            Event::Answer(id, answer) => match payload(&answer) {
                Ok(payload) => self.tell(&ServerMessage::Next { id: &id, payload: &payload }).await,
                Err(error) => {
                    unserialisable(&error);
                    self.fail(&id).await
                }
            },
            Event::Panicked(id) => self.fail(&id).await,
            Event::Ended(id) => {
                self.running.remove(&id);
                self.tell(&ServerMessage::Complete { id: &id }).await
            }
        }
    }

    async fn fail(&mut self, id: &str) -> Result<(), End> {
        self.stop(id);
        let trace_id = self.trace.trace_id();
        tracing::error!(trace_id, "an operation over a WebSocket failed");
        let mut error = answer::coded("an internal error occurred", "INTERNAL");
        error.extensions.get_or_insert_default().set("traceId", trace_id);
        self.refuse(id, &[error]).await
    }

    async fn refuse(&mut self, id: &str, errors: &[ServerError]) -> Result<(), End> {
        self.tell(&ServerMessage::Error { id, payload: errors }).await
    }

    async fn tell(&mut self, message: &ServerMessage<'_>) -> Result<(), End> {
        match serde_json::to_string(message) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                unserialisable(&error);
                Err(End::Gone)
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.engine.options.live.accept_within, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

fn unserialisable(error: &serde_json::Error) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "could not serialise a message of a WebSocket");
}

fn payload(answer: &Answer) -> Result<Box<RawValue>, serde_json::Error> {
    RawValue::from_string(String::from_utf8_lossy(&answer.to_json()?).into_owned())
}
