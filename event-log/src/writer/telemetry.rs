//! Telemetry of a writer: metrics of its queue and batches, and the spans of requests and commits.

use platform::telemetry::metrics::{Counter, Gauge, Histogram, metrics};
use platform::telemetry::traces;
use platform::trace_span;
use schemas::Context;
use tracing::Span;

use super::round::Round;
use crate::request::{Outcome, Verdict, WriteError};

/// The instruments of one writer.
pub(super) struct Instruments {
    pub queue: Gauge,
    pub batch: Histogram,
    pub events: Counter,
    pub conflicts: Counter,
}

impl Instruments {
    pub(super) fn of(context: Context) -> Self {
        let (context, metrics) = ([context.name()], metrics());
        Self {
            queue: metrics.writer_queue.with(context),
            batch: metrics.writer_batch.with(context),
            events: metrics.log_events.with(context),
            conflicts: metrics.log_conflicts.with(context),
        }
    }
}

/// The span of a request, from the queue to its outcome: a child of the span that it is submitted in, or of the request's
/// own trace.
pub(super) fn request_span(context: Context, traceparent: Option<&str>) -> Span {
    let span = trace_span!("append", otel.kind = "internal", context = context.name());
    if Span::current().is_none() {
        traces::continue_from(&span, traceparent);
    }
    span
}

/// The span of a round, linked to the traces of its requests.
pub(super) fn round_span(context: Context, round: &Round) -> Span {
    let requests = round.requests.len();
    let span = trace_span!("commit", otel.kind = "internal", context = context.name(), requests);
    if !span.is_disabled() {
        for pending in &round.requests {
            traces::link(&span, pending.request.traceparent.as_deref());
        }
    }
    span
}

/// Counts the outcome of a command.
pub(super) fn count(context: Context, result: &Result<Outcome, WriteError>) {
    let outcome = match result {
        Ok(Outcome { replayed: true, .. }) => "replayed",
        Ok(Outcome { verdict: Verdict::Done { appended: 0, .. }, .. }) => "unchanged",
        Ok(Outcome { verdict: Verdict::Done { .. }, .. }) => "accepted",
        Ok(Outcome { verdict: Verdict::Refused { .. }, .. }) => "refused",
        Ok(Outcome { verdict: Verdict::Conflict { .. }, .. }) => "conflict",
        Err(_) => "failed",
    };
    metrics().commands.with([context.name(), outcome]).inc();
}
