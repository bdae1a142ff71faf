//! The clockwork: a deadline that has passed comes back to its stream as a command.
//!
//! Not before everything that was recorded by then has been handled, though: an answer that came in time but is still
//! waiting to be read must not be overtaken by the clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::ShopRules;
use domain::policies::deadline_passed;
use event_log::port::{DueDeadline, LogError, Read};
use event_log::request::{Origin, Outcome, Request, Verdict, WriteError};
use event_log::writer::Writer;
use futures_util::{StreamExt, stream};
use platform::bus::{Bus, BusError};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use schemas::{Actor, CommandId, Context, Envelope, Timestamp, Topic};

use crate::participant::Participant;
use crate::progress::Progress;
use crate::runner::RunError;

/// Deadlines that are handled at a time.
const PAGE: usize = 500;
/// Of them, side by side.
const SIDE_BY_SIDE: usize = 256;
/// How long it waits for the relays when a deadline has passed and they have not told everything until then.
const RELAYED: Duration = Duration::from_millis(250);
/// After the log has grown it looks for new deadlines at most so often.
const REST: Duration = Duration::from_millis(20);
/// How long an idle clockwork waits before it looks again.
const PATIENCE: Duration = Duration::from_secs(5);

/// The clockwork of one context.
pub struct Clockwork {
    writer: Writer,
    bus: Arc<dyn Bus>,
    clock: Clock,
    progress: Progress,
    /// Groups whose work can settle a deadline of this context.
    groups: Vec<&'static str>,
    /// The contexts whose events they hear.
    sources: Vec<Context>,
    rules: Arc<ShopRules>,
}

impl Clockwork {
    /// `participants`: those of the writer's context.
    pub fn new(
        writer: Writer,
        bus: Arc<dyn Bus>,
        clock: Clock,
        progress: Progress,
        participants: &[Arc<dyn Participant>],
        rules: Arc<ShopRules>,
    ) -> Self {
        let groups = participants.iter().map(|participant| participant.name()).collect();
        let sources: BTreeSet<Context> =
            participants.iter().flat_map(|participant| participant.topics()).map(Topic::context).collect();
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
                () = wait => self.ring(&shutdown).await?,
                () = log.grown(position, PATIENCE) => tokio::time::sleep(REST).await,
            }
        }
        Ok(())
    }

    /// The instant up to which everything that was recorded stands on the topics, at most now.
    async fn told_until(&self, now: Timestamp) -> Result<Timestamp, BusError> {
        let reach = self.bus.reach(&self.sources).await?;
        // Of a context of which nothing was ever published nobody knows whether it has something to say.
        let told = |context| reach.get(context).map_or(Timestamp::EPOCH, |reach| reach.as_of.unwrap_or(now));
        Ok(self.sources.iter().map(told).fold(now, Timestamp::min))
    }

    /// Handles what is due, once everything recorded by then is handled.
    async fn ring(&self, shutdown: &Shutdown) -> Result<(), RunError> {
        let now = self.told_until(self.clock.now()).await?;
        let concerns = |group: &str| self.groups.contains(&group);
        while !self.progress.caught_up(self.bus.as_ref(), concerns, PATIENCE).await? {
            tracing::warn!(context = %self.writer.log().context(), "deadlines wait for events that are not handled yet");
            if shutdown.has_begun() {
                return Ok(());
            }
        }
        let due = self.writer.log().due(now, PAGE).await?;
        if due.is_empty() {
            tracing::debug!(context = %self.writer.log().context(), "deadlines wait until the relays have caught up");
            tokio::select! {
                () = shutdown.begun() => {}
                () = tokio::time::sleep(RELAYED) => {}
            }
        }
        let passing = stream::iter(due).map(|deadline| self.pass(deadline, now));
        let results: Vec<Result<bool, WriteError>> = passing.buffer_unordered(SIDE_BY_SIDE).collect().await;
        let passed: Vec<bool> = results.into_iter().collect::<Result<_, _>>()?;
        if !passed.is_empty() && !passed.contains(&true) {
            // Nothing moved, and an alarm told why: no use in trying again at once.
            tokio::select! {
                () = shutdown.begun() => {}
                () = tokio::time::sleep(PATIENCE) => {}
            }
        }
        Ok(())
    }

    /// The event whose deadline it is: what follows belongs to its flow.
    async fn cause(&self, due: &DueDeadline) -> Result<Option<Arc<Envelope>>, LogError> {
        let before = [(due.stream.clone(), due.version.saturating_sub(1))];
        let events = self.writer.log().read(Read::Streams(&before), 1).await?;
        Ok(events.into_iter().next().map(|event| event.envelope))
    }

    /// Whether the deadline was settled.
    async fn pass(&self, due: DueDeadline, now: Timestamp) -> Result<bool, WriteError> {
        let Some(decision) = deadline_passed(&due.stream, &due.kind, &self.rules) else {
            tracing::error!(stream = %due.stream, kind = due.kind, "nobody answers this deadline");
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
                tracing::error!(stream = %due.stream, kind = due.kind, ?verdict, at = %now, "a deadline was refused");
                Ok(false)
            }
            Err(WriteError::Failed(problem)) => {
                tracing::error!(stream = %due.stream, kind = due.kind, problem, "a deadline could not be handled");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
