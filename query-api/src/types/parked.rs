//! Reactions that a reactor has given up on.

use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, Result, SimpleObject};
use read_models::documents::parked_reactions;

use super::names::{ParkedState, named};
use crate::fault::Fault;
use crate::id::global;
use crate::page::listed;
use crate::reader::Doc;
use crate::scalars::{DateTime, instant};

#[derive(Clone)]
pub(crate) struct ParkedReaction(pub(crate) Arc<Doc<parked_reactions::ParkedReaction>>);

/// A stream that a reactor has given up on: its events wait for a redrive.
#[object]
impl ParkedReaction {
    /// Global id of the parked reaction.
    pub(crate) fn id(&self) -> ID {
        global("ParkedReaction", &self.0.id)
    }

    /// Name of the reactor that gave up.
    fn reactor(&self) -> &str {
        &self.0.value.reactor
    }

    /// Name of the context whose log holds the reaction.
    fn context(&self) -> &str {
        &self.0.value.context
    }

    /// Id of the stream whose events wait, such as `order-…`.
    fn source(&self) -> &str {
        &self.0.value.source
    }

    /// Whether the reaction waits or was redriven.
    fn state(&self) -> Result<ParkedState> {
        Ok(named(&self.0.value.state)?)
    }

    /// Id of the event on which the reactor last gave up.
    fn event_id(&self) -> &str {
        &self.0.value.event_id
    }

    /// Full type of that event, such as `chorale.order.OrderPlaced.v1`.
    fn event_type(&self) -> &str {
        &self.0.value.event_type
    }

    /// Version of that event in its stream.
    fn source_version(&self) -> u64 {
        self.0.value.source_version
    }

    /// Number of attempts before the reactor gave up, at least 1.
    fn attempts(&self) -> u32 {
        self.0.value.attempts
    }

    /// Error message of the last attempt.
    fn error(&self) -> &str {
        &self.0.value.error
    }

    /// Up to 20 latest steps, newest first.
    fn history(&self) -> Result<Vec<ParkedStep>> {
        Ok(self.0.value.history.iter().map(ParkedStep::of).collect::<Result<_, _>>()?)
    }

    /// Time when the reaction was last parked. Null if that is not known.
    fn parked_at(&self) -> Option<DateTime> {
        instant(self.0.value.parked_at.as_ref())
    }

    /// Time when the reaction was last redriven. Null if it never was.
    fn redriven_at(&self) -> Option<DateTime> {
        instant(self.0.value.redriven_at.as_ref())
    }

    /// Time of the latest change to the reaction.
    fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

listed!(ParkedReaction, parked_reactions::ParkedReaction);

/// One step in the history of a parked reaction.
#[derive(SimpleObject, Fields)]
struct ParkedStep {
    /// Whether the reaction was parked or redriven in this step.
    state: ParkedState,
    /// Version of the event in its stream.
    source_version: u64,
    /// Error message. Null for a redrive.
    error: Option<String>,
    /// Time of the step.
    at: DateTime,
}

impl ParkedStep {
    fn of(step: &parked_reactions::ParkedStep) -> Result<Self, Fault> {
        Ok(Self {
            state: named(&step.state)?,
            source_version: step.source_version,
            error: step.error.clone(),
            at: (&step.at).into(),
        })
    }
}
