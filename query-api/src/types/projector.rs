//! How the projectors and the whole are doing.

use async_graphql::SimpleObject;

use crate::fault::Fault;
use crate::reader::Reader;
use crate::scalars::{BigInt, DateTime};
use crate::services::{ProjectorState, ProjectorStatus};

/// How a projection's generation is doing.
#[derive(SimpleObject)]
pub(crate) struct Projector {
    /// The projection.
    name: String,
    /// The kind of store it writes to.
    store: String,
    /// The shape of its documents.
    shape: u32,
    /// The number of the generation.
    generation: u32,
    /// What it is doing.
    state: ProjectorState,
    /// Events that it has not seen yet.
    lag_events: BigInt,
    /// Age of the oldest of these, in seconds.
    lag_seconds: f64,
    /// Events a second, lately.
    events_per_second: f64,
    /// How much of a rebuild is done, from 0 to 1.
    rebuild_progress: Option<f64>,
    /// When a rebuild should be done, in seconds from now.
    rebuild_eta_seconds: Option<f64>,
    /// Streams with events that it could not digest.
    held_streams: BigInt,
    /// What went wrong last.
    last_error: Option<String>,
}

impl From<ProjectorStatus> for Projector {
    fn from(status: ProjectorStatus) -> Self {
        Self {
            name: status.name,
            store: status.store,
            shape: status.shape,
            generation: status.generation,
            state: status.state,
            lag_events: status.lag_events.into(),
            lag_seconds: status.lag_seconds,
            events_per_second: status.events_per_second,
            rebuild_progress: status.rebuild_progress,
            rebuild_eta_seconds: status.rebuild_eta_seconds,
            held_streams: status.held_streams.into(),
            last_error: status.last_error,
        }
    }
}

/// How the whole is doing.
#[derive(SimpleObject)]
pub(crate) struct SystemStatus {
    /// Nothing is known to be wrong: read models answer, projectors run and digest everything.
    healthy: bool,
    /// Now, by the shop's clock.
    now: DateTime,
    /// Whether the read models answer.
    read_models: bool,
    /// Events that the slowest live projection has not seen yet; null when nobody can say.
    lag_events: Option<BigInt>,
    /// Age of the oldest of these, in seconds.
    lag_seconds: Option<f64>,
}

impl SystemStatus {
    /// As it is now. What does not answer is unhealthy, not an error.
    pub(crate) async fn as_of_now(reader: &Reader) -> Self {
        let now = DateTime(reader.services.clock.now().to_string());
        let read_models = match reader.services.store.generations().list().await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the read models do not answer");
                false
            }
        };
        let projectors = match projectors(reader).await {
            Ok(projectors) => Some(projectors),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the state of the projectors is unknown"
                );
                None
            }
        };
        let read = |status: &&ProjectorStatus| {
            matches!(status.state, ProjectorState::Live | ProjectorState::Stopped)
        };
        let live: Option<Vec<&ProjectorStatus>> =
            projectors.as_ref().map(|all| all.iter().filter(read).collect());
        let digests =
            |status: &&ProjectorStatus| status.state == ProjectorState::Live && status.held_streams == 0;
        let fed = live.as_ref().is_some_and(|live| live.iter().all(digests));
        Self {
            healthy: read_models && fed,
            now,
            read_models,
            lag_events: live
                .as_ref()
                .and_then(|live| Some(live.iter().map(|one| one.lag_events).max()?.into())),
            lag_seconds: live.and_then(|live| live.iter().map(|one| one.lag_seconds).reduce(f64::max)),
        }
    }
}

/// The projectors, or why they do not say how they are.
pub(crate) async fn projectors(reader: &Reader) -> Result<Vec<ProjectorStatus>, Fault> {
    reader.services.projectors.projectors().await.map_err(Fault::Projectors)
}
