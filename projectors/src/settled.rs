//! Waiting until projections have caught up.

use std::time::Duration;

use platform::bus::Bus;
use read_models::Store;
use tokio::time::Instant;

use crate::error::ProjectorError;
use crate::positions::{covers, ends};
use crate::projection::Projection;

/// Waits until the live documents of all `projections` hold everything that is on their topics now, at most `patience`; then
/// answers [`ProjectorError::Behind`]. What waits because it cannot be digested counts as done.
pub async fn caught_up(
    store: &Store,
    bus: &dyn Bus,
    projections: &[&'static Projection],
    patience: Duration,
) -> Result<(), ProjectorError> {
    let deadline = Instant::now() + patience;
    let mut wanted = Vec::with_capacity(projections.len());
    for projection in projections {
        wanted.push(ends(&bus.topics(projection.topics()).await?));
    }
    for (projection, wanted) in projections.iter().zip(wanted) {
        let mut since = 0;
        loop {
            let live = store.generations().live(projection.collection()).await?;
            if covers(&store.documents().positions(&live).await?, &wanted) {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ProjectorError::Behind { projection: projection.name(), waited: patience });
            }
            since = store.documents().changed(projection.name(), since, left).await;
        }
    }
    Ok(())
}
