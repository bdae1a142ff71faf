//! Carries a participant: reads its topics, has its answers recorded, keeps its positions, parks what does not work.
//!
//! Different streams are handled side by side, so that the writer records many answers with one flush; the events of one
//! stream one after the other. Positions are kept only when everything before them is recorded or parked.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use event_log::port::{Log, LogError};
use event_log::request::WriteError;
use event_log::writer::{Note, Writer};
use futures_util::{StreamExt, stream};
use platform::bus::{Bus, BusError, Consumer, Delivery, Partition, Positions, Record, Resume, Subscription};
use platform::shutdown::Shutdown;
use schemas::{StreamId, Topic};

use crate::participant::Participant;
use crate::progress::Progress;

mod handling;
mod redriving;

/// Records that are taken at a time.
const DELIVERY: usize = 1_000;
/// Streams that are handled side by side.
const SIDE_BY_SIDE: usize = 256;
/// How long an idle consumer waits before it looks again.
const PATIENCE: Duration = Duration::from_secs(5);
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
    /// Streams of which something is parked.
    parked: Mutex<HashSet<StreamId>>,
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

impl Runner {
    /// `writer` must be that of the participant's context.
    pub fn new(
        participant: Arc<dyn Participant>,
        bus: Arc<dyn Bus>,
        writer: Writer,
        progress: Progress,
    ) -> Self {
        Self { participant, bus, writer, progress, parked: Mutex::default() }
    }

    /// Runs until the shutdown begins or something fails. What was begun is finished first.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        let (mut consumer, mut starts) = self.join().await?;
        let mut careful = if starts >= CAREFUL_AFTER { CAREFUL_RECORDS } else { 0 };
        let mut begun = false;
        while !shutdown.has_begun() {
            let taken = if careful > 0 { 1 } else { DELIVERY };
            let delivery = tokio::select! {
                biased;
                () = shutdown.begun() => break,
                delivery = consumer.next(taken, PATIENCE) => delivery?,
            };
            if delivery.positions.is_empty() && delivery.records.is_empty() {
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
            if !self.handle(&delivery, hopeless, &shutdown).await {
                // Asked to leave in the middle of something: that is no crash.
                self.writer.note(self.starts(0)).await?;
                break;
            }
            self.keep(&delivery.positions).await?;
            starts = 0;
            consumer.commit(&delivery.positions).await?;
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
        let log = self.writer.log();
        let starts = log.group(self.name()).await?.1;
        for record in log.parked(Some(self.name()), usize::MAX).await? {
            self.parked().insert(record.envelope.stream.clone());
        }
        let resume = GroupPositions { log: Arc::clone(log), group: self.name().to_owned() };
        self.progress.join(self.name(), &self.topics(), resume.positions().await?);
        let subscription = Subscription {
            group: self.name().to_owned(),
            topics: self.topics(),
            start: self.participant.start(),
            resume: Arc::new(resume),
        };
        let consumer = self.bus.subscribe(subscription).await?;
        self.redrive_interrupted().await;
        Ok((consumer, starts))
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
        let kept = positions
            .iter()
            .map(|(partition, offset)| (self.name().to_owned(), partition_name(partition), *offset))
            .collect();
        self.writer.note(Note { positions: kept, ..self.starts(0) }).await?;
        self.progress.advance(self.name(), positions);
        Ok(())
    }

    /// Handles all records of a delivery; `false` when the shutdown came first.
    async fn handle(&self, delivery: &Delivery, hopeless: bool, shutdown: &Shutdown) -> bool {
        // Redriving empties the queue of a stream: nothing may join that queue meanwhile.
        let (redrives, others): (Vec<&Record>, Vec<&Record>) =
            delivery.records.iter().partition(|record| self.tells_of_redriving(record));
        if !self.handle_stream(redrives, hopeless, shutdown).await {
            return false;
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

    fn parked(&self) -> MutexGuard<'_, HashSet<StreamId>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `<topic>/<number>`, as positions are kept.
pub(crate) fn partition_name(partition: &Partition) -> String {
    format!("{}/{}", partition.topic, partition.number)
}

/// The positions of a group in its context's log.
pub(crate) struct GroupPositions {
    pub log: Arc<dyn Log>,
    pub group: String,
}

#[async_trait]
impl Resume for GroupPositions {
    async fn positions(&self) -> Result<Positions, BusError> {
        let (kept, _) =
            self.log.group(&self.group).await.map_err(|error| BusError::Unavailable(Box::new(error)))?;
        let parse = |(name, offset): (String, u64)| {
            let (topic, number) = name.rsplit_once('/')?;
            Some((Partition { topic: topic.parse().ok()?, number: number.parse().ok()? }, offset))
        };
        // A topic that this program does not know any more is read by nobody.
        Ok(kept.into_iter().filter_map(parse).collect())
    }
}
