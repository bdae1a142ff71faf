//! The lease of a rebuild: one rebuild of a projection at a time, over all processes. The lease is the rebuild's record, which
//! is changed by compare-and-set; a heartbeat renews it.
//!
//! A write may land although its caller has seen an error, or no longer waits: a call of a store runs on when its caller goes
//! away. So a refused compare-and-set does not mean that another rebuild took over. Only a record with another owner does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use platform::clock::Clock;
use platform::error::Chain;
use read_models::{Rebuild, RebuildState, Rebuilds};
use schemas::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::RebuildError;
use super::progress::{Meter, Phase, Progress};
use crate::Backends;
use crate::error::ProjectorError;
use crate::projection::Projection;

const HEARTBEAT: Duration = Duration::from_secs(2);
/// A rebuild without a heartbeat for longer than this counts as dead.
const SILENCE: Duration = Duration::from_secs(20);

/// Whether this rebuild is running now.
pub(crate) fn is_alive(rebuild: &Rebuild, now: Timestamp) -> bool {
    let seen: Option<Timestamp> = rebuild.alive_at.parse().ok();
    rebuild.state == RebuildState::Running && seen.is_some_and(|seen| now.since(seen) < SILENCE)
}

pub(super) struct Lease {
    projection: &'static Projection,
    shared: Arc<Shared>,
    /// Stops when the lease is dropped.
    heartbeat: AbortOnDropHandle<()>,
}

struct Shared {
    rebuilds: Arc<dyn Rebuilds>,
    clock: Clock,
    /// The record and its revision, as written last.
    record: Mutex<(Rebuild, u64)>,
    builds: AtomicU32,
    /// As of the last batch.
    progress: watch::Sender<Option<Progress>>,
    overtaken: AtomicBool,
}

impl Lease {
    pub(super) async fn take(
        projection: &'static Projection,
        backends: &Backends,
    ) -> Result<Self, RebuildError> {
        let (name, now) = (projection.name(), backends.clock.now());
        let rebuilds = Arc::clone(&backends.store.rebuilds);
        let (last, revision) =
            rebuilds.rebuild(name).await?.map_or((None, 0), |(last, revision)| (Some(last), revision));
        let running = |alive_at: String| RebuildError::Running { projection: name, alive_at };
        if let Some(other) = last.filter(|last| is_alive(last, now)) {
            return Err(running(other.alive_at));
        }
        let record = Rebuild {
            collection: name.to_owned(),
            generation: 0,
            owner: Uuid::new_v4().to_string(),
            state: RebuildState::Running,
            done: 0,
            total: 0,
            events_per_second: None,
            differences: Vec::new(),
            started_at: now.to_string(),
            alive_at: now.to_string(),
        };
        let shared = Arc::new(Shared {
            rebuilds,
            clock: backends.clock.clone(),
            record: Mutex::new((record, revision)),
            builds: AtomicU32::new(0),
            progress: watch::Sender::new(None),
            overtaken: AtomicBool::new(false),
        });
        if !shared.renew(|_| {}).await? {
            return Err(running(now.to_string()));
        }
        let heartbeat = AbortOnDropHandle::new(tokio::spawn(beat(shared.clone(), name)));
        Ok(Self { projection, shared, heartbeat })
    }

    /// Records at once which generation is built. Fails if another rebuild has taken the lease.
    pub(super) async fn builds(&self, generation: u32) -> Result<(), RebuildError> {
        self.shared.builds.store(generation, Ordering::Relaxed);
        self.confirm().await
    }

    /// Sets the progress that the next heartbeat reports.
    pub(super) fn done(&self, meter: &Meter) -> Result<(), RebuildError> {
        self.shared.progress.send_replace(Some(meter.progress(Phase::Building)));
        if self.shared.overtaken.load(Ordering::Relaxed) {
            return Err(RebuildError::Overtaken(self.projection.name()));
        }
        Ok(())
    }

    /// Fails if another rebuild has taken the lease.
    pub(super) async fn confirm(&self) -> Result<(), RebuildError> {
        if self.shared.renew(|_| {}).await? {
            Ok(())
        } else {
            Err(RebuildError::Overtaken(self.projection.name()))
        }
    }

    /// Releases the lease, unless another rebuild has taken it.
    pub(super) async fn release(
        self,
        state: RebuildState,
        differences: &[String],
    ) -> Result<(), RebuildError> {
        drop(self.heartbeat);
        let ended = |record: &mut Rebuild| {
            record.state = state;
            record.differences = differences.to_vec();
        };
        if !self.shared.renew(ended).await? {
            tracing::warn!(projection = self.projection.name(), "another rebuild took over");
        }
        Ok(())
    }
}

impl Shared {
    /// Writes the next revision of the record; false if another rebuild has taken it.
    async fn renew(&self, change: impl FnOnce(&mut Rebuild) + Send) -> Result<bool, ProjectorError> {
        let mut held = self.record.lock().await;
        let (record, revision) = &mut *held;
        record.alive_at = self.clock.now().to_string();
        record.generation = self.builds.load(Ordering::Relaxed);
        let progress = *self.progress.borrow();
        if let Some(progress) = progress {
            record.done = progress.done;
            record.total = progress.total;
            record.events_per_second = Some(progress.rate);
        }
        change(record);
        while !self.rebuilds.put_rebuild(record, *revision).await? {
            let stored = self.rebuilds.rebuild(&record.collection).await?;
            // Of this rebuild, or lost with everything else that the store has lost.
            let free = stored.as_ref().is_none_or(|(stored, _)| stored.owner == record.owner);
            let stored = stored.map_or(0, |(_, revision)| revision);
            if !free || stored == *revision {
                self.overtaken.store(true, Ordering::Relaxed);
                return Ok(false);
            }
            *revision = stored;
        }
        *revision += 1;
        Ok(true)
    }
}

async fn beat(shared: Arc<Shared>, name: &'static str) {
    loop {
        shared.clock.sleep_until(shared.clock.now().plus(HEARTBEAT)).await;
        match shared.renew(|_| {}).await {
            Ok(true) => {}
            Ok(false) => return,
            // The rebuild meets the same problem and fails with it.
            Err(error) => {
                tracing::warn!(
                    projection = name,
                    problem = %Chain(&error),
                    "could not renew the rebuild lease"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
