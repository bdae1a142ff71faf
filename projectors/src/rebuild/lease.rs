//! Who may rebuild a projection: one at a time, over all processes. The lease is a document whose version is compared and
//! set; while it is held a heartbeat renews it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use platform::clock::Clock;
use read_models::documents::rebuilds::{REBUILDS, Rebuild};
use read_models::{Checkpoint, Generation, Store, Write};
use schemas::Timestamp;
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::RebuildError;
use super::progress::Meter;
use crate::Backends;
use crate::error::{ProjectorError, chain};
use crate::projection::Projection;

const HEARTBEAT: Duration = Duration::from_secs(2);
/// Who is silent for longer was killed.
const SILENCE: Duration = Duration::from_secs(20);

/// Whether somebody is at this rebuild right now.
pub(crate) fn is_alive(rebuild: &Rebuild, now: Timestamp) -> bool {
    let seen: Option<Timestamp> = rebuild.alive_at.parse().ok();
    rebuild.state == "RUNNING" && seen.is_some_and(|seen| now.since(seen) < SILENCE)
}

pub(super) struct Lease {
    projection: &'static Projection,
    shared: Arc<Shared>,
    /// Ends with the lease.
    heartbeat: AbortOnDropHandle<()>,
}

struct Shared {
    store: Store,
    clock: Clock,
    generation: Generation,
    /// The document and its version, as it was written last.
    document: Mutex<(Rebuild, u64)>,
    builds: AtomicU32,
    done: AtomicU64,
    total: AtomicU64,
    overtaken: AtomicBool,
}

impl Lease {
    pub(super) async fn take(
        projection: &'static Projection,
        backends: &Backends,
    ) -> Result<Self, RebuildError> {
        let store = backends.store.clone();
        let name = projection.name();
        let generation = store.generations().live(&REBUILDS).await?;
        let found =
            store.load::<Rebuild>(&generation, &[name.to_owned()]).await?.into_iter().flatten().next();
        let (now, version) = (backends.clock.now(), found.as_ref().map_or(0, |document| document.version));
        let last = found.and_then(|document| document.value);
        let running = |alive_at: String| RebuildError::Running { projection: name, alive_at };
        if let Some(other) = last.filter(|last| is_alive(last, now)) {
            return Err(running(other.alive_at));
        }
        let document = Rebuild {
            collection: name.to_owned(),
            generation: 0,
            owner: Uuid::new_v4().to_string(),
            state: "RUNNING".to_owned(),
            done: 0,
            total: 0,
            differences: Vec::new(),
            started_at: now.to_string(),
            alive_at: now.to_string(),
        };
        let shared = Arc::new(Shared {
            store,
            clock: backends.clock.clone(),
            generation,
            document: Mutex::new((document, version)),
            builds: AtomicU32::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            overtaken: AtomicBool::new(false),
        });
        if !shared.renew(|_| {}).await? {
            return Err(running(now.to_string()));
        }
        let heartbeat = AbortOnDropHandle::new(tokio::spawn(beat(shared.clone(), name)));
        Ok(Self { projection, shared, heartbeat })
    }

    pub(super) fn builds(&self, generation: u32) {
        self.shared.builds.store(generation, Ordering::Relaxed);
    }

    /// Says how far it is, with the next heartbeat.
    pub(super) fn done(&self, meter: &Meter) -> Result<(), RebuildError> {
        let progress = meter.progress();
        self.shared.done.store(progress.done, Ordering::Relaxed);
        self.shared.total.store(progress.total, Ordering::Relaxed);
        if self.shared.overtaken.load(Ordering::Relaxed) {
            return Err(RebuildError::Overtaken(self.projection.name()));
        }
        Ok(())
    }

    /// Makes sure that it is still held.
    pub(super) async fn confirm(&self) -> Result<(), RebuildError> {
        if self.shared.renew(|_| {}).await? {
            Ok(())
        } else {
            Err(RebuildError::Overtaken(self.projection.name()))
        }
    }

    /// Ends it, unless somebody else has it.
    pub(super) async fn release(self, state: &str, differences: &[String]) -> Result<(), RebuildError> {
        drop(self.heartbeat);
        let ended = |document: &mut Rebuild| {
            document.state = state.to_owned();
            document.differences = differences.to_vec();
        };
        if !self.shared.renew(ended).await? {
            tracing::warn!(projection = self.projection.name(), "another rebuild took over");
        }
        Ok(())
    }
}

impl Shared {
    /// Writes the next version of the document; false when somebody else did.
    async fn renew(&self, change: impl FnOnce(&mut Rebuild) + Send) -> Result<bool, ProjectorError> {
        let mut held = self.document.lock().await;
        let (document, version) = &mut *held;
        document.alive_at = self.clock.now().to_string();
        document.generation = self.builds.load(Ordering::Relaxed);
        document.done = self.done.load(Ordering::Relaxed);
        document.total = self.total.load(Ordering::Relaxed);
        change(document);
        let write = Write {
            id: document.collection.clone(),
            version: *version + 1,
            body: Some(serde_json::to_string(document)?),
            stale: false,
        };
        let kept = self.store.documents().write(&self.generation, &[write], &Checkpoint::new()).await?;
        if kept != [true] {
            self.overtaken.store(true, Ordering::Relaxed);
            return Ok(false);
        }
        *version += 1;
        Ok(true)
    }
}

async fn beat(shared: Arc<Shared>, name: &'static str) {
    loop {
        shared.clock.sleep_until(shared.clock.now().plus(HEARTBEAT)).await;
        match shared.renew(|_| {}).await {
            Ok(true) => {}
            Ok(false) => return,
            // The rebuild itself meets the same trouble and says so.
            Err(error) => {
                tracing::warn!(projection = name, problem = chain(&error), "no sign of life written")
            }
        }
    }
}
