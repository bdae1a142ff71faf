//! Handles one record: asks for the answer, submits it, retries, parks.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::reaction::ParkReaction;
use event_log::port::{Handled, ParkedRecord, Parking};
use event_log::request::{Origin, Request, Verdict, WriteError};
use futures_util::FutureExt;
use platform::backoff::Backoff;
use platform::bus::Record;
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::{Timer, metrics};
use platform::telemetry::traces;
use platform::trace_span;
use schemas::{Actor, CommandId, Envelope};
use tracing::{Instrument, Span};

use super::Runner;
use crate::reactor::AnswerError;

/// Attempts before a record that fails for no outside reason is parked.
const ATTEMPTS: u32 = 3;
/// The pause before the second attempt. It doubles with each further one.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(5);
/// How long an attempt may go on after the shutdown has begun; half of what a process has for all that it finishes.
const GRACE: Duration = Duration::from_secs(5);

/// The reasons why an attempt failed.
pub(super) enum Failure {
    /// A service or a store does not answer: a later attempt may succeed.
    Outside(String),
    /// The record, or the program, is faulty.
    Poison(String),
    /// The shutdown has begun.
    Closed,
}

impl Runner {
    /// `false`: the shutdown came before the record was handled.
    pub(super) async fn handle_record(&self, record: &Record, hopeless: bool, shutdown: &Shutdown) -> bool {
        if !self.reactor.hears(record.topic, &record.envelope.name) {
            return true;
        }
        let behind = self.parked.contains(&record.envelope.stream);
        let failed = if behind {
            None
        } else if hopeless {
            Some("the process ended repeatedly while it handled this event".to_owned())
        } else {
            match self.attempt(record, shutdown).await {
                Ok(()) => return true,
                Err(Failure::Poison(problem)) => Some(problem),
                Err(_) => return false,
            }
        };
        self.park(record, failed, shutdown).await
    }

    /// Repeats attempts until one succeeds, the record has to be parked, or the shutdown begins.
    async fn attempt(&self, record: &Record, shutdown: &Shutdown) -> Result<(), Failure> {
        let (mut backoff, mut attempts) = (Backoff::new(PAUSE, LONGEST), 0);
        loop {
            let failure = match self.once(record, Vec::new(), shutdown).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            match failure {
                Failure::Closed => return Err(Failure::Closed),
                Failure::Poison(problem) => {
                    attempts += 1;
                    if attempts >= ATTEMPTS {
                        return Err(Failure::Poison(problem));
                    }
                }
                Failure::Outside(problem) => {
                    tracing::warn!(reactor = self.name(), event = %record.envelope.token(), problem, "external call failed; will retry");
                }
            }
            if !backoff.pause(shutdown.token()).await {
                return Err(Failure::Closed);
            }
        }
    }

    /// One attempt: asks the reactor and submits its answer, together with `parking`. A call that a service does not answer is
    /// given up a while after the shutdown has begun. The record is delivered again after the restart, and the service
    /// recognises the repeated call.
    pub(super) async fn once(
        &self,
        record: &Record,
        parking: Vec<Parking>,
        shutdown: &Shutdown,
    ) -> Result<(), Failure> {
        let timer = Timer::start();
        let too_late = async {
            shutdown.begun().await;
            tokio::time::sleep(GRACE).await;
        };
        let result = tokio::select! {
            biased;
            result = self.answer(record, parking).instrument(self.span(&record.envelope)) => result,
            () = too_late => return Err(Failure::Closed),
        };
        let outcome = match &result {
            Ok(true) => "answered",
            Ok(false) => "ignored",
            Err(_) => "failed",
        };
        timer.observe(&metrics().reactions.with([self.name(), outcome]));
        result.map(drop)
    }

    /// The span of an attempt, in the trace of the event.
    fn span(&self, envelope: &Envelope) -> Span {
        let event = tracing::field::display(envelope.token());
        let span = trace_span!(parent: None, "react", otel.kind = "consumer", reactor = self.name(), event);
        traces::continue_from(&span, envelope.traceparent.as_deref());
        span
    }

    /// `false`: the event needs no answer.
    async fn answer(&self, record: &Record, parking: Vec<Parking>) -> Result<bool, Failure> {
        let answer = AssertUnwindSafe(self.reactor.answer(record)).catch_unwind().await;
        let decision = match answer {
            Ok(Ok(Some(decision))) => decision,
            Ok(Ok(None)) if parking.is_empty() => return Ok(false),
            Ok(Ok(None)) => Arc::new(domain::Nothing),
            Ok(Err(AnswerError::Unavailable(what))) => return Err(Failure::Outside(what)),
            Ok(Err(error)) => return Err(Failure::Poison(error.to_string())),
            Err(_) => return Err(Failure::Poison("the reactor panicked".to_owned())),
        };
        let envelope = &record.envelope;
        let event = Handled { version: envelope.version, event: envelope.id };
        let origin =
            Origin::Reaction { reactor: self.name().to_owned(), source: envelope.stream.clone(), event };
        let request = Request { decision, origin, parking, ..self.request(envelope, "answer") };
        match self.writer.submit(request).await {
            Ok(outcome) => match outcome.verdict {
                Verdict::Done { .. } => Ok(true),
                Verdict::Refused { refusal } => Err(Failure::Poison(refusal.to_string())),
                Verdict::Conflict { stream, .. } => {
                    Err(Failure::Poison(format!("{stream} does not have the expected version")))
                }
            },
            Err(error) => Err(failure(error)),
        }
    }

    /// Parks the record: with an alarm if it failed, silently if it only waits behind one that did. `false`: the shutdown came
    /// first.
    pub(super) async fn park(&self, record: &Record, failed: Option<String>, shutdown: &Shutdown) -> bool {
        let envelope = &record.envelope;
        self.parked.add(&envelope.stream);
        if let Some(problem) = &failed {
            metrics().reactions_parked.with([self.name()]).inc();
            tracing::error!(reactor = self.name(), event = %envelope.token(), problem, "event parked; its stream waits for `chorale parked redrive`");
        }
        let kept = ParkedRecord {
            reactor: self.name().to_owned(),
            envelope: Envelope::clone(envelope),
            payload: record.payload.to_string(),
            error: failed.clone().unwrap_or_default(),
            redrive: false,
        };
        let parking = vec![Parking::Park(Box::new(kept))];
        let mut backoff = Backoff::new(PAUSE, LONGEST);
        loop {
            let request = match &failed {
                Some(problem) => {
                    let decision = ParkReaction {
                        reactor: self.name().to_owned(),
                        source: envelope.stream.clone(),
                        source_version: envelope.version,
                        event_id: envelope.id,
                        event_type: envelope.full_type(),
                        attempts: ATTEMPTS,
                        error: problem.clone(),
                    };
                    Request {
                        decision: Arc::new(decision),
                        parking: parking.clone(),
                        ..self.request(envelope, "park")
                    }
                }
                None => Request { parking: parking.clone(), ..self.request(envelope, "wait") },
            };
            match self.writer.submit(request).await {
                Ok(_) => return true,
                Err(WriteError::Closed) => return false,
                Err(error) => {
                    tracing::error!(reactor = self.name(), %error, "could not park the event; will retry")
                }
            }
            if !backoff.pause(shutdown.token()).await {
                return false;
            }
        }
    }

    /// A request that is caused by an event and appends nothing.
    pub(super) fn request(&self, envelope: &Envelope, purpose: &str) -> Request {
        Request {
            command: CommandId::derived(&[purpose, self.name(), &envelope.id.to_string()]),
            origin: Origin::Inner,
            decision: Arc::new(domain::Nothing),
            actor: Actor::service(self.name()),
            correlation: envelope.correlation,
            causation: envelope.id.uuid(),
            traceparent: envelope.traceparent.clone(),
            expected: Vec::new(),
            parking: Vec::new(),
        }
    }
}

fn failure(error: WriteError) -> Failure {
    match error {
        WriteError::Closed => Failure::Closed,
        WriteError::Failed(problem) => Failure::Poison(problem),
        WriteError::KeyReused => Failure::Poison("two different reactions to one event".to_owned()),
        error @ (WriteError::Contended | WriteError::Overtaken | WriteError::Log(_)) => {
            Failure::Outside(error.to_string())
        }
    }
}
