//! Reactions that could not be carried out.

use std::sync::Arc;

use async_graphql::{ID, Object, Result, SimpleObject};
use read_models::documents::parked_reactions;

use super::names::{ParkedState, named};
use crate::fault::Fault;
use crate::id::global;
use crate::page::{Listed, Named};
use crate::reader::Doc;
use crate::scalars::{DateTime, instant};

/// A reactor's trouble with a stream.
#[derive(Clone)]
pub(crate) struct ParkedReaction(pub(crate) Arc<Doc<parked_reactions::ParkedReaction>>);

/// A reactor's trouble with a stream.
#[Object]
impl ParkedReaction {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("ParkedReaction", &self.0.id)
    }

    /// Who gave up.
    async fn reactor(&self) -> &str {
        &self.0.value.reactor
    }

    /// The reactor's context.
    async fn context(&self) -> &str {
        &self.0.value.context
    }

    /// The stream that waits.
    async fn source(&self) -> &str {
        &self.0.value.source
    }

    /// What became of it.
    async fn state(&self) -> Result<ParkedState> {
        Ok(named(&self.0.value.state)?)
    }

    /// The event that it was parked for last.
    async fn event_id(&self) -> &str {
        &self.0.value.event_id
    }

    /// Its full type.
    async fn event_type(&self) -> &str {
        &self.0.value.event_type
    }

    /// Its version in the source stream.
    async fn source_version(&self) -> u64 {
        self.0.value.source_version
    }

    /// How often it was tried.
    async fn attempts(&self) -> u32 {
        self.0.value.attempts
    }

    /// What went wrong.
    async fn error(&self) -> &str {
        &self.0.value.error
    }

    /// What happened, newest first.
    async fn history(&self) -> Result<Vec<ParkedStep>> {
        Ok(self.0.value.history.iter().map(ParkedStep::of).collect::<Result<_, _>>()?)
    }

    /// When it was parked last.
    async fn parked_at(&self) -> Option<DateTime> {
        instant(self.0.value.parked_at.as_ref())
    }

    /// When it was redriven last.
    async fn redriven_at(&self) -> Option<DateTime> {
        instant(self.0.value.redriven_at.as_ref())
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

impl Named for ParkedReaction {
    const NAME: &'static str = "ParkedReaction";
}

impl Listed for ParkedReaction {
    type Document = parked_reactions::ParkedReaction;

    fn of(document: Arc<Doc<parked_reactions::ParkedReaction>>) -> Self {
        Self(document)
    }
}

/// A step of that.
#[derive(SimpleObject)]
struct ParkedStep {
    /// What became of it.
    state: ParkedState,
    /// Version of the event in the source stream.
    source_version: u64,
    /// What went wrong; none for a redrive.
    error: Option<String>,
    /// When.
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
