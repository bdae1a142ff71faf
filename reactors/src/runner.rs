//! Runs a reactor: reads its topics, submits its answers, stores its positions, parks records that cannot be handled.
//!
//! Streams are handled concurrently, so that the writer records many answers with one flush; the events of a stream are
//! handled one after another. A position is stored only after all records before it are answered or parked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::port::LogError;
use event_log::request::WriteError;
use event_log::writer::{Note, Writer};
use futures_util::{StreamExt, stream};
use platform::bus::{Bus, BusError, Consumer, Delivery, Positions, Record, Start, Subscription};
use platform::shutdown::Shutdown;
use schemas::{StreamId, Topic};

use self::parked_streams::ParkedStreams;
use crate::positions::noted;
use crate::progress::{Progress, ProgressError};
use crate::reactor::Reactor;

mod handling;
mod parked_streams;
mod redriving;

pub use redriving::redrive_request;

/// Records per read.
const DELIVERY: usize = 1_000;
/// Streams that are handled concurrently.
const CONCURRENT: usize = 256;
/// The longest wait for records.
const PATIENCE: Duration = Duration::from_secs(5);
/// Positions are stored this often while records keep coming. The inbox recognises records that are delivered again after a
/// crash, so positions need not be stored with each delivery.
const STORE_INTERVAL: Duration = Duration::from_millis(100);
/// Positions are also stored when no record has come for this long.
const QUIET: Duration = Duration::from_millis(5);
/// After this many starts without progress, records are handled one by one, to find the one that ends the process.
const CAREFUL_AFTER: u32 = 3;
/// A record that this many starts have begun and none has finished is parked without another attempt.
const HOPELESS_AFTER: u32 = 6;
/// The records that are handled one by one before the runner returns to whole deliveries.
const CAREFUL_RECORDS: usize = 2_000;

/// The runner of a reactor.
pub struct Runner {
    reactor: Arc<dyn Reactor>,
    bus: Arc<dyn Bus>,
    writer: Writer,
    progress: Progress,
    parked: Arc<ParkedStreams>,
}

/// The reasons why a runner, an updater or a scheduler stops before the shutdown.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the bus failed")]
    Bus(#[from] BusError),
    /// The context's log failed.
    #[error("the log failed")]
    Log(#[from] LogError),
    /// The positions could not be stored.
    #[error("positions could not be stored")]
    Write(#[from] WriteError),
}

impl From<ProgressError> for RunError {
    fn from(error: ProgressError) -> Self {
        match error {
            ProgressError::Bus(error) => Self::Bus(error),
            ProgressError::Log(error) => Self::Log(error),
        }
    }
}

impl Runner {
    /// `writer` must be that of the reactor's context.
    pub fn new(reactor: Arc<dyn Reactor>, bus: Arc<dyn Bus>, writer: Writer, progress: Progress) -> Self {
        let parked = Arc::new(ParkedStreams::new(Arc::clone(writer.log()), reactor.spec().name));
        Self { reactor, bus, writer, progress, parked }
    }

    /// Runs until the shutdown begins or something fails. Records that were begun are finished first.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        let (mut consumer, mut starts) = self.join().await?;
        let mut careful = if starts >= CAREFUL_AFTER { CAREFUL_RECORDS } else { 0 };
        let mut begun = false;
        let mut redriven = None::<Instant>;
        let (mut done, mut stored) = (Positions::new(), Instant::now());
        while !shutdown.has_begun() {
            if redriven.is_none_or(|redriven| redriven.elapsed() >= PATIENCE) {
                redriven = Some(Instant::now());
                if !self.redrive_due(consumer.as_ref(), &shutdown).await {
                    break;
                }
            }
            let most = if careful > 0 { 1 } else { DELIVERY };
            let patience = if done.is_empty() { PATIENCE } else { QUIET };
            let delivery = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                delivery = consumer.next(most, patience) => delivery?,
            };
            let quiet = delivery.positions.is_empty() && delivery.records.is_empty();
            if quiet && done.is_empty() {
                continue;
            }
            // If this process dies, the next one meets the same records first and counts this start. A start that found no
            // record is not counted.
            if (careful > 0 || !begun) && !delivery.records.is_empty() {
                careful = careful.saturating_sub(1);
                begun = true;
                starts = self.count_start(starts).await?;
            }
            let hopeless = starts > HOPELESS_AFTER;
            if !self.handle(&delivery, consumer.as_ref(), hopeless, &shutdown).await {
                // The shutdown interrupted it, so it was not a crash.
                self.writer.note(self.starts(0)).await?;
                break;
            }
            self.progress.advance(self.name(), &delivery.positions);
            done.extend(delivery.positions);
            if quiet || careful > 0 || stored.elapsed() >= STORE_INTERVAL {
                self.store(&done).await?;
                consumer.commit(&std::mem::take(&mut done)).await?;
                (stored, starts) = (Instant::now(), 0);
            }
        }
        if !done.is_empty() {
            self.store(&done).await?;
        }
        Ok(())
    }

    fn name(&self) -> &'static str {
        self.reactor.spec().name
    }

    /// The reactor's topics, and the one of redrive requests.
    fn topics(&self) -> Vec<Topic> {
        let mut topics = self.reactor.topics();
        topics.push(self.reactor.spec().context.reactions());
        topics.dedup();
        topics
    }

    async fn join(&self) -> Result<(Box<dyn Consumer>, u32), RunError> {
        let (name, topics) = (self.name(), self.topics());
        let (_, starts) = self.writer.log().group(name).await?;
        let parked = Arc::clone(&self.parked);
        self.progress.join(name, self.reactor.spec().context, &topics, parked.resume().await?);
        let start = Start::Beginning;
        let subscription = Subscription { group: name.to_owned(), topics, start, resume: parked };
        Ok((self.bus.subscribe(subscription).await?, starts))
    }

    /// Counts a start before a record is handled, so that a crash is counted, too.
    async fn count_start(&self, starts: u32) -> Result<u32, WriteError> {
        let starts = starts.saturating_add(1);
        self.writer.note(self.starts(starts)).await?;
        Ok(starts)
    }

    fn starts(&self, starts: u32) -> Note {
        Note { starts: vec![(self.name().to_owned(), starts)], ..Note::default() }
    }

    async fn store(&self, positions: &Positions) -> Result<(), WriteError> {
        self.writer.note(Note { positions: noted(self.name(), positions), ..self.starts(0) }).await
    }

    /// Handles all records of a delivery. `false`: the shutdown came first.
    async fn handle(
        &self,
        delivery: &Delivery,
        consumer: &dyn Consumer,
        hopeless: bool,
        shutdown: &Shutdown,
    ) -> bool {
        // A redrive empties the queue of a stream: nothing may join the queue until it is done.
        let (redrives, others): (Vec<&Record>, Vec<&Record>) =
            delivery.records.iter().partition(|record| self.is_of_reactions(record));
        for record in redrives {
            if !self.handle_reaction_event(record, consumer, shutdown).await {
                return false;
            }
        }
        let mut by_stream: Vec<Vec<&Record>> = Vec::new();
        let mut indexes: HashMap<&StreamId, usize> = HashMap::new();
        for record in others {
            let index = *indexes.entry(&record.envelope.stream).or_insert_with(|| {
                by_stream.push(Vec::new());
                by_stream.len() - 1
            });
            by_stream[index].push(record);
        }
        let streams: Vec<_> =
            by_stream.into_iter().map(|records| self.handle_stream(records, hopeless, shutdown)).collect();
        stream::iter(streams).buffer_unordered(CONCURRENT).all(std::future::ready).await
    }

    async fn handle_stream(&self, records: Vec<&Record>, hopeless: bool, shutdown: &Shutdown) -> bool {
        for record in records {
            if !self.handle_record(record, hopeless, shutdown).await {
                return false;
            }
        }
        true
    }
}
