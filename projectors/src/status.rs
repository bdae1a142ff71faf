//! The status of projections, computed from the store and the bus, so that any process can report it.

use platform::bus::Positions;
use platform::bus::lag::{Ends, Lag};
use platform::error::Chain;
use read_models::{
    Generation, GenerationState, ProjectorState, ProjectorStatus, Rebuild, RebuildState, StoreError,
};
use schemas::Topic;

use crate::Backends;
use crate::error::ProjectorError;
use crate::feed::Quarantine;
use crate::projection::Projection;
use crate::rebuild::is_alive;

/// The status of every generation of `projections`, in their order. Asks no process that runs them, so it does not know
/// [`ProjectorState::Stalled`]: see [`Handle::mark_stalled`](crate::Handle::mark_stalled); except of hot views whose store does
/// not answer. If the bus does not answer, lags are `None`.
pub async fn status(
    backends: &Backends,
    projections: &[&'static Projection],
) -> Result<Vec<ProjectorStatus>, ProjectorError> {
    let ends = match backends.bus.ends(&Topic::ALL).await {
        Ok(ends) => Some(ends),
        Err(error) => {
            tracing::warn!(problem = %Chain(&error), "the lag of the projections is not known");
            None
        }
    };
    let known = backends.store.generations.list().await?;
    let hot = match &backends.store.hot {
        Some(hot) => hot.generations.list().await,
        None => Ok(Vec::new()),
    };
    let mut all = Vec::with_capacity(projections.len());
    for projection in projections {
        let known = match (&hot, backends.store.hot.is_some() && projection.collection().hot) {
            (_, false) => &known,
            (Ok(hot), true) => hot,
            (Err(problem), true) => {
                all.push(unreachable(backends, projection, problem));
                continue;
            }
        };
        match of_all(backends, projection, known, ends.as_ref()).await {
            Ok(generations) => all.extend(generations),
            // The store of the hot views failed meanwhile; the others are known.
            Err(ProjectorError::Store(problem))
                if projection.collection().hot && backends.store.hot.is_some() =>
            {
                all.push(unreachable(backends, projection, &problem));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// The status of every generation of one projection.
async fn of_all(
    backends: &Backends,
    projection: &'static Projection,
    known: &[(Generation, GenerationState)],
    ends: Option<&Ends>,
) -> Result<Vec<ProjectorStatus>, ProjectorError> {
    let collection = projection.collection();
    let mut generations: Vec<(Generation, GenerationState)> = known
        .iter()
        .filter(|(one, _)| one.collection == collection.name && one.shape == collection.shape)
        .cloned()
        .collect();
    if generations.iter().all(|(_, state)| *state != GenerationState::Live) {
        let live = backends.store.of_collection(collection).generations.live(collection).await?;
        generations.insert(0, (live, GenerationState::Live));
    }
    let mut all = Vec::with_capacity(generations.len());
    for (generation, state) in generations {
        all.push(of(backends, projection, &generation, state, ends).await?);
    }
    Ok(all)
}

/// The status of a projection whose store does not answer: no projector can write to it.
fn unreachable(
    backends: &Backends,
    projection: &'static Projection,
    problem: &StoreError,
) -> ProjectorStatus {
    let generation = Generation {
        collection: projection.name().to_owned(),
        shape: projection.collection().shape,
        number: 0,
    };
    let last_error = Some(Chain(problem).to_string());
    ProjectorStatus {
        state: ProjectorState::Stalled,
        last_error,
        ..unmeasured(backends, projection, &generation, Positions::new())
    }
}

/// The status of a generation of which only the positions are known.
fn unmeasured(
    backends: &Backends,
    projection: &'static Projection,
    generation: &Generation,
    positions: Positions,
) -> ProjectorStatus {
    ProjectorStatus {
        name: projection.name().to_owned(),
        kind: projection.kind(),
        store: backends.store.of_collection(projection.collection()).engine,
        shape: generation.shape,
        generation: generation.number,
        state: ProjectorState::Retired,
        positions,
        lag_events: None,
        lag_seconds: None,
        events_per_second: None,
        rebuild_progress: None,
        rebuild_eta_seconds: None,
        quarantined_streams: 0,
        quarantined_events: 0,
        last_error: None,
    }
}

async fn of(
    backends: &Backends,
    projection: &'static Projection,
    generation: &Generation,
    state: GenerationState,
    ends: Option<&Ends>,
) -> Result<ProjectorStatus, ProjectorError> {
    let store = &backends.store;
    let positions = store.of_collection(projection.collection()).keyed.positions(generation).await?;
    let quarantine = Quarantine::of(store, generation);
    let quarantined = quarantine.count().await?;
    let last_error = if quarantined.waiting > 0 { quarantine.first_problem().await? } else { None };
    let mut status = ProjectorStatus {
        quarantined_streams: quarantined.streams,
        quarantined_events: quarantined.waiting,
        last_error,
        ..unmeasured(backends, projection, generation, positions)
    };
    match state {
        GenerationState::Retired => {}
        GenerationState::Live => {
            status.state = ProjectorState::Live;
            if let Some(lag) = lag(backends, projection, &status, ends).await {
                status.lag_events = Some(lag.records);
                status.lag_seconds = Some(lag.seconds(backends.clock.now()));
            }
        }
        GenerationState::Building => {
            status.state = ProjectorState::Building;
            let last = store.rebuilds.rebuild(projection.name()).await?.map(|(rebuild, _)| rebuild);
            match last.filter(|rebuild| rebuild.generation == generation.number) {
                Some(rebuild) if is_alive(&rebuild, backends.clock.now()) => under_way(&mut status, &rebuild),
                Some(rebuild) => status.last_error = Some(unfinished(&rebuild)),
                None => {}
            }
        }
    }
    Ok(status)
}

async fn lag(
    backends: &Backends,
    projection: &Projection,
    status: &ProjectorStatus,
    ends: Option<&Ends>,
) -> Option<Lag> {
    match Lag::of(backends.bus.as_ref(), projection.topics(), ends?, &status.positions).await {
        Ok(lag) => Some(lag),
        Err(error) => {
            tracing::warn!(
                projection = projection.name(),
                problem = %Chain(&error),
                "the lag of the projection is not known"
            );
            None
        }
    }
}

/// What the record of a running rebuild says.
fn under_way(status: &mut ProjectorStatus, rebuild: &Rebuild) {
    if rebuild.total == 0 {
        // It has reported no batch yet.
        status.rebuild_progress = Some(0.0);
        return;
    }
    let left = rebuild.total.saturating_sub(rebuild.done);
    status.lag_events = Some(left);
    status.rebuild_progress = Some((rebuild.done as f64 / rebuild.total as f64).min(1.0));
    status.events_per_second = rebuild.events_per_second;
    status.rebuild_eta_seconds =
        rebuild.events_per_second.filter(|rate| *rate > 0.0).map(|rate| left as f64 / rate);
}

/// Why a rebuild left its generation.
fn unfinished(rebuild: &Rebuild) -> String {
    match rebuild.state {
        RebuildState::Different => {
            let first = rebuild.differences.first().map_or("", String::as_str);
            format!("documents differ from the live ones, the first: {first}")
        }
        RebuildState::Running => format!("the rebuild sent its last heartbeat at {}", rebuild.alive_at),
        RebuildState::Failed | RebuildState::Switched => "the rebuild failed".to_owned(),
    }
}
