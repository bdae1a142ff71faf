//! The roles of a shop, and keeping them running.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::Positions;
use platform::shutdown::Shutdown;
use query_api::{BoxError, ProjectorSource, ProjectorState, ProjectorStatus};
use reactors::deadlines::Clockwork;
use reactors::learner::Learner;
use reactors::runner::Runner;
use schemas::{Context, Timestamp};

use super::Shop;
use crate::data_dir::Kind;

/// The pause before a role that failed is started again; doubled each time.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest such pause.
const LONGEST: Duration = Duration::from_secs(10);
/// How long the answer to a command is kept for those who repeat it: 30 days, in milliseconds.
const LEDGER_KEPT_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How often older answers are forgotten.
const FORGETTING: Duration = Duration::from_hours(1);

impl Shop {
    /// Starts the choreography: every participant, the local views, and the clockwork of each context.
    pub fn start_reactors(&self) {
        let mut groups: BTreeMap<Context, Vec<&'static str>> = BTreeMap::new();
        for participant in self.participants() {
            groups.entry(participant.context()).or_default().push(participant.name());
            // Nobody takes it for idle before it has begun.
            self.progress.join(participant.name(), &participant.topics(), Positions::new());
            let (bus, progress) = (Arc::clone(&self.bus), self.progress.clone());
            let writer = self.commands.writers().of(participant.context()).clone();
            self.keep_running(participant.name(), move |shutdown| {
                Runner::new(Arc::clone(&participant), Arc::clone(&bus), writer.clone(), progress.clone())
                    .run(shutdown)
            });
        }
        for view in &reactors::learner::VIEWS {
            let (bus, progress) = (Arc::clone(&self.bus), self.progress.clone());
            let writer = self.commands.writers().of(view.context).clone();
            self.keep_running(view.view.name, move |shutdown| {
                Learner::new(view.view, Arc::clone(&bus), writer.clone(), progress.clone()).run(shutdown)
            });
        }
        for (context, groups) in groups {
            let writer = self.commands.writers().of(context).clone();
            let (bus, clock) = (Arc::clone(&self.bus), self.clock.clone());
            let (progress, rules) = (self.progress.clone(), Arc::clone(&self.rules));
            self.keep_running(context.name(), move |shutdown| {
                let (bus, progress, rules) = (Arc::clone(&bus), progress.clone(), Arc::clone(&rules));
                Clockwork::new(writer.clone(), bus, clock.clone(), progress, groups.clone(), rules)
                    .run(shutdown)
            });
        }
    }

    /// Forgets the answers to commands that nobody will repeat any more, once in a while. A shop on imported time keeps them
    /// all, so that an import can be taken up again whenever.
    pub fn start_forgetting(&self) {
        if self.data.kind() == Kind::Imported {
            return;
        }
        let (logs, clock, shutdown) = (self.logs.clone(), self.clock.clone(), self.shutdown.clone());
        self.shutdown.spawn(async move {
            loop {
                let before = Timestamp::from_millis(clock.now().as_millis().saturating_sub(LEDGER_KEPT_MILLIS));
                for log in &logs {
                    if let Err(error) = log.prune_ledger(before).await {
                        tracing::error!(context = %log.context(), error = %Chain(&error), "the ledger was not pruned");
                    }
                }
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = tokio::time::sleep(FORGETTING) => {}
                }
            }
        });
    }

    /// Starts the projectors.
    pub fn start_projectors(&self) -> Arc<projectors::Handle> {
        Arc::new(projectors::run(projectors::Options::default(), self.backends(), &self.shutdown))
    }

    /// The projectors of this process as the query API asks for them.
    pub fn projector_source(handle: Option<Arc<projectors::Handle>>) -> Arc<dyn ProjectorSource> {
        match handle {
            Some(handle) => Arc::new(OwnProjectors(handle)),
            None => Arc::new(query_api::NoProjectors),
        }
    }

    /// Runs a role until the shutdown begins, and starts it again when it fails: what failed (a full disk, a store that is
    /// gone) may be there again, and every role goes on where it was.
    fn keep_running<R, F, E>(&self, name: &'static str, role: R)
    where
        R: Fn(Shutdown) -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let shutdown = self.shutdown.clone();
        self.shutdown.spawn(async move {
            let mut pause = PAUSE;
            loop {
                let Err(error) = role(shutdown.clone()).await else { return };
                tracing::error!(role = name, error = %Chain(&error), "stopped; starting again");
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST),
                }
            }
        });
    }
}

/// An error with its causes.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'a));

impl Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

struct OwnProjectors(Arc<projectors::Handle>);

#[async_trait]
impl ProjectorSource for OwnProjectors {
    async fn projectors(&self) -> Result<Vec<ProjectorStatus>, BoxError> {
        Ok(self.0.status().await?.into_iter().map(shown).collect())
    }
}

/// A projection's status in the words of the query API.
fn shown(status: projectors::ProjectorStatus) -> ProjectorStatus {
    ProjectorStatus {
        name: status.name.to_owned(),
        store: "sqlite".to_owned(),
        shape: 1,
        generation: status.generation,
        state: match status.state {
            projectors::ProjectorState::Stalled => ProjectorState::Stopped,
            _ => ProjectorState::Live,
        },
        lag_events: status.lag_events,
        lag_seconds: status.lag_seconds,
        events_per_second: 0.0,
        rebuild_progress: status.rebuild_progress,
        rebuild_eta_seconds: None,
        held_streams: status.held_events,
        last_error: status.last_error,
    }
}
