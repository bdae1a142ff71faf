//! What happens on a connection, and since when.

use std::sync::Arc;

use axum::http::Version;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ConnectionLimits;
use super::room::Room;

/// Why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The head of a request did not come in time.
    Head,
    /// There was no further request.
    Idle,
    /// The client did not read the response.
    Stalled,
    /// Another connection needs the place.
    Displaced,
    /// The process stops.
    Shutdown,
}

impl Closed {
    /// The value of the metric's label.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
            Self::Displaced => "displaced",
            Self::Shutdown => "shutdown",
        }
    }
}

/// The activity of one connection. The socket, the requests and the connection's task share it.
pub(super) struct Activity {
    state: Mutex<State>,
    room: Arc<Room>,
    displaced: Arc<Notify>,
}

struct State {
    /// Requests whose response has not ended.
    in_flight: usize,
    /// `None` while a request is being answered, or its response is not sent yet.
    waiting: Option<Waiting>,
    /// Since when the client takes no more bytes.
    blocked: Option<Instant>,
    served: bool,
    http2: bool,
}

/// The connection waits for a request.
struct Waiting {
    since: Instant,
    /// When the head of the request began to come.
    head: Option<Instant>,
    /// The connection's place in the queue of those that wait.
    place: u64,
}

impl Activity {
    /// A new connection, which waits for the head of its first request.
    pub(super) fn begin(room: &Arc<Room>) -> Arc<Self> {
        let displaced = Arc::new(Notify::new());
        let now = Instant::now();
        let place = room.waits(Arc::clone(&displaced));
        let waiting = Some(Waiting { since: now, head: Some(now), place });
        let state = State { in_flight: 0, waiting, blocked: None, served: false, http2: false };
        Arc::new(Self { state: Mutex::new(state), room: Arc::clone(room), displaced })
    }

    /// A request has come. It is being answered until the result is dropped.
    pub(super) fn request(this: &Arc<Self>, version: Version) -> Answering {
        let mut state = this.state.lock();
        state.in_flight += 1;
        state.served = true;
        state.http2 = version == Version::HTTP_2;
        if let Some(Waiting { place, .. }) = state.waiting.take() {
            this.room.waits_no_longer(place);
        }
        Answering(Arc::clone(this))
    }

    /// Bytes have come from the client.
    pub(super) fn received(&self) {
        let mut state = self.state.lock();
        // HTTP/2 also sends frames that do not begin a request.
        if !state.http2
            && let Some(waiting) = &mut state.waiting
        {
            waiting.head.get_or_insert_with(Instant::now);
        }
    }

    /// The client takes no more bytes for now.
    pub(super) fn blocked(&self) {
        self.state.lock().blocked.get_or_insert_with(Instant::now);
    }

    /// The client has taken bytes.
    pub(super) fn written(&self) {
        self.state.lock().blocked = None;
    }

    /// Everything that was written has been handed to the system. Only now has a response ended.
    pub(super) fn flushed(&self) {
        let mut state = self.state.lock();
        state.blocked = None;
        if state.in_flight == 0 && state.waiting.is_none() {
            let place = self.room.waits(Arc::clone(&self.displaced));
            state.waiting = Some(Waiting { since: Instant::now(), head: None, place });
        }
    }

    /// Waits until another connection needs the place.
    pub(super) async fn displaced(&self) {
        self.displaced.notified().await;
    }

    /// Whether no request is being answered.
    pub(super) fn is_waiting(&self) -> bool {
        self.state.lock().waiting.is_some()
    }

    /// Whether no request has come yet.
    pub(super) fn is_silent(&self) -> bool {
        !self.state.lock().served
    }

    /// The limit that the connection exceeds.
    pub(super) fn overdue(&self, limits: &ConnectionLimits) -> Option<Closed> {
        let (deadline, reason) = self.state.lock().deadline(limits)?;
        (deadline <= Instant::now()).then_some(reason)
    }

    /// When to call [`overdue`](Self::overdue) next. A deadline that begins to run after this call does not end before.
    pub(super) fn next_check(&self, limits: &ConnectionLimits) -> Instant {
        let shortest = Instant::now() + limits.head.min(limits.idle).min(limits.stalled);
        let deadline = self.state.lock().deadline(limits);
        deadline.map_or(shortest, |(deadline, _)| deadline.min(shortest))
    }
}

impl State {
    fn deadline(&self, limits: &ConnectionLimits) -> Option<(Instant, Closed)> {
        if let Some(blocked) = self.blocked {
            return Some((blocked + limits.stalled, Closed::Stalled));
        }
        let waiting = self.waiting.as_ref()?;
        let idle = (waiting.since + limits.idle, Closed::Idle);
        let head = waiting.head.map(|begun| (begun + limits.head, Closed::Head));
        Some(head.filter(|head| head.0 < idle.0).unwrap_or(idle))
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Some(Waiting { place, .. }) = self.state.get_mut().waiting {
            self.room.waits_no_longer(place);
        }
    }
}

/// A request that is being answered, until it is dropped.
pub(super) struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.state.lock().in_flight -= 1;
    }
}
