//! Generations that were live before.

use read_models::{GenerationState, RebuildState};

use super::lease::Lease;
use super::{Builder, Progress, RebuildError, drop_all, in_state};
use crate::Backends;
use crate::error::ProjectorError;
use crate::projection::Projection;

/// Makes the newest retired generation of `projection` live again, and retires the live one. Before that, it catches up with
/// the events since it was retired, so that readers do not go back in time. Answers its number. Readers and runners stay online.
/// Takes the same lease as a rebuild.
pub async fn rollback(
    projection: &'static Projection,
    backends: &Backends,
    progress: impl FnMut(Progress) + Send,
) -> Result<u32, RebuildError> {
    let backends = &backends.patient();
    let lease = Lease::take(projection, backends).await?;
    let result = go_back(projection, backends, &lease, progress).await;
    let state = if result.is_ok() { RebuildState::Switched } else { RebuildState::Failed };
    let released = lease.release(state, &[]).await;
    // The first error is the more useful one.
    let generation = result?;
    released?;
    Ok(generation)
}

async fn go_back(
    projection: &'static Projection,
    backends: &Backends,
    lease: &Lease,
    progress: impl FnMut(Progress) + Send,
) -> Result<u32, RebuildError> {
    let retired = in_state(projection, backends, |state| state == GenerationState::Retired).await?;
    let Some(retired) = retired.into_iter().next_back() else {
        return Err(RebuildError::NothingRetired(projection.name()));
    };
    let generations = backends.store.of_collection(projection.collection()).generations;
    let live = generations.live(projection.collection()).await?;
    lease.builds(retired.number).await?;
    let number = retired.number;
    let mut builder = Builder::open(projection, backends, lease, retired, progress).await?;
    builder.feed.retry_quarantined().await?;
    builder.feed_to_the_end().await?;
    builder.take_the_place_of(&live).await?;
    Ok(number)
}

/// Drops the retired generations of `projection`. Answers their numbers. Takes the same lease as a rebuild.
pub async fn drop_old(
    projection: &'static Projection,
    backends: &Backends,
) -> Result<Vec<u32>, RebuildError> {
    let backends = &backends.patient();
    let lease = Lease::take(projection, backends).await?;
    let dropped: Result<_, ProjectorError> =
        drop_all(projection, backends, |state| state == GenerationState::Retired, 0).await;
    let state = if dropped.is_ok() { RebuildState::Different } else { RebuildState::Failed };
    let released = lease.release(state, &[]).await;
    let dropped = dropped?;
    released?;
    Ok(dropped)
}
