//! Commands that depend on events of other contexts: waiting until their context has handled what a consistency token names.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use event_log::port::Read;
use event_log::request::WriteError;
use http_server::StreamVersion;
use schemas::{AggregateType, CommandId, Context, StreamId, Topic};

use crate::accepted::CommandError;
use crate::commands::Commands;

/// The longest wait for events of other contexts.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// An event of another context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignEvent {
    pub topic: Topic,
    /// Its stream.
    pub stream: StreamId,
    /// Its position in the log of its context.
    pub position: u64,
}

/// What the reactors and local views of contexts have handled, in whichever process they run.
#[async_trait]
pub trait Following: Send + Sync {
    /// Waits until all reactors and local views of `context` that read the event's topic have handled it, or have parked
    /// its stream. `false`: that took longer than `patience`.
    async fn handled(
        &self,
        context: Context,
        event: &ForeignEvent,
        patience: Duration,
    ) -> Result<bool, String>;
}

impl Commands {
    /// Waits until `contexts` have handled these versions of streams of other contexts. A command that has its answer
    /// already does not wait.
    pub(crate) async fn wait_for(
        &self,
        following: &dyn Following,
        contexts: &[Context],
        versions: Vec<StreamVersion>,
        command: CommandId,
    ) -> Result<(), CommandError> {
        let deadline = Instant::now() + PATIENCE;
        for wanted in versions {
            let Some(event) = self.event_at(&wanted).await? else {
                return Err(CommandError::UnknownVersion { stream: wanted.stream, version: wanted.version });
            };
            for context in contexts.iter().copied().filter(|context| *context != event.topic.context()) {
                let patience = deadline.saturating_duration_since(Instant::now());
                let handled = following.handled(context, &event, patience).await;
                if handled.map_err(CommandError::Internal)? {
                    continue;
                }
                return match self.command_status(command).await? {
                    Some(_) => Ok(()),
                    None => {
                        Err(CommandError::Behind { context, stream: wanted.stream, version: wanted.version })
                    }
                };
            }
        }
        Ok(())
    }

    /// The event that made a version of a stream. `None`: there is no such version.
    async fn event_at(&self, wanted: &StreamVersion) -> Result<Option<ForeignEvent>, CommandError> {
        let stream = StreamId::from_text(wanted.stream.clone());
        let (Some(aggregate), Some(before)) =
            (AggregateType::of_stream(&stream), wanted.version.checked_sub(1))
        else {
            return Ok(None);
        };
        let log = self.writers().of(aggregate.context()).log();
        let found =
            log.read(Read::Streams(&[(stream.clone(), before)]), 1).await.map_err(WriteError::from)?;
        let position = found.first().map(|event| event.envelope.position);
        Ok(position.map(|position| ForeignEvent { topic: Topic::Aggregate(aggregate), stream, position }))
    }
}
