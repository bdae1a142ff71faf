//! Serving an address on a socket: everything that concerns connections rather than requests (ADR 0033).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

mod activity;
mod answer;
mod room;
mod socket;

use activity::{Activity, Closed};
use answer::Answered;
use room::Room;
use socket::Socket;

/// How long a connection that is to be closed may take to flush what it has.
const LINGER: Duration = Duration::from_secs(1);
/// How long to wait before accepting again after the system has refused to open a socket.
const REFUSED: Duration = Duration::from_secs(1);

/// Bounds on the connections of one address. A connection on which a request is being answered is never idle: also not
/// one with an event stream, or one that has become a WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Open connections. A further one takes the place of the connection that has waited longest for a request. If none
    /// waits for one, the further one waits until another ends.
    pub max_open: usize,
    /// How long a client may take to send the head of a request: of the first from the beginning of the connection, of a
    /// later one from its first byte. With HTTP/2, only of the first.
    pub head: Duration,
    /// How long a connection may stay open between two requests.
    pub idle: Duration,
    /// How long a client may take nothing of a response that is waiting for it.
    pub stalled: Duration,
}

impl ConnectionLimits {
    /// The usual times. Proxies keep their connections for 60 s at most, so `idle` is longer: otherwise a proxy would
    /// send a request on a connection that is being closed.
    pub const fn of(max_open: usize) -> Self {
        Self {
            max_open,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(30),
        }
    }
}

/// Serves until the shutdown begins; then accepts nothing more, and returns once all requests in flight are answered.
/// `name`: the address's label in metrics.
pub async fn serve(
    name: &'static str,
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: Shutdown,
) -> io::Result<()> {
    let room = Arc::new(Room::new(limits.max_open));
    let server = Server {
        name,
        router,
        limits,
        shutdown: shutdown.clone(),
        builder: Builder::new(TokioExecutor::new()),
    };
    let server = Arc::new(server);
    let connections = TaskTracker::new();
    let accepting = async {
        loop {
            let (stream, permit) = server.accept(&listener, &room).await;
            let activity = Activity::begin(&room);
            connections.spawn(Arc::clone(&server).answer(stream, permit, activity));
        }
    };
    tokio::select! {
        () = shutdown.begun() => {}
        () = accepting => {}
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    Ok(())
}

struct Server {
    name: &'static str,
    router: Router,
    limits: ConnectionLimits,
    shutdown: Shutdown,
    builder: Builder<TokioExecutor>,
}

impl Server {
    /// The next connection, and its place among the open ones.
    async fn accept(&self, listener: &TcpListener, room: &Room) -> (TcpStream, OwnedSemaphorePermit) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, room.place().await),
                // The client has left before it was accepted.
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    tracing::error!(%error, address = self.name, "could not accept a connection; will retry");
                    metrics().http_refused.with([self.name]).inc();
                    // Often this process has used up its descriptors: give one back.
                    room.displace_one();
                    tokio::time::sleep(REFUSED).await;
                }
            }
        }
    }

    /// Answers the requests of a connection until it ends, or exceeds a limit.
    async fn answer(
        self: Arc<Self>,
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        activity: Arc<Activity>,
    ) {
        let socket = Socket::new(stream, Arc::clone(&activity), self.name, permit);
        let service = service_fn(|request: Request<Incoming>| {
            let answering = Activity::request(&activity, request.version());
            let response = self.router.clone().oneshot(request.map(Body::new));
            async move { response.await.map(|response| response.map(|body| Answered::new(body, answering))) }
        });
        let mut connection =
            std::pin::pin!(self.builder.serve_connection_with_upgrades(TokioIo::new(socket), service));
        let reason = loop {
            tokio::select! {
                ended = connection.as_mut() => return self.log(ended),
                () = activity.displaced() => break Closed::Displaced,
                () = self.shutdown.begun() => break Closed::Shutdown,
                () = tokio::time::sleep_until(activity.next_check(&self.limits)) => {
                    if let Some(reason) = activity.overdue(&self.limits) {
                        break reason;
                    }
                }
            }
        };
        metrics().http_closed.with([self.name, reason.label()]).inc();
        tracing::debug!(address = self.name, reason = reason.label(), "closing a connection");
        if matches!(reason, Closed::Head | Closed::Stalled) || activity.is_silent() {
            return;
        }
        connection.as_mut().graceful_shutdown();
        loop {
            tokio::select! {
                ended = connection.as_mut() => return self.log(ended),
                () = tokio::time::sleep(LINGER) => {
                    if activity.is_waiting() || activity.overdue(&self.limits).is_some() {
                        return;
                    }
                }
            }
        }
    }

    /// A connection that the client has broken off is no fault of the shop.
    fn log(&self, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
        if let Err(error) = ended {
            tracing::debug!(address = self.name, error, "a connection ended with an error");
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
