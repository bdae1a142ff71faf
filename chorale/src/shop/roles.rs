//! The roles of a shop, and keeping them running.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use domain::policies::{REACTORS, ReactorKind, ReactorSpec, contexts_with_deadlines};
use event_log::relay::{self, Relay};
use futures_util::FutureExt;
use platform::backoff::Backoff;
use platform::bus::Positions;
use platform::clock::Clock;
use platform::error::Chain;
use platform::shutdown::Shutdown;
use platform::signing::Signer;
use reactors::deadline_scheduler::DeadlineScheduler;
use reactors::local_view_updater::LocalViewUpdater;
use reactors::runner::Runner;
use schemas::audit::{LogHead, LogHeadSigned};
use schemas::{Context, Timestamp, topics};

use super::Shop;
use crate::shop_properties::Kind;

/// The pause before a failed role is restarted. It doubles with each failure.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest such pause.
const LONGEST: Duration = Duration::from_secs(10);
/// How long the ledger keeps the answer to a command: 30 days, in milliseconds.
const LEDGER_KEPT_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// The interval at which older answers are deleted.
const PRUNE_INTERVAL: Duration = Duration::from_hours(1);

/// The chosen names; all if none is named.
#[derive(Clone, Debug, Default)]
pub struct Only(Vec<String>);

impl Only {
    /// Only these. A name that is not among `known` is refused; the error lists the known ones.
    pub fn named(names: &[String], known: &[&str], what: &str) -> Result<Self> {
        match names.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => bail!("there is no {what} {name:?}; there are: {}", known.join(", ")),
            None => Ok(Self(names.to_vec())),
        }
    }

    /// Whether one of these names is chosen.
    fn means(&self, names: &[&str]) -> bool {
        self.0.is_empty() || self.0.iter().any(|one| names.contains(&one.as_str()))
    }
}

impl Shop {
    /// The names by which reactors can be chosen: contexts, and single reactors.
    pub fn reactor_names() -> Vec<&'static str> {
        let contexts = Context::ALL.into_iter().map(Context::name);
        contexts.chain(REACTORS.iter().map(|reactor| reactor.name)).collect()
    }

    /// Starts the chosen reactors, and the deadline scheduler of every context that has deadlines: a deadline must pass
    /// whether or not its context has a reactor here. On imported time the import is the clock.
    pub fn start_reactors(&self, only: &Only) {
        self.expect_all_reactors();
        let chosen = |reactor: &ReactorSpec| only.means(&[reactor.name, reactor.context.name()]);
        for reactor in reactors::all(&self.rules, &self.sealer, &self.adapters) {
            let spec = reactor.spec();
            if !chosen(spec) {
                continue;
            }
            let (bus, progress) = (Arc::clone(&self.bus), self.progress.clone());
            let writer = self.commands.writers().of(spec.context).clone();
            self.keep_running(spec.name, move |shutdown| {
                Runner::new(Arc::clone(&reactor), Arc::clone(&bus), writer.clone(), progress.clone())
                    .run(shutdown)
            });
        }
        for spec in REACTORS.iter().filter(|spec| chosen(spec)) {
            let ReactorKind::View(view) = spec.kind else { continue };
            let (bus, progress) = (Arc::clone(&self.bus), self.progress.clone());
            let writer = self.commands.writers().of(spec.context).clone();
            self.keep_running(spec.name, move |shutdown| {
                LocalViewUpdater::new(view, Arc::clone(&bus), writer.clone(), progress.clone()).run(shutdown)
            });
        }
        if self.keeps_time {
            self.start_deadline_schedulers();
        }
    }

    /// Starts the deadline scheduler of every context that has deadlines. By itself it is for a process that drives the clock
    /// of a shop whose reactors run elsewhere.
    pub fn start_deadline_schedulers(&self) {
        for context in contexts_with_deadlines() {
            let writer = self.commands.writers().of(context).clone();
            let (bus, clock) = (Arc::clone(&self.bus), self.clock.clone());
            let (progress, rules) = (self.progress.clone(), Arc::clone(&self.rules));
            self.keep_running(context.name(), move |shutdown| {
                let (bus, progress, rules) = (Arc::clone(&bus), progress.clone(), Arc::clone(&rules));
                DeadlineScheduler::new(writer.clone(), bus, clock.clone(), progress, rules).run(shutdown)
            });
        }
    }

    /// From now on a reactor that has not started yet, here or in another process, counts as behind.
    pub(super) fn expect_all_reactors(&self) {
        for reactor in REACTORS {
            self.progress.join(reactor.name, reactor.context, &reactor.topics(), Positions::new());
        }
    }

    /// Starts a relay per log. `false`: the logs are the bus, so there is nothing to relay. A relay that must not continue
    /// ends the process: see [`Shop::failed`].
    pub async fn start_relays(&self) -> Result<bool> {
        let Some(relayed) = &self.relayed else { return Ok(false) };
        relayed.ensure(&topics::names()).await?;
        let sign = self.signer()?;
        for log in &self.logs {
            let relayed = Arc::clone(relayed);
            let options = relay::Options { partitions: relayed.partitions(), ..relay::Options::default() };
            let publishers: relay::Publishers = Arc::new(move |context| relayed.publisher(context));
            // The marks state commit times, which are real also where the events are on imported time.
            let mut relay = Relay::new(Arc::clone(log), publishers, Clock::system(), options);
            if let Some(sign) = &sign {
                relay = relay.signing(Arc::clone(sign));
            }
            let (shutdown, fault) = (self.shutdown.clone(), self.fault.clone());
            self.shutdown.spawn(async move {
                if let Err(error) = relay.run(shutdown).await {
                    fault.send_replace(Some(Chain(&error).to_string()));
                }
            });
        }
        Ok(true)
    }

    /// Signs the heads of the logs, if there is a key.
    fn signer(&self) -> Result<Option<relay::Sign>> {
        let Some(key) = self.locations.audit_key() else {
            tracing::info!("log heads are not signed: CHORALE_AUDIT_KEY is not set");
            return Ok(None);
        };
        let signer = Signer::from_env_text(key)?;
        Ok(Some(Arc::new(move |head: LogHead| {
            let (key_id, signature) = (signer.key_id(), signer.sign(&head.text()));
            LogHeadSigned { head, key_id, signature }
        })))
    }

    /// Deletes old answers to commands from the ledgers, at intervals. A shop on imported time keeps all of them, so that an
    /// import can be resumed at any time.
    pub fn start_forgetting(&self) {
        if self.kind == Kind::Imported {
            return;
        }
        let (logs, clock, shutdown) = (self.logs.clone(), self.clock.clone(), self.shutdown.clone());
        self.shutdown.spawn(async move {
            loop {
                let before = Timestamp::from_millis(clock.now().as_millis().saturating_sub(LEDGER_KEPT_MILLIS));
                for log in &logs {
                    if let Err(error) = log.prune_ledger(before).await {
                        tracing::error!(context = %log.context(), error = %Chain(&error), "could not prune the ledger");
                    }
                }
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = tokio::time::sleep(PRUNE_INTERVAL) => {}
                }
            }
        });
    }

    /// Starts the projectors with these names; all if none is named.
    pub fn start_projectors(&self, only: &[String]) -> Result<Arc<projectors::Handle>> {
        let options =
            if only.is_empty() { projectors::Options::default() } else { projectors::Options::only(only)? };
        let handle = Arc::new(projectors::run(options, self.backends(), &self.shutdown));
        self.running.lock().push(Arc::clone(&handle));
        Ok(handle)
    }

    /// Runs a role until the shutdown begins, and restarts it when it fails: the cause (a full disk, an unreachable store) may
    /// be gone by then, and every role resumes where it stopped.
    fn keep_running<R, F, E>(&self, name: &'static str, role: R)
    where
        R: Fn(Shutdown) -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let shutdown = self.shutdown.clone();
        self.shutdown.spawn(async move {
            let mut backoff = Backoff::new(PAUSE, LONGEST);
            loop {
                let began = Instant::now();
                match AssertUnwindSafe(role(shutdown.clone())).catch_unwind().await {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => {
                        tracing::error!(role = name, error = %Chain(&error), "role failed; restarting");
                    }
                    // The panic hook has logged the message.
                    Err(_) => tracing::error!(role = name, "role panicked; restarting"),
                }
                backoff.reset_after(began.elapsed());
                if !backoff.pause(shutdown.token()).await {
                    return;
                }
            }
        });
    }
}
