//! Status of projections, and overall health.

use crate::execution::leaf;
use crate::types::names::name;
use async_graphql::{Enum, ID, Result, SimpleObject};
use query_api_macros::Fields;
use read_models::ProjectorStatus;
use read_models::status::health;

use super::reactor::reactors;
use crate::fault::Fault;
use crate::id::global;
use crate::reader::Reader;
use crate::scalars::{BigInt, DateTime};

/// Use of a projection's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "read_models::ProjectorState")]
pub(crate) enum ProjectorState {
    /// Serves queries. Whether it is kept up to date shows in its lag.
    Live,
    /// Serves queries; the projector that updates it failed and retries. Known only to the process that runs the
    /// projector; another process reports LIVE, and the lag rises.
    Stalled,
    /// Is being built next to the live generation, or was left behind by a rebuild that did not finish.
    Building,
    /// Was live before and is no longer updated.
    Retired,
}

leaf! { ProjectorState: |value| name(*value); }

/// Status of one generation of a projection.
#[derive(Clone, SimpleObject, Fields)]
pub(crate) struct Projector {
    /// Name of the projection, such as `orders`.
    name: String,
    /// Kind of store that it writes to: the scheme of the store's address, such as `sqlite`.
    store: String,
    /// Shape number of its documents; a higher number replaces a lower one.
    shape: u32,
    /// Number of the generation, from 1; a rebuild creates the next one.
    generation: u32,
    /// What the generation is currently used for.
    state: ProjectorState,
    /// Number of events that it has not applied yet: exact up to 1 000 per topic, an upper bound beyond. Null if the
    /// bus does not respond, and for a generation that nothing updates: a retired one, or the rest of a rebuild
    /// that did not finish.
    lag_events: Option<BigInt>,
    /// Age of the oldest event that it has not applied yet, in seconds; 0 if there is none. Null if the bus does not
    /// respond, and for a generation that does not serve queries.
    lag_seconds: Option<f64>,
    /// Throughput of a running rebuild, in events per second, on average since it began. Null if none is running
    /// or it has not measured any yet.
    events_per_second: Option<f64>,
    /// Completed share of a running rebuild, from 0 to 1. Null if none is running.
    rebuild_progress: Option<f64>,
    /// Estimated time until a running rebuild has applied the remaining events, in seconds. Null if none is running
    /// or its throughput is not known or 0.
    rebuild_eta_seconds: Option<f64>,
    /// Number of streams that wait behind an event that it could not apply.
    held_streams: BigInt,
    /// Number of events that it could not apply, or that wait behind such an event.
    quarantined_events: BigInt,
    /// Current problem: why the first of these events could not be applied, why its projector is stalled, or why
    /// its rebuild did not finish. Null if no problem is known to this process.
    last_error: Option<String>,
    /// Global id of the generation.
    id: ID,
}

impl From<ProjectorStatus> for Projector {
    fn from(status: ProjectorStatus) -> Self {
        Self {
            id: global("Projector", &format!("{}:{}", status.name, status.generation)),
            name: status.name,
            store: status.store.to_owned(),
            shape: status.shape,
            generation: status.generation,
            state: status.state.into(),
            lag_events: status.lag_events.map(BigInt::from),
            lag_seconds: status.lag_seconds,
            events_per_second: status.events_per_second,
            rebuild_progress: status.rebuild_progress,
            rebuild_eta_seconds: status.rebuild_eta_seconds,
            held_streams: status.quarantined_streams.into(),
            quarantined_events: status.quarantined_events.into(),
            last_error: status.last_error,
        }
    }
}

impl Projector {
    /// Whether this is the key in its global id.
    pub(crate) fn has(&self, key: &str) -> bool {
        format!("{}:{}", self.name, self.generation) == key
    }
}

/// Overall health of the shop: its read models, projections and reactors.
#[derive(SimpleObject, Fields)]
pub(crate) struct SystemStatus {
    /// True if the read models respond, every projection and every reactor is less than 60 seconds behind, no
    /// projector is known to be stalled, and no event is quarantined or parked. False if one of these is known not
    /// to hold. Null if none is known to be violated but not all can be determined.
    healthy: Option<bool>,
    /// Current time of the shop's clock, which may run on imported time.
    now: DateTime,
    /// Whether the read-model store responds.
    read_models: bool,
    /// Number of events that the slowest live projection has not applied yet. Null if it is not known for every
    /// projection.
    lag_events: Option<BigInt>,
    /// Age of the oldest event that a live projection has not applied yet, in seconds; 0 if there is none. Null if it
    /// is not known for every projection.
    lag_seconds: Option<f64>,
    /// Age of the oldest event that a reactor has not handled yet, in seconds; 0 if there is none. Null if it is not
    /// known for every reactor.
    reactor_lag_seconds: Option<f64>,
}

impl SystemStatus {
    /// As it is now. A part that does not respond makes the status unhealthy or unknown; it is no error.
    pub(crate) async fn as_of_now(reader: &Reader) -> Self {
        let now = DateTime(reader.services.clock.now().to_string());
        let store = reader.services.store.generations.list().await.map_err(Fault::from);
        let read_models = logged(store).is_some();
        let projectors = logged(projectors(reader).await);
        let reactors = logged(reactors(reader).await);
        let live: Vec<&ProjectorStatus> = projectors.iter().flatten().filter(|one| one.serves()).collect();
        let all = |values: Vec<Option<f64>>| {
            let known: Option<Vec<f64>> = values.into_iter().collect();
            known?.into_iter().reduce(f64::max)
        };
        let behind: Option<Vec<u64>> = live.iter().map(|one| one.lag_events).collect();
        let reactor_lags = reactors.iter().flatten().map(|one| one.lag_seconds).collect();
        Self {
            healthy: if read_models {
                health(projectors.as_deref(), reactors.as_deref())
            } else {
                Some(false)
            },
            now,
            read_models,
            lag_events: behind.and_then(|all| all.into_iter().max()).map(BigInt::from),
            lag_seconds: all(live.iter().map(|one| one.lag_seconds).collect()),
            reactor_lag_seconds: all(reactor_lags),
        }
    }
}

/// Logs an error, and answers `None`: the value is unknown.
fn logged<T>(result: Result<T, Fault>) -> Option<T> {
    result
        .inspect_err(|error| {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "a part of the system status is not known"
            );
        })
        .ok()
}

/// The projectors, or why their status is not known.
pub(crate) async fn projectors(reader: &Reader) -> Result<Vec<ProjectorStatus>, Fault> {
    reader.services.status.projectors().await.map_err(|error| Fault::Status("projectors", error))
}
