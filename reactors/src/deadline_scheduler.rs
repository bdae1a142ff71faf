//! Schedules deadlines. A deadline that has passed becomes a command to its stream.
//!
//! That happens only after all events that were recorded before the deadline are handled: an answer that came in time but
//! has not been read yet takes precedence over the deadline.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::ShopRules;
use domain::policies::{REACTORS, ReactorKind, ReactorSpec, deadline_passed};
use event_log::port::{DueDeadline, LogError, Read};
use event_log::request::{Origin, Outcome, Request, Verdict, WriteError};
use event_log::writer::Writer;
use futures_util::{StreamExt, stream};
use platform::bus::{Bus, BusError};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use schemas::{Actor, CommandId, Context, Envelope, Timestamp, Topic};

use crate::progress::Progress;
use crate::runner::RunError;

/// Deadlines per read.
const PAGE: usize = 500;
/// Deadlines of a page that are handled concurrently.
const CONCURRENT: usize = 256;
/// The wait for relays that have not published all events up to a deadline yet.
const RELAY_WAIT: Duration = Duration::from_millis(250);
/// The shortest time between two reads of the log while it grows.
const REST: Duration = Duration::from_millis(20);
/// The longest time between two reads of the log.
const PATIENCE: Duration = Duration::from_secs(5);

/// The deadline scheduler of a context. Several may run: each deadline is settled once.
pub struct DeadlineScheduler {
    writer: Writer,
    bus: Arc<dyn Bus>,
    clock: Clock,
    progress: Progress,
    /// Groups whose answers can settle a deadline of this context.
    groups: Vec<&'static str>,
    /// The contexts whose events they read.
    sources: Vec<Context>,
    rules: Arc<ShopRules>,
}

impl DeadlineScheduler {
    /// A scheduler of the writer's context.
    pub fn new(
        writer: Writer,
        bus: Arc<dyn Bus>,
        clock: Clock,
        progress: Progress,
        rules: Arc<ShopRules>,
    ) -> Self {
        let context = writer.log().context();
        let settles =
            |spec: &&ReactorSpec| spec.context == context && !matches!(spec.kind, ReactorKind::View(_));
        let groups = REACTORS.iter().filter(settles).map(|spec| spec.name).collect();
        let sources: BTreeSet<Context> =
            REACTORS.iter().filter(settles).flat_map(ReactorSpec::topics).map(Topic::context).collect();
        Self { writer, bus, clock, progress, groups, sources: sources.into_iter().collect(), rules }
    }

    /// Runs until the shutdown begins or something fails.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        let log = Arc::clone(self.writer.log());
        while !shutdown.has_begun() {
            let position = log.head().await?.position;
            let next = log.next_due().await?;
            let wait = async {
                match next {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = shutdown.begun() => return Ok(()),
                () = wait => self.handle_due(&shutdown).await?,
                () = log.grown(position, PATIENCE) => tokio::time::sleep(REST).await,
            }
        }
        Ok(())
    }

    /// The latest instant, at most now, up to which all recorded events are on the topics.
    async fn relayed_until(&self, now: Timestamp) -> Result<Timestamp, BusError> {
        let reach = self.bus.reach(&self.sources).await?;
        // A context that never published may have events that were not relayed yet.
        let relayed =
            |context| reach.get(context).map_or(Timestamp::EPOCH, |reach| reach.as_of.unwrap_or(now));
        Ok(self.sources.iter().map(relayed).fold(now, Timestamp::min))
    }

    /// Handles the deadlines that have passed, once all events that were recorded before them are handled.
    async fn handle_due(&self, shutdown: &Shutdown) -> Result<(), RunError> {
        let now = self.relayed_until(self.clock.now()).await?;
        let context = self.writer.log().context();
        let concerns = |group: &str| self.groups.contains(&group);
        while !self.progress.caught_up(self.bus.as_ref(), concerns, PATIENCE).await? {
            tracing::warn!(%context, "deadlines wait for events that are not handled yet");
            if shutdown.has_begun() {
                return Ok(());
            }
        }
        let due = self.writer.log().due(now, PAGE).await?;
        if due.is_empty() {
            tracing::debug!(%context, "deadlines wait until the relays have caught up");
            pause(RELAY_WAIT, shutdown).await;
        }
        let passing = stream::iter(due).map(|deadline| self.pass(deadline, now));
        let results: Vec<Result<bool, WriteError>> = passing.buffer_unordered(CONCURRENT).collect().await;
        let settled: Vec<bool> = results.into_iter().collect::<Result<_, _>>()?;
        if !settled.is_empty() && !settled.contains(&true) {
            // The reasons are in the log; an immediate retry would not help.
            pause(PATIENCE, shutdown).await;
        }
        Ok(())
    }

    /// The event that set the deadline. Its consequences belong to the same flow.
    async fn cause(&self, due: &DueDeadline) -> Result<Option<Arc<Envelope>>, LogError> {
        let before = [(due.stream.clone(), due.version.saturating_sub(1))];
        let events = self.writer.log().read(Read::Streams(&before), 1).await?;
        Ok(events.into_iter().next().map(|event| event.envelope))
    }

    /// Returns whether the deadline was settled.
    async fn pass(&self, due: DueDeadline, now: Timestamp) -> Result<bool, WriteError> {
        let result = self.submit(due, now).await;
        let outcome = match result {
            Ok(true) => "settled",
            Ok(false) => "refused",
            Err(_) => "failed",
        };
        metrics().deadlines.with([self.writer.log().context().name(), outcome]).inc();
        result
    }

    async fn submit(&self, due: DueDeadline, now: Timestamp) -> Result<bool, WriteError> {
        let Some(decision) = deadline_passed(&due.stream, &due.kind, &self.rules) else {
            tracing::error!(stream = %due.stream, kind = due.kind, "no handler for this deadline");
            return Ok(false);
        };
        let command =
            CommandId::derived(&["deadline", due.stream.as_str(), &due.version.to_string(), &due.kind]);
        let cause = self.cause(&due).await?;
        let request = Request {
            command,
            origin: Origin::Inner,
            decision,
            actor: Actor::system("clock"),
            correlation: cause.as_ref().map_or(command.uuid(), |cause| cause.correlation),
            causation: cause.map_or(command.uuid(), |cause| cause.id.uuid()),
            traceparent: None,
            expected: Vec::new(),
            parking: Vec::new(),
        };
        match self.writer.submit(request).await {
            Ok(Outcome { verdict: Verdict::Done { appended, .. }, .. }) => Ok(appended > 0),
            Ok(Outcome { verdict, .. }) => {
                tracing::error!(stream = %due.stream, kind = due.kind, ?verdict, at = %now, "deadline refused");
                Ok(false)
            }
            Err(WriteError::Failed(problem)) => {
                tracing::error!(stream = %due.stream, kind = due.kind, problem, "could not handle the deadline");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

async fn pause(duration: Duration, shutdown: &Shutdown) {
    tokio::select! {
        () = shutdown.begun() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
