//! Carries a participant: reads its topics, has its answers recorded, keeps its positions, parks what does not work.
//!
//! Different streams are handled side by side, so that the writer records many answers with one flush; the events of one
//! stream one after the other. Positions are kept only when everything before them is recorded or parked, and not each time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::port::LogError;
use event_log::request::WriteError;
use event_log::writer::{Note, Writer};
use futures_util::{StreamExt, stream};
use platform::bus::{Bus, BusError, Consumer, Delivery, Positions, Record, Subscription};
use platform::shutdown::Shutdown;
use schemas::{StreamId, Topic};

use self::waiting::Waiting;
use crate::participant::Participant;
use crate::positions::noted;
use crate::progress::{Progress, ProgressError};

mod handling;
mod redriving;
mod waiting;

/// Records that are taken at a time.
const DELIVERY: usize = 1_000;
/// Streams that are handled side by side.
const SIDE_BY_SIDE: usize = 256;
/// How long an idle consumer waits before it looks again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Positions are kept so often while one delivery follows another, and when none has come for so long: what comes again
/// after a crash is known by the inbox, so they need not be kept each time.
const KEEPING: Duration = Duration::from_millis(100);
const QUIET: Duration = Duration::from_millis(5);
/// After this many starts without progress, records are taken one by one, so that the one which ends the process is found.
const CAREFUL_AFTER: u32 = 3;
/// A record that was begun this often and never finished is parked without another try.
const HOPELESS_AFTER: u32 = 6;
/// How many records are taken one by one before the runner trusts its luck again.
const CAREFUL_RECORDS: usize = 2_000;

/// A participant with what it needs.
pub struct Runner {
    participant: Arc<dyn Participant>,
    bus: Arc<dyn Bus>,
    writer: Writer,
    progress: Progress,
    waiting: Arc<Waiting>,
}

/// Why a runner stopped though nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The bus failed.
    #[error("the bus failed")]
    Bus(#[from] BusError),
    /// The context's log failed.
    #[error("the log failed")]
    Log(#[from] LogError),
    /// The positions could not be kept.
    #[error("positions could not be kept")]
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
    /// `writer` must be that of the participant's context.
    pub fn new(
        participant: Arc<dyn Participant>,
        bus: Arc<dyn Bus>,
        writer: Writer,
        progress: Progress,
    ) -> Self {
        let waiting = Arc::new(Waiting::new(Arc::clone(writer.log()), participant.name()));
        Self { participant, bus, writer, progress, waiting }
    }

    /// Runs until the shutdown begins or something fails. What was begun is finished first.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        let (mut consumer, mut starts) = self.join().await?;
        let mut careful = if starts >= CAREFUL_AFTER { CAREFUL_RECORDS } else { 0 };
        let mut begun = false;
        let mut looked = None::<Instant>;
        let (mut done, mut kept) = (Positions::new(), Instant::now());
        while !shutdown.has_begun() {
            if looked.is_none_or(|looked| looked.elapsed() >= PATIENCE) {
                looked = Some(Instant::now());
                if !self.redrive_what_is_due(consumer.as_ref(), &shutdown).await {
                    break;
                }
            }
            let taken = if careful > 0 { 1 } else { DELIVERY };
            let patience = if done.is_empty() { PATIENCE } else { QUIET };
            let delivery = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                delivery = consumer.next(taken, patience) => delivery?,
            };
            let quiet = delivery.positions.is_empty() && delivery.records.is_empty();
            if quiet && done.is_empty() {
                continue;
            }
            // A process that dies later is counted by the next one, which meets the same records first. One that found
            // nothing to do is not counted at all.
            if (careful > 0 || !begun) && !delivery.records.is_empty() {
                careful = careful.saturating_sub(1);
                begun = true;
                starts = self.begin(starts).await?;
            }
            let hopeless = starts > HOPELESS_AFTER;
            if !self.handle(&delivery, consumer.as_ref(), hopeless, &shutdown).await {
                // Asked to leave in the middle of something: that is no crash.
                self.writer.note(self.starts(0)).await?;
                break;
            }
            self.progress.advance(self.name(), &delivery.positions);
            done.extend(delivery.positions);
            if quiet || careful > 0 || kept.elapsed() >= KEEPING {
                self.keep(&done).await?;
                consumer.commit(&std::mem::take(&mut done)).await?;
                (kept, starts) = (Instant::now(), 0);
            }
        }
        if !done.is_empty() {
            self.keep(&done).await?;
        }
        Ok(())
    }

    fn name(&self) -> &'static str {
        self.participant.name()
    }

    /// Its own topics, and the one that tells of redriving.
    fn topics(&self) -> Vec<Topic> {
        let mut topics = self.participant.topics();
        topics.push(self.participant.context().reactions());
        topics.dedup();
        topics
    }

    async fn join(&self) -> Result<(Box<dyn Consumer>, u32), RunError> {
        let (name, topics) = (self.name(), self.topics());
        let (_, starts) = self.writer.log().group(name).await?;
        let waiting = Arc::clone(&self.waiting);
        self.progress.join(name, self.participant.context(), &topics, waiting.resume().await?);
        let start = self.participant.start();
        let subscription = Subscription { group: name.to_owned(), topics, start, resume: waiting };
        Ok((self.bus.subscribe(subscription).await?, starts))
    }

    /// Counts a beginning before anything is handled, so that a crash is counted too.
    async fn begin(&self, starts: u32) -> Result<u32, WriteError> {
        let starts = starts.saturating_add(1);
        self.writer.note(self.starts(starts)).await?;
        Ok(starts)
    }

    fn starts(&self, starts: u32) -> Note {
        Note { starts: vec![(self.name().to_owned(), starts)], ..Note::default() }
    }

    async fn keep(&self, positions: &Positions) -> Result<(), WriteError> {
        self.writer.note(Note { positions: noted(self.name(), positions), ..self.starts(0) }).await
    }

    /// Handles all records of a delivery; `false` when the shutdown came first.
    async fn handle(
        &self,
        delivery: &Delivery,
        consumer: &dyn Consumer,
        hopeless: bool,
        shutdown: &Shutdown,
    ) -> bool {
        // Redriving empties the queue of a stream: nothing may join that queue meanwhile.
        let (redrives, others): (Vec<&Record>, Vec<&Record>) =
            delivery.records.iter().partition(|record| self.tells_of_redriving(record));
        for record in redrives {
            if !self.hear_of_redriving(record, consumer, shutdown).await {
                return false;
            }
        }
        let mut by_stream: Vec<Vec<&Record>> = Vec::new();
        let mut places: HashMap<&StreamId, usize> = HashMap::new();
        for record in others {
            let place = *places.entry(&record.envelope.stream).or_insert_with(|| {
                by_stream.push(Vec::new());
                by_stream.len() - 1
            });
            by_stream[place].push(record);
        }
        let streams: Vec<_> =
            by_stream.into_iter().map(|records| self.handle_stream(records, hopeless, shutdown)).collect();
        stream::iter(streams).buffer_unordered(SIDE_BY_SIDE).all(std::future::ready).await
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
