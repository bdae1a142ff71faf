//! One projection, batch by batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use platform::bus::{Consumer, Delivery, Positions, Start, Subscription};
use read_models::{Checkpoint, Generation, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Options;
use crate::Backends;
use crate::error::{ProjectorError, chain};
use crate::feed::Feed;
use crate::positions::{StorePositions, checkpoint, covers};
use crate::projection::Projection;

/// Pauses after an error: from the first, doubled up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Positions that moved without records are written when one moved this far, or when it is quiet for so long: a projector
/// that has nothing to do leaves the disk alone while others are busy.
const FAR: u64 = 1_000;
const QUIET: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_millis(50);

pub(super) struct Follower {
    pub(super) projection: &'static Projection,
    pub(super) backends: Backends,
    pub(super) options: Options,
    pub(super) retry: watch::Receiver<u64>,
    pub(super) trouble: watch::Sender<Option<String>>,
    pub(super) stop: CancellationToken,
}

/// Why following a generation ended.
enum Ended {
    Stopped,
    /// Another generation is live, or the store went back to an earlier moment.
    Moved,
}

/// What comes next.
enum Next {
    Stop,
    Retry,
    Batch(Delivery),
}

impl Follower {
    pub(super) async fn run(mut self) {
        let mut pause = PAUSES.0;
        loop {
            let mut went_well = false;
            match self.follow(&mut went_well).await {
                Ok(Ended::Stopped) => return,
                Ok(Ended::Moved) => {}
                // The generation was dropped behind our back, so another one is live.
                Err(ProjectorError::Store(StoreError::NoGeneration(_))) if went_well => {}
                Err(error) => {
                    if went_well {
                        pause = PAUSES.0;
                    }
                    let problem = chain(&error);
                    tracing::error!(
                        projection = self.projection.name(),
                        problem,
                        ?pause,
                        "stalled; trying again"
                    );
                    self.trouble.send_replace(Some(problem));
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    /// Says in `went_well` that a batch was taken in.
    async fn follow(&mut self, went_well: &mut bool) -> Result<Ended, ProjectorError> {
        let Backends { store, bus, source, .. } = &self.backends;
        let live = store.generations().live(self.projection.collection()).await?;
        let feed = Feed::open(self.projection, live, store, source).await?;
        feed.retry_held().await?;
        let mut written = store.documents().positions(&feed.generation).await?;
        let mut consumer =
            bus.subscribe(subscription(self.projection, &self.backends, &feed.generation)).await?;
        tracing::debug!(
            projection = self.projection.name(),
            generation = feed.generation.number,
            "following"
        );
        let mut pending = Positions::new();
        loop {
            let patience = if pending.is_empty() { self.options.patience } else { QUIET };
            let next = self.next(consumer.as_mut(), patience).await?;
            if self.moved(&feed, &written).await? {
                return Ok(Ended::Moved);
            }
            match next {
                Next::Stop => return Ok(Ended::Stopped),
                Next::Retry => drop(feed.retry_held().await?),
                Next::Batch(delivery) => {
                    let quiet = delivery.positions.is_empty();
                    pending.extend(delivery.positions);
                    let positions = checkpoint(&pending);
                    let due = !pending.is_empty() && (quiet || far(&written, &positions));
                    if delivery.records.is_empty() && !due {
                        continue;
                    }
                    let began = Instant::now();
                    feed.apply(&delivery.records, &positions).await?;
                    tracing::debug!(
                        projection = self.projection.name(),
                        records = delivery.records.len(),
                        taken = ?began.elapsed(),
                        "taken in"
                    );
                    written.extend(positions);
                    consumer.commit(&std::mem::take(&mut pending)).await?;
                    if delivery.records.len() < self.options.batch {
                        self.rest(began.elapsed()).await;
                    }
                }
            }
            *went_well = true;
            self.trouble.send_if_modified(|trouble| trouble.take().is_some());
        }
    }

    /// After a batch that took so long. Many projectors that jump at every record keep each other, and everybody else, from
    /// working: what comes meanwhile is taken in together.
    async fn rest(&self, taken: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep((taken * 2).min(LONGEST_REST)) => {}
        }
    }

    async fn next(
        &mut self,
        consumer: &mut dyn Consumer,
        patience: Duration,
    ) -> Result<Next, ProjectorError> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Ok(Next::Stop),
            // The handle may be gone; then nobody asks any more.
            Ok(()) = self.retry.changed() => Ok(Next::Retry),
            delivery = consumer.next(self.options.batch, patience) => Ok(Next::Batch(delivery?)),
        }
    }

    /// Whether this generation, from these positions, is not what is to be fed any more.
    async fn moved(&self, feed: &Feed, written: &Checkpoint) -> Result<bool, ProjectorError> {
        let store = &self.backends.store;
        let live = store.generations().live(self.projection.collection()).await?;
        if live != feed.generation {
            tracing::info!(
                projection = self.projection.name(),
                generation = live.number,
                "another one is live now"
            );
            return Ok(true);
        }
        let back = !covers(&store.documents().positions(&live).await?, written);
        if back {
            tracing::warn!(
                projection = self.projection.name(),
                "the store went back: catching up from there"
            );
        }
        Ok(back)
    }
}

fn far(written: &Checkpoint, positions: &Checkpoint) -> bool {
    positions
        .iter()
        .any(|(key, position)| position.saturating_sub(written.get(key).copied().unwrap_or(0)) >= FAR)
}

/// The group of a generation, which goes on where the store says.
pub(crate) fn subscription(
    projection: &Projection,
    backends: &Backends,
    generation: &Generation,
) -> Subscription {
    Subscription {
        group: format!("projector-{}-v{}-g{}", projection.name(), generation.shape, generation.number),
        topics: projection.topics().to_vec(),
        start: Start::Beginning,
        resume: Arc::new(StorePositions { store: backends.store.clone(), generation: generation.clone() }),
    }
}
