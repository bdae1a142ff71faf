//! Status of projections, and overall health.

use async_graphql::SimpleObject;

use crate::fault::Fault;
use crate::reader::Reader;
use crate::scalars::{BigInt, DateTime};
use crate::services::{ProjectorState, ProjectorStatus};

/// Status of one generation of a projection.
#[derive(SimpleObject)]
pub(crate) struct Projector {
    /// Name of the projection, such as `orders`.
    name: String,
    /// Kind of store that it writes to, such as `sqlite`.
    store: String,
    /// Shape number of its documents; a higher number replaces a lower one.
    shape: u32,
    /// Number of the generation; a rebuild creates the next one.
    generation: u32,
    /// What the generation is currently used for.
    state: ProjectorState,
    /// Number of events that it has not applied yet.
    lag_events: BigInt,
    /// Age of the oldest event that it has not applied yet, in seconds; 0 if there is none.
    lag_seconds: f64,
    /// Recent throughput, in events per second.
    events_per_second: f64,
    /// Completed share of a rebuild, from 0 to 1. Null if none is running.
    rebuild_progress: Option<f64>,
    /// Estimated time until a rebuild is complete, in seconds. Null if none is running.
    rebuild_eta_seconds: Option<f64>,
    /// Number of streams that wait behind an event that it could not apply.
    held_streams: BigInt,
    /// Latest error message. Null if there was no error.
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

/// Overall health of the shop's read side.
#[derive(SimpleObject)]
pub(crate) struct SystemStatus {
    /// True if read models respond and every live projection is running and has applied all events that it
    /// could read.
    healthy: bool,
    /// Current time of the shop's clock, which may run on imported time.
    now: DateTime,
    /// Whether the read-model store responds.
    read_models: bool,
    /// Number of events that the slowest live projection has not applied yet. Null if the status of the
    /// projections is not known.
    lag_events: Option<BigInt>,
    /// Age of the oldest event that a live projection has not applied yet, in seconds. Null if the status of
    /// the projections is not known.
    lag_seconds: Option<f64>,
}

impl SystemStatus {
    /// As it is now. What does not answer is unhealthy, not an error.
    pub(crate) async fn as_of_now(reader: &Reader) -> Self {
        let now = DateTime(reader.services.clock.now().to_string());
        let read_models = match reader.services.store.generations.list().await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the read-model store does not respond"
                );
                false
            }
        };
        let projectors = match projectors(reader).await {
            Ok(projectors) => Some(projectors),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the status of the projectors is not known"
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
