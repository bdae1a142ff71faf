//! How projections are: computed from the stores and the bus, so that any process can ask.

use std::collections::BTreeMap;

use platform::bus::{Browse, TopicInfo};
use read_models::documents::rebuilds::{REBUILDS, Rebuild};
use read_models::{Checkpoint, Store};
use schemas::Timestamp;

use crate::Backends;
use crate::error::ProjectorError;
use crate::feed::Held;
use crate::positions::{covers, ends};
use crate::projection::Projection;
use crate::rebuild::is_alive;

/// What a projector is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectorState {
    /// Documents follow the events.
    Running,
    /// The same, and another generation is being built beside.
    Rebuilding,
    /// It cannot go on; it tries again by itself.
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

/// How a projection is.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectorStatus {
    /// Its name.
    pub name: &'static str,
    /// `entity`, `journal` or `summary`.
    pub kind: &'static str,
    /// What it is doing. [`ProjectorState::Stalled`] is only known in the process that runs it.
    pub state: ProjectorState,
    /// The number of the live generation.
    pub generation: u32,
    /// Where the live documents stand, by `<topic>/<partition>`.
    pub positions: Checkpoint,
    /// Events that the live documents do not hold yet; an estimate above [`COUNTED`].
    pub lag_events: u64,
    /// How long the oldest of them has been there, in seconds.
    pub lag_seconds: f64,
    /// Events that could not be digested, or wait behind one.
    pub held_events: u64,
    /// How much of a running rebuild is done, from 0 to 1.
    pub rebuild_progress: Option<f64>,
    /// What went wrong last, if it still does.
    pub last_error: Option<String>,
}

/// Up to so many events per topic a lag is counted; beyond it is estimated from offsets.
pub const COUNTED: usize = 1_000;

/// How `projections` are, from the stores alone.
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
    let live = store.generations().live(projection.collection()).await?;
    let positions = store.documents().positions(&live).await?;
    let held = Held::open(store, projection, &live).await?;
    let held_events = held.count().await?;
    let last_error = if held_events > 0 { held.first_problem().await? } else { None };
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
        held_events,
        rebuild_progress: rebuild.map(|rebuild| share(rebuild.done, rebuild.total)),
        last_error,
    })
}

async fn running_rebuild(
    store: &Store,
    projection: &Projection,
    now: Timestamp,
) -> Result<Option<Rebuild>, ProjectorError> {
    let generation = store.generations().live(&REBUILDS).await?;
    let found = store.load::<Rebuild>(&generation, &[projection.name().to_owned()]).await?;
    let rebuild = found.into_iter().flatten().find_map(|document| document.value);
    Ok(rebuild.filter(|rebuild| is_alive(rebuild, now)))
}

/// How many events wait, and since when.
async fn lag(
    backends: &Backends,
    projection: &Projection,
    positions: &Checkpoint,
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

fn after(info: &TopicInfo, positions: &Checkpoint) -> BTreeMap<u32, u64> {
    let of = |number: &u32| positions.get(&format!("{}/{number}", info.topic)).copied();
    info.ends.keys().filter_map(|number| Some((*number, of(number)?))).collect()
}

/// Offsets need not rise by one, so never more than there are.
fn estimate(info: &TopicInfo, after: &BTreeMap<u32, u64>) -> u64 {
    let left =
        info.ends.iter().map(|(number, end)| end.saturating_sub(after.get(number).copied().unwrap_or(0)));
    left.sum::<u64>().min(info.records)
}

pub(crate) fn share(done: u64, total: u64) -> f64 {
    if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) }
}
