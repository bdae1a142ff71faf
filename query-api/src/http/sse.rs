//! Answers as server-sent events: the protocol of the npm package `graphql-sse` in its mode of distinct connections, by `POST`.
//! Each answer is an event `next`; `complete` ends the operation. A stream that ends without it was cut off, and the client may
//! subscribe again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http_server::TraceContext;
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer::{self, Answer};
use super::engine::{Counted, Engine, Prepared};

/// Keeps proxies from collecting events.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Begins the stream.
pub(super) fn respond(
    engine: Arc<Engine>,
    prepared: Result<Prepared, Box<Answer>>,
    trace: TraceContext,
    shutdown: &Shutdown,
) -> Response {
    let Ok(permit) = engine.bounds.operations.clone().try_acquire_owned() else {
        let message = "too many subscriptions are running; try again later";
        return answer::failed(StatusCode::SERVICE_UNAVAILABLE, "BUSY", message);
    };
    let limits = engine.options.live;
    let running = Counted::new(metrics().graphql_subscriptions.with([engine.schema(), "sse"]));
    let answers = engine.answers(prepared, trace);
    let (sender, receiver) = mpsc::channel(1);
    let token = shutdown.token().clone();
    shutdown.spawn(async move {
        pass_on(answers, &sender, &token, limits.accept_within).await;
        drop((permit, running));
    });
    let events = futures_util::stream::unfold(receiver, |mut receiver| async move {
        Some((Ok::<Event, Infallible>(receiver.recv().await?), receiver))
    });
    let keep_alive = KeepAlive::new().interval(limits.ping_every);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    response.headers_mut().insert(NO_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// Passes answers on until they end, the client is gone or too slow, or the process shuts down.
async fn pass_on(
    mut answers: BoxStream<'static, Answer>,
    sender: &mpsc::Sender<Event>,
    ending: &CancellationToken,
    accept_within: Duration,
) {
    loop {
        let answer = tokio::select! {
            answer = answers.next() => answer,
            () = sender.closed() => return,
            () = ending.cancelled() => return,
        };
        let event = match answer.as_ref().map(next) {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not serialise an event");
                return;
            }
            None => Event::default().event("complete").data(""),
        };
        // A client that does not read keeps the channel full.
        let accepted = matches!(timeout(accept_within, sender.send(event)).await, Ok(Ok(())));
        if !accepted || answer.is_none() {
            return;
        }
    }
}

fn next(answer: &Answer) -> Result<Event, serde_json::Error> {
    Ok(Event::default().event("next").data(String::from_utf8_lossy(&answer.to_json()?)))
}
