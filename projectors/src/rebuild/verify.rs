//! Comparing the live documents with a fold of all events, and putting right those that differ.

use std::collections::{BTreeMap, BTreeSet};

use platform::bus::{Positions, covers};
use read_models::{Generation, GenerationState, RebuildState, Stored, Write};

use super::comparison::{self, Comparison, Difference, Quarantined, REPORTED, ROUND, ROUNDS};
use super::lease::Lease;
use super::{Builder, Progress, RebuildError, drop_all, drop_one};
use crate::Backends;
use crate::positions::ends;
use crate::projection::Projection;

/// How often documents are put right that a projector overwrites at the same time.
const ATTEMPTS: u32 = 10;

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records that were folded.
    pub records: u64,
    /// Documents that are equal.
    pub equal: u64,
    /// Documents that could not be compared, because the live one was behind all the time or lacks quarantined events.
    pub uncompared: u64,
    /// How many live documents were found to differ, by what is wrong with them.
    pub different: BTreeMap<Difference, u64>,
    /// The first of their ids, at most 100.
    pub first: Vec<(String, Difference)>,
    /// How many of them were put right; 0 if that was not asked for.
    pub repaired: u64,
    /// SHA-256 over the ids, versions and bodies of those that were equal at once, in the order of ids; lower-case hex.
    pub digest: String,
}

impl Verified {
    /// How many documents still differ.
    pub fn wrong(&self) -> u64 {
        self.different.values().sum::<u64>().saturating_sub(self.repaired)
    }
}

/// Folds all events of `projection` into a temporary generation, and compares the live documents with it while readers and
/// runners stay online. With `repair`, live documents that differ are replaced by those of the fold, and those that no event
/// leads to are removed; all others stay untouched. Takes the same lease as a rebuild. Can be dropped at any time: the next
/// rebuild or verification drops the temporary generation.
pub async fn verify(
    projection: &'static Projection,
    backends: &Backends,
    repair: bool,
    progress: impl FnMut(Progress) + Send,
) -> Result<Verified, RebuildError> {
    let backends = &backends.patient();
    let lease = Lease::take(projection, backends).await?;
    let result = check(projection, backends, &lease, repair, progress).await;
    let (state, differences) = match &result {
        Ok(verified) => {
            (RebuildState::Different, verified.first.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>())
        }
        Err(_) => (RebuildState::Failed, Vec::new()),
    };
    let released = lease.release(state, &differences).await;
    // The first error is the more useful one.
    let verified = result?;
    released?;
    Ok(verified)
}

async fn check(
    projection: &'static Projection,
    backends: &Backends,
    lease: &Lease,
    repair: bool,
    progress: impl FnMut(Progress) + Send,
) -> Result<Verified, RebuildError> {
    drop_all(projection, backends, |state| state == GenerationState::Building, 0).await?;
    let generations = backends.store.of_collection(projection.collection()).generations;
    let live = generations.live(projection.collection()).await?;
    let temporary = generations.create(projection.collection()).await?;
    lease.builds(temporary.number).await?;
    let mut builder = Builder::open(projection, backends, lease, temporary.clone(), progress).await?;
    builder.feed_to_the_end().await?;
    let compared = comparison::compare(&mut builder, &live, Quarantined::Different, None).await?;
    let mut verified = Verified {
        records: builder.meter.done(),
        equal: compared.equal,
        uncompared: compared.uncompared,
        first: compared.different.iter().take(REPORTED).map(|(id, what)| (id.clone(), *what)).collect(),
        different: compared.counts,
        digest: compared.digest,
        ..Verified::default()
    };
    if repair && !compared.different.is_empty() {
        let found = compared.different.len() as u64;
        let left = put_right(&mut builder, &live, compared.different.into_keys().collect()).await?;
        verified.repaired = found - left;
    }
    drop(builder);
    drop_one(projection, backends, &temporary).await?;
    Ok(verified)
}

/// Replaces these live documents by those of the fold. Answers how many are still wrong.
///
/// A projector that read a wrong document before it was replaced can write it again, with its next event. Its batch ends at
/// the latest at the ends that the topics have now, so the documents are compared again once the live generation has passed
/// them. If no projector runs, there is no such batch.
async fn put_right<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    mut wrong: BTreeSet<String>,
) -> Result<u64, RebuildError> {
    for _ in 0..ATTEMPTS {
        replace(builder, live, &wrong).await?;
        let end = ends(&builder.backends.bus.topics(builder.feed.projection.topics()).await?);
        passed(builder, live, &end).await?;
        let mut compared = Comparison::default();
        comparison::again(builder, live, wrong, Quarantined::Different, &mut compared).await?;
        wrong = compared.different.into_keys().collect();
        if wrong.is_empty() {
            // One that could not be compared was not seen to be right.
            return Ok(compared.uncompared);
        }
    }
    Ok(wrong.len() as u64)
}

async fn replace<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    wrong: &BTreeSet<String>,
) -> Result<(), RebuildError> {
    let store = builder.backends.store.of_collection(builder.feed.projection.collection());
    let ids: Vec<String> = wrong.iter().cloned().collect();
    let stored = comparison::load(&store, live, &ids).await?;
    let reached = store.keyed.positions(live).await?;
    // Now the fold has all events that the live documents can have.
    builder.feed_until(&reached).await?;
    let right = comparison::load(&store, &builder.feed.generation, &ids).await?;
    for id in &ids {
        let seen = stored.get(id).map_or(0, |one| one.version);
        match right.get(id) {
            Some(right) => store.repairs.replace(live, &as_write(right), seen).await?,
            None => store.repairs.remove(live, id, seen).await?,
        };
    }
    tracing::info!(projection = builder.feed.projection.name(), documents = ids.len(), "documents replaced");
    Ok(())
}

fn as_write(right: &Stored) -> Write {
    let Stored { id, version, body, stale } = right.clone();
    Write { id, version, body, stale }
}

/// Waits for a while until the live generation has passed these positions.
async fn passed<P: FnMut(Progress) + Send>(
    builder: &Builder<'_, P>,
    live: &Generation,
    end: &Positions,
) -> Result<(), RebuildError> {
    let keyed = builder.backends.store.of_collection(builder.feed.projection.collection()).keyed;
    let mut since = None;
    for _ in 0..ROUNDS {
        if covers(&keyed.positions(live).await?, end) {
            return Ok(());
        }
        since = Some(keyed.changed(&live.collection, since.as_ref(), ROUND).await?);
    }
    Ok(())
}
