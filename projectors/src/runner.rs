//! Keeping documents up to date: one task per projection.

pub(crate) mod follow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use platform::shutdown::Shutdown;
use read_models::{ProjectorState, ProjectorStatus};
use tokio::sync::watch;

use crate::Backends;
use crate::error::ProjectorError;
use crate::projection::Projection;
use crate::projections::REGISTRY;

/// Options of the runner.
#[derive(Clone, Debug)]
pub struct Options {
    /// The projections to run; by default all of the registry.
    pub projections: Vec<&'static Projection>,
    /// The most records in a batch.
    pub batch: usize,
    /// How often an idle projector checks whether another generation is live.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { projections: REGISTRY.to_vec(), batch: 1_000, patience: Duration::from_secs(1) }
    }
}

impl Options {
    /// Only projections with these names; [`ProjectorError::Unknown`] for a name without a projection.
    pub fn only(names: &[String]) -> Result<Self, ProjectorError> {
        let find = |name: &String| {
            crate::projections::named(name).ok_or_else(|| ProjectorError::Unknown(name.clone()))
        };
        Ok(Self { projections: names.iter().map(find).collect::<Result<_, _>>()?, ..Self::default() })
    }
}

/// Starts the projections. They stop between two batches once `shutdown` begins.
pub fn run(options: Options, backends: Backends, shutdown: &Shutdown) -> Handle {
    let mut runners = BTreeMap::new();
    for projection in &options.projections {
        let retry = watch::Sender::new(0);
        let trouble = watch::Sender::new(None);
        let follower = follow::Follower {
            projection,
            backends: backends.clone(),
            options: options.clone(),
            retry: retry.subscribe(),
            trouble: trouble.clone(),
            stop: shutdown.token().clone(),
        };
        shutdown.spawn(follower.run());
        runners.insert(projection.name(), Runner { retry, trouble: trouble.subscribe() });
    }
    Handle { runners: Arc::new(runners) }
}

/// A handle on running projectors. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    runners: Arc<BTreeMap<&'static str, Runner>>,
}

struct Runner {
    retry: watch::Sender<u64>,
    /// Why it is stalled right now.
    trouble: watch::Receiver<Option<String>>,
}

impl Handle {
    /// Marks the live generations whose projectors are stalled here, with the reason: what [`crate::status()`] cannot
    /// know.
    pub fn mark_stalled(&self, all: &mut [ProjectorStatus]) {
        for one in all.iter_mut().filter(|one| one.state == ProjectorState::Live) {
            let runner = self.runners.get(one.name.as_str());
            if let Some(trouble) = runner.and_then(|runner| runner.trouble.borrow().clone()) {
                one.state = ProjectorState::Stalled;
                one.last_error = Some(trouble);
            }
        }
    }

    /// Asks a projection to try its quarantined events again soon.
    pub fn retry_quarantined(&self, name: &str) -> Result<(), ProjectorError> {
        let runner = self.runners.get(name).ok_or_else(|| ProjectorError::Unknown(name.to_owned()))?;
        runner.retry.send_modify(|asked| *asked += 1);
        Ok(())
    }
}
