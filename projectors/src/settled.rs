//! Waiting until projections have caught up.

use std::time::Duration;

use platform::bus::{Bus, covers};
use read_models::Store;
use tokio::time::Instant;

use crate::error::ProjectorError;
use crate::positions::ends;
use crate::projection::Projection;

/// Waits until the live documents of all `projections` contain everything that is on their topics now. Quarantined events
/// count as contained. [`ProjectorError::Behind`] after `timeout`.
pub async fn caught_up(
    store: &Store,
    bus: &dyn Bus,
    projections: &[&'static Projection],
    timeout: Duration,
) -> Result<(), ProjectorError> {
    let deadline = Instant::now() + timeout;
    let mut wanted = Vec::with_capacity(projections.len());
    for projection in projections {
        wanted.push(ends(&bus.topics(projection.topics()).await?));
    }
    for (projection, wanted) in projections.iter().zip(wanted) {
        let documents = store.of_collection(projection.collection());
        let mut since = None;
        loop {
            let live = documents.generations.live(projection.collection()).await?;
            if covers(&documents.keyed.positions(&live).await?, &wanted) {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ProjectorError::Behind { projection: projection.name(), waited: timeout });
            }
            since = Some(documents.keyed.changed(projection.name(), since.as_ref(), left).await?);
        }
    }
    Ok(())
}
