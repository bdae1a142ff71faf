//! Rebuilding a projection: a new generation is built from the first event on, compared with the live one, and made live.
//! Readers and runners stay online, in this process and in others. A store that is unavailable for a while delays a rebuild and
//! does not end it.

mod compared;
mod comparison;
mod fields;
mod lease;
mod progress;
mod rollback;
mod verify;

use std::time::Duration;

use platform::bus::lag::Lag;
use platform::bus::{Consumer, Positions, covers, passed};
use read_models::{Collection, Generation, GenerationState, RebuildState};

use self::comparison::{Quarantined, REPORTED};
use self::lease::Lease;
use self::progress::Meter;
use crate::Backends;
use crate::error::ProjectorError;
use crate::feed::{Feed, Quarantine};
use crate::positions::{Reached, ends};
use crate::projection::Projection;
use crate::runner::follow::subscription;

pub use self::compared::{Compared, Decision};
pub use self::comparison::Difference;
pub use self::fields::{Change, FieldDifference};
pub(crate) use self::lease::is_alive;
pub use self::progress::{Phase, Progress};
pub use self::rollback::{drop_old, rollback};
pub use self::verify::{Verified, verify};

/// The most records in a batch.
const BATCH: usize = 2_000;
/// How long to wait for records before checking whether the end was reached.
const PATIENCE: Duration = Duration::from_millis(250);

/// The outcome of a rebuild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The number of the new generation.
    pub generation: u32,
    /// Whether it is live now; otherwise it was dropped.
    pub switched: bool,
    /// Records that were applied.
    pub records: u64,
    /// Documents that are equal to the live ones.
    pub compared: u64,
    /// Documents that could not be compared, because the live one was stale or behind all the time.
    pub uncompared: u64,
    /// SHA-256 over the ids, versions and bodies of those compared, in the order of ids; lower-case hex.
    pub digest: String,
}

/// Why a rebuild did not switch generations.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Another rebuild is running.
    #[error("{projection} is already being rebuilt (last heartbeat at {alive_at})")]
    Running {
        projection: &'static str,
        /// The last heartbeat of the other rebuild.
        alive_at: String,
    },
    /// The new documents differ from the live ones. Both generations stay.
    #[error(
        "{count} documents of {projection} differ from the live ones (the first: {}); generation {generation} was not \
         made live",
        ids.first().map_or("", String::as_str)
    )]
    Different {
        projection: &'static str,
        generation: u32,
        /// How many documents differ.
        count: u64,
        /// The first of their ids, at most 100.
        ids: Vec<String>,
    },
    /// There is no generation to go back to.
    #[error("{0} has no retired generation")]
    NothingRetired(&'static str),
    /// Another process took over, because this one sent no heartbeat for too long.
    #[error("another rebuild of {0} took over")]
    Overtaken(&'static str),
    /// The documents or the topics cannot be used.
    #[error("the rebuild failed")]
    Projector(#[from] ProjectorError),
}

impl From<read_models::StoreError> for RebuildError {
    fn from(error: read_models::StoreError) -> Self {
        Self::Projector(error.into())
    }
}

impl From<platform::bus::BusError> for RebuildError {
    fn from(error: platform::bus::BusError) -> Self {
        Self::Projector(error.into())
    }
}

/// [`rebuild_if`] the documents are equal, or differ because their shape was raised.
pub async fn rebuild(
    projection: &'static Projection,
    backends: &Backends,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    rebuild_if(projection, backends, Compared::if_expected, progress).await
}

/// Builds a new generation of `projection` from all of its events, compares it with the live one and makes it live, if `decide`
/// says so. Reports to `progress` once per batch. Can be dropped at any time: the next rebuild starts from the beginning.
pub async fn rebuild_if(
    projection: &'static Projection,
    backends: &Backends,
    decide: impl FnOnce(&Compared) -> Decision + Send,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    let backends = &backends.patient();
    let lease = Lease::take(projection, backends).await?;
    let result = build(projection, backends, &lease, decide, progress).await;
    let (state, differences) = match &result {
        Ok(Rebuilt { switched: true, .. }) => (RebuildState::Switched, &[][..]),
        Ok(_) => (RebuildState::Different, &[][..]),
        Err(RebuildError::Different { ids, .. }) => (RebuildState::Different, ids.as_slice()),
        Err(_) => (RebuildState::Failed, &[][..]),
    };
    let released = lease.release(state, differences).await;
    // The first error is the more useful one.
    let rebuilt = result?;
    released?;
    Ok(rebuilt)
}

async fn build(
    projection: &'static Projection,
    backends: &Backends,
    lease: &Lease,
    decide: impl FnOnce(&Compared) -> Decision + Send,
    progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, RebuildError> {
    drop_all(projection, backends, |state| state == GenerationState::Building, 0).await?;
    let documents = backends.store.of_collection(projection.collection());
    let live = read_now(projection.collection(), backends).await?;
    let generation = documents.generations.create(projection.collection()).await?;
    lease.builds(generation.number).await?;
    let mut builder = Builder::open(projection, backends, lease, generation.clone(), progress).await?;
    builder.feed_to_the_end().await?;
    let comparison = comparison::compare(&mut builder, &live, Quarantined::Unfit, Some(REPORTED)).await?;
    let compared = Compared::new(&generation, &live, builder.meter.done(), comparison);
    let decision = decide(&compared);
    match decision {
        Decision::Switch => builder.take_the_place_of(&live).await?,
        Decision::Drop => {}
        Decision::Refuse => {
            return Err(RebuildError::Different {
                projection: projection.name(),
                generation: generation.number,
                count: compared.differences(),
                ids: compared.ids,
            });
        }
    }
    let switched = decision == Decision::Switch;
    let records = builder.meter.done();
    drop(builder);
    if switched {
        drop_all(projection, backends, |state| state == GenerationState::Retired, 1).await?;
    } else {
        drop_one(projection, backends, &generation).await?;
    }
    let Compared { equal, uncompared, digest, .. } = compared;
    Ok(Rebuilt { generation: generation.number, switched, records, compared: equal, uncompared, digest })
}

/// The generation that is read now: the live one, or that of the newest earlier shape if this shape has none yet.
async fn read_now(collection: &Collection, backends: &Backends) -> Result<Generation, ProjectorError> {
    let generations = backends.store.of_collection(collection).generations;
    let known = generations.list().await?.into_iter();
    let live = known.filter(|(one, state)| {
        one.collection == collection.name && one.shape <= collection.shape && *state == GenerationState::Live
    });
    match live.map(|(generation, _)| generation).max() {
        Some(live) => Ok(live),
        None => Ok(generations.live(collection).await?),
    }
}

/// Drops the generations in these states, except the `keep` newest. Answers the numbers of those that it dropped.
async fn drop_all(
    projection: &'static Projection,
    backends: &Backends,
    which: fn(GenerationState) -> bool,
    keep: usize,
) -> Result<Vec<u32>, ProjectorError> {
    let mut found = in_state(projection, backends, which).await?;
    found.truncate(found.len().saturating_sub(keep));
    for generation in &found {
        drop_one(projection, backends, generation).await?;
    }
    Ok(found.into_iter().map(|generation| generation.number).collect())
}

async fn drop_one(
    projection: &'static Projection,
    backends: &Backends,
    generation: &Generation,
) -> Result<(), ProjectorError> {
    Quarantine::of(&backends.store, generation).forget().await?;
    let generations = backends.store.of_collection(projection.collection()).generations;
    Ok(generations.drop_generation(generation).await?)
}

/// The generations in these states, in the order of their numbers.
async fn in_state(
    projection: &'static Projection,
    backends: &Backends,
    which: fn(GenerationState) -> bool,
) -> Result<Vec<Generation>, ProjectorError> {
    let of = projection.collection();
    let generations = backends.store.of_collection(of).generations;
    let all = generations.list().await?;
    let matching = all.into_iter().filter(|(generation, state)| {
        generation.collection == of.name && generation.shape == of.shape && which(*state)
    });
    let mut found: Vec<Generation> = matching.map(|(generation, _)| generation).collect();
    found.sort_unstable();
    Ok(found)
}

/// Feeds a generation that is not live, from its positions on.
struct Builder<'a, P> {
    backends: &'a Backends,
    lease: &'a Lease,
    feed: Feed,
    consumer: Box<dyn Consumer>,
    reached: Positions,
    meter: Meter,
    progress: P,
}

impl<'a, P: FnMut(Progress) + Send> Builder<'a, P> {
    async fn open(
        projection: &'static Projection,
        backends: &'a Backends,
        lease: &'a Lease,
        generation: Generation,
        progress: P,
    ) -> Result<Self, ProjectorError> {
        let topics = backends.bus.topics(projection.topics()).await?;
        let records = topics.iter().map(|info| info.records).sum();
        let consumer = backends
            .bus
            .subscribe(subscription(projection, backends, &generation, Reached::default()))
            .await?;
        let keyed = backends.store.of_collection(projection.collection()).keyed;
        let reached = keyed.resume(&generation).await?;
        let left = if reached.is_empty() {
            records
        } else {
            let ends = backends.bus.ends(projection.topics()).await?;
            Lag::of(backends.bus.as_ref(), projection.topics(), &ends, &reached).await?.records
        };
        let feed = Feed::of(projection, generation, &backends.store, &backends.source);
        Ok(Self { backends, lease, feed, consumer, reached, meter: Meter::new(records, left), progress })
    }

    /// Makes the generation live, once it has all that the live one has: no reader may go back in time.
    async fn take_the_place_of(&mut self, live: &Generation) -> Result<(), RebuildError> {
        let documents = self.backends.store.of_collection(self.feed.projection.collection());
        loop {
            let reached = documents.keyed.positions(live).await?;
            if covers(&self.reached, &reached) {
                break;
            }
            self.feed_until(&reached).await?;
        }
        self.lease.confirm().await?;
        Ok(documents.generations.switch(&self.feed.generation).await?)
    }

    /// Feeds until it has reached the ends of the topics.
    async fn feed_to_the_end(&mut self) -> Result<(), RebuildError> {
        loop {
            let topics = self.backends.bus.topics(self.feed.projection.topics()).await?;
            self.meter.total(topics.iter().map(|info| info.records).sum());
            let end = ends(&topics);
            if covers(&self.reached, &end) {
                return Ok(());
            }
            self.feed_until(&end).await?;
        }
    }

    /// Feeds until it has reached `wanted`.
    async fn feed_until(&mut self, wanted: &Positions) -> Result<(), RebuildError> {
        while !covers(&self.reached, wanted) {
            let delivery = self.consumer.next(BATCH, PATIENCE).await.map_err(ProjectorError::from)?;
            if delivery.records.is_empty() && delivery.positions.is_empty() {
                self.pass_the_ends(wanted).await?;
            }
            self.feed.apply(&delivery.records, &delivery.positions, &self.reached).await?;
            self.consumer.commit(&delivery.positions).await.map_err(ProjectorError::from)?;
            self.reached.extend(delivery.positions);
            self.meter.add(delivery.records.len() as u64);
            self.lease.done(&self.meter)?;
            (self.progress)(self.meter.progress(Phase::Building));
        }
        Ok(())
    }

    /// Applies positions that were reached on another bus: see [`passed`].
    async fn pass_the_ends(&mut self, wanted: &Positions) -> Result<(), RebuildError> {
        let passed = passed(self.backends.bus.as_ref(), &self.reached, wanted).await?;
        if !passed.is_empty() {
            self.feed.apply(&[], &passed, &self.reached).await?;
            self.reached.extend(passed);
        }
        Ok(())
    }
}
