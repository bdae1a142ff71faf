//! The status of all projectors and reactors, from the stores and the bus: any process can report it, even one that
//! runs none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use domain::policies::{REACTORS, ReactorSpec};
use event_log::port::{Log, ParkedRecord};
use parking_lot::Mutex;
use platform::bus::lag::{Ends, Lag};
use platform::bus::{Positions, decode_positions, passed};
use platform::error::Chain;
use projectors::{Backends, REGISTRY};
use query_api::{BoxError, StatusSource};
use reactors::progress::Progress;
use read_models::{ProjectorStatus, ReactorStatus};
use schemas::{Context, Topic};

use super::Shop;

/// The most parked events of a context that are counted.
const COUNTED: usize = 1_000;
/// How long the query API returns the same status, regardless of the number of requests.
const FRESH: Duration = Duration::from_secs(1);

/// The projectors that this process runs.
pub(super) type Running = Arc<Mutex<Vec<Arc<projectors::Handle>>>>;

/// Reads statuses. Cheap to clone.
#[derive(Clone)]
pub struct StatusReader {
    backends: Backends,
    logs: Vec<Arc<dyn Log>>,
    /// Positions that reactors of this process have reached and may not have stored yet.
    progress: Progress,
    running: Running,
}

impl Shop {
    /// The status of every generation of every projection, and of every reactor, whichever processes run them. Reads
    /// only; without a lag it costs a few small reads per projection and reactor; for a topic that is behind, it
    /// reads at most 1 000 records.
    pub async fn statuses(&self) -> Result<(Vec<ProjectorStatus>, Vec<ReactorStatus>)> {
        let reader = self.status_reader();
        Ok((reader.projectors().await?, reader.reactors().await?))
    }

    /// Reads the same, independently of the shop's life.
    pub fn status_reader(&self) -> StatusReader {
        StatusReader {
            backends: self.backends(),
            logs: self.logs.clone(),
            progress: self.progress.clone(),
            running: Arc::clone(&self.running),
        }
    }
}

impl StatusReader {
    /// For a process that runs no part of the shop.
    pub fn outside(backends: Backends, logs: &[Arc<dyn Log>]) -> Self {
        Self { backends, logs: logs.to_vec(), progress: Progress::default(), running: Running::default() }
    }

    /// The status of every generation of every projection.
    pub async fn projectors(&self) -> Result<Vec<ProjectorStatus>> {
        let mut all = projectors::status(&self.backends, &REGISTRY).await?;
        for handle in self.running.lock().iter() {
            handle.mark_stalled(&mut all);
        }
        Ok(all)
    }

    /// The status of every reactor. If the bus does not answer, lags are `None`.
    pub async fn reactors(&self) -> Result<Vec<ReactorStatus>> {
        let mut parked = BTreeMap::new();
        for log in &self.logs {
            parked.insert(log.context(), log.parked(None, COUNTED).await?);
        }
        let ends = match self.backends.bus.ends(&Topic::ALL).await {
            Ok(ends) => Some(ends),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "could not read the lag of the reactors");
                None
            }
        };
        let here = self.progress.groups();
        let mut all = Vec::with_capacity(REACTORS.len());
        for spec in REACTORS {
            let mut positions = self.stored(spec).await?;
            for (partition, position) in here.get(spec.name).into_iter().flatten() {
                let reached = positions.entry(*partition).or_default();
                *reached = (*reached).max(*position);
            }
            let waiting = parked.get(&spec.context).map(Vec::as_slice).unwrap_or_default();
            all.push(self.of(spec, positions, ends.as_ref(), waiting).await);
        }
        Ok(all)
    }

    async fn stored(&self, spec: &ReactorSpec) -> Result<Positions> {
        let log = |context: Context| self.logs.iter().find(|log| log.context() == context);
        match log(spec.context) {
            Some(log) => Ok(decode_positions(log.group(spec.name).await?.0)),
            None => Ok(Positions::new()),
        }
    }

    async fn of(
        &self,
        spec: &ReactorSpec,
        positions: Positions,
        ends: Option<&Ends>,
        parked: &[ParkedRecord],
    ) -> ReactorStatus {
        let own = || parked.iter().filter(|record| record.reactor == spec.name);
        let lag = match ends {
            Some(ends) => Lag::of(self.backends.bus.as_ref(), &spec.topics(), ends, &positions).await,
            None => return status(spec, positions, None, own),
        };
        match lag {
            Ok(lag) => {
                let seconds = lag.seconds(self.backends.clock.now());
                status(spec, positions, Some((lag.records, seconds)), own)
            }
            Err(error) => {
                tracing::warn!(reactor = spec.name, error = %Chain(&error), "could not read the lag of the reactor");
                status(spec, positions, None, own)
            }
        }
    }
}

fn status<'a, I: Iterator<Item = &'a ParkedRecord>>(
    spec: &ReactorSpec,
    positions: Positions,
    lag: Option<(u64, f64)>,
    parked: impl Fn() -> I,
) -> ReactorStatus {
    let streams: BTreeSet<&str> = parked().map(|record| record.envelope.stream.as_str()).collect();
    ReactorStatus {
        name: spec.name.to_owned(),
        context: spec.context.name(),
        positions,
        lag_events: lag.map(|(events, _)| events),
        lag_seconds: lag.map(|(_, seconds)| seconds),
        parked_streams: streams.len() as u64,
        parked_events: parked().count() as u64,
    }
}

/// A value and when it was read.
type Kept<T> = tokio::sync::Mutex<Option<(Instant, Vec<T>)>>;

/// The statuses as the query API asks for them, read at most once per [`FRESH`].
pub(crate) struct Statuses {
    reader: StatusReader,
    projectors: Kept<ProjectorStatus>,
    reactors: Kept<ReactorStatus>,
}

impl Statuses {
    pub(crate) fn of(shop: &Shop) -> Self {
        Self { reader: shop.status_reader(), projectors: Kept::default(), reactors: Kept::default() }
    }
}

#[async_trait]
impl StatusSource for Statuses {
    async fn projectors(&self) -> Result<Vec<ProjectorStatus>, BoxError> {
        fresh(&self.projectors, self.reader.projectors()).await
    }

    async fn reactors(&self) -> Result<Vec<ReactorStatus>, BoxError> {
        fresh(&self.reactors, self.reader.reactors()).await
    }

    async fn passed(&self, reached: &Positions, wanted: &Positions) -> Result<Positions, BoxError> {
        Ok(passed(self.reader.backends.bus.as_ref(), reached, wanted).await?)
    }
}

async fn fresh<T: Clone>(
    kept: &Kept<T>,
    read: impl Future<Output = Result<Vec<T>>>,
) -> Result<Vec<T>, BoxError> {
    let mut kept = kept.lock().await;
    if let Some((_, all)) = kept.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
        return Ok(all.clone());
    }
    let all = read.await?;
    *kept = Some((Instant::now(), all.clone()));
    Ok(all)
}
