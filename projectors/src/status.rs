//! The status of projections, computed from the store and the bus, so that any process can report it.

use std::collections::BTreeMap;

use platform::bus::{Browse, Partition, Positions, TopicInfo};
use read_models::{Rebuild, Store};
use schemas::Timestamp;

use crate::Backends;
use crate::error::ProjectorError;
use crate::feed::Quarantine;
use crate::positions::{covers, ends};
use crate::projection::Projection;
use crate::rebuild::is_alive;

/// The state of a projector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectorState {
    /// It follows the events.
    Running,
    /// It follows the events, and another generation is being built beside the live one.
    Rebuilding,
    /// It cannot go on for now, and retries.
    Stalled,
}

impl ProjectorState {
    /// `RUNNING`, `REBUILDING` or `STALLED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Rebuilding => "REBUILDING",
            Self::Stalled => "STALLED",
        }
    }
}

/// The status of a projection.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectorStatus {
    /// Its name.
    pub name: &'static str,
    /// `entity`, `journal` or `summary`.
    pub kind: &'static str,
    /// See [`ProjectorState`]. `Stalled` is only known in the process that runs the projector.
    pub state: ProjectorState,
    /// The number of the live generation.
    pub generation: u32,
    /// The positions of the live documents.
    pub positions: Positions,
    /// Events that the live documents do not contain yet; an estimate above [`COUNTED`].
    pub lag_events: u64,
    /// Age of the oldest of them, in seconds.
    pub lag_seconds: f64,
    /// Events that could not be applied, or wait behind such an event.
    pub quarantined_events: u64,
    /// Progress of a running rebuild, from 0 to 1; `None` if there is none.
    pub rebuild_progress: Option<f64>,
    /// The problem that the projection has now; `None` if there is none.
    pub last_error: Option<String>,
}

/// Up to this many events per topic a lag is counted; beyond, it is estimated from positions.
pub const COUNTED: usize = 1_000;

/// The status of `projections`, without asking the process that runs them.
pub async fn status(
    backends: &Backends,
    projections: &[&'static Projection],
) -> Result<Vec<ProjectorStatus>, ProjectorError> {
    let mut all = Vec::with_capacity(projections.len());
    for projection in projections {
        all.push(of(backends, projection).await?);
    }
    Ok(all)
}

async fn of(backends: &Backends, projection: &'static Projection) -> Result<ProjectorStatus, ProjectorError> {
    let store = &backends.store;
    let now = backends.clock.now();
    let live = store.generations.live(projection.collection()).await?;
    let positions = store.keyed.positions(&live).await?;
    let quarantine = Quarantine::of(store, &live);
    let quarantined_events = quarantine.waiting().await?;
    let last_error = if quarantined_events > 0 { quarantine.first_problem().await? } else { None };
    let rebuild = running_rebuild(store, projection, now).await?;
    let (lag_events, oldest) = lag(backends, projection, &positions).await?;
    Ok(ProjectorStatus {
        name: projection.name(),
        kind: projection.kind(),
        state: if rebuild.is_some() { ProjectorState::Rebuilding } else { ProjectorState::Running },
        generation: live.number,
        positions,
        lag_events,
        lag_seconds: oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64()),
        quarantined_events,
        rebuild_progress: rebuild.map(|rebuild| share(rebuild.done, rebuild.total)),
        last_error,
    })
}

async fn running_rebuild(
    store: &Store,
    projection: &Projection,
    now: Timestamp,
) -> Result<Option<Rebuild>, ProjectorError> {
    let last = store.rebuilds.rebuild(projection.name()).await?;
    Ok(last.map(|(rebuild, _)| rebuild).filter(|rebuild| is_alive(rebuild, now)))
}

/// How many events the documents lack, and the time of the oldest.
async fn lag(
    backends: &Backends,
    projection: &Projection,
    positions: &Positions,
) -> Result<(u64, Option<Timestamp>), ProjectorError> {
    let (mut events, mut oldest) = (0, None::<Timestamp>);
    for info in backends.bus.topics(projection.topics()).await? {
        if covers(positions, &ends(std::slice::from_ref(&info))) {
            continue;
        }
        let browse = Browse { after: after(&info, positions), limit: COUNTED, ..Browse::default() };
        let waiting = backends.bus.browse(info.topic, &browse).await?;
        let counted = waiting.len() as u64;
        events += if waiting.len() < COUNTED { counted } else { estimate(&info, &browse.after).max(counted) };
        let first = waiting.iter().map(|record| record.envelope.time).min();
        oldest = oldest.into_iter().chain(first).min();
    }
    Ok((events, oldest))
}

fn after(info: &TopicInfo, positions: &Positions) -> BTreeMap<u32, u64> {
    let of = |number: &u32| positions.get(&Partition { topic: info.topic, number: *number }).copied();
    info.ends.keys().filter_map(|number| Some((*number, of(number)?))).collect()
}

/// Positions have gaps, so the estimate is at most the number of records.
fn estimate(info: &TopicInfo, after: &BTreeMap<u32, u64>) -> u64 {
    let left =
        info.ends.iter().map(|(number, end)| end.saturating_sub(after.get(number).copied().unwrap_or(0)));
    left.sum::<u64>().min(info.records)
}

pub(crate) fn share(done: u64, total: u64) -> f64 {
    if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) }
}
