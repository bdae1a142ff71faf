//! Reads without a group: ends of partitions, and scans of ranges. Everything here blocks, so it runs on blocking threads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use platform::bus::BusError;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::address::Address;
use crate::client::{self, LogOnly, unavailable};

/// Interval of checks whether the caller still waits for the answer.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// Idle readers kept for later calls.
const MAX_IDLE: usize = 4;
/// Offsets read in the first attempt to find a partition's last record. Transaction markers take some of them.
const WINDOW: u64 = 8;
/// The answer has no offset for a partition.
const UNKNOWN: KafkaError = KafkaError::OffsetFetch(RDKafkaErrorCode::OffsetNotAvailable);
/// A search ends when this few offsets are left: one fetch returns them.
const NEAR: u64 = 500;

/// The first offset, and the offset after the last committed record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub low: u64,
    pub high: u64,
}

/// A range of a partition: its number, and its offsets without the last.
pub(crate) type Range = (u32, Bounds);

/// A pool of readers.
#[derive(Clone)]
pub(crate) struct Readers {
    address: Arc<Address>,
    idle: Arc<Mutex<Vec<Reader>>>,
}

impl Readers {
    pub(crate) fn new(address: Arc<Address>) -> Self {
        Self { address, idle: Arc::default() }
    }

    /// Runs `work` on a blocking thread. It ends soon after the returned future is dropped.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, BusError> + Send + 'static,
    ) -> Result<T, BusError> {
        let (readers, waiting) = (self.clone(), Waiting::default());
        let flag = Arc::clone(&waiting.0);
        let done = tokio::task::spawn_blocking(move || readers.read_here(flag, work)).await;
        drop(waiting);
        done.map_err(|failed| BusError::Unavailable(Box::new(failed)))?
    }

    /// Runs `work` on this thread.
    pub(crate) fn read_here<T>(
        &self,
        given_up: Arc<AtomicBool>,
        work: impl FnOnce(&Reader) -> Result<T, BusError>,
    ) -> Result<T, BusError> {
        let idle = self.lock().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::new(&self.address)?,
        };
        reader.given_up = given_up;
        let done = work(&reader);
        // A reader is not reused after an error.
        if done.is_ok() {
            let mut idle = self.lock();
            if idle.len() < MAX_IDLE {
                idle.push(reader);
            }
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock()
    }
}

/// Sets its flag when dropped: the caller no longer waits.
#[derive(Default)]
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A consumer without a group.
pub(crate) struct Reader {
    consumer: BaseConsumer<LogOnly>,
    patience: Duration,
    given_up: Arc<AtomicBool>,
}

impl Reader {
    fn new(address: &Address) -> Result<Self, BusError> {
        let mut config = client::reading(address);
        config
            // A group must be named. It is never joined, and nothing is committed to it.
            .set("group.id", format!("{}chorale-look", address.prefix))
            .set("enable.partition.eof", "true")
            // A fetch without records reports the end of a partition, so it must return soon.
            .set("fetch.wait.max.ms", "20")
            .set("fetch.queue.backoff.ms", "2")
            .set("fetch.message.max.bytes", "1048576")
            .set("queued.min.messages", "2000")
            .set("queued.max.messages.kbytes", "4096");
        let consumer = config.create_with_context(LogOnly).map_err(unavailable)?;
        Ok(Self { consumer, patience: address.request_timeout, given_up: Arc::default() })
    }

    /// The bounds of partitions, in the given order.
    pub(crate) fn bounds(&self, topic: &str, partitions: &[u32]) -> Result<Vec<Bounds>, BusError> {
        let all: Vec<_> = partitions.iter().map(|number| (topic.to_owned(), *number)).collect();
        let bounds = self.bounds_of(&all)?;
        Ok(all.iter().map(|place| bounds[place]).collect())
    }

    /// The bounds of partitions of any topics, in two requests.
    pub(crate) fn bounds_of(
        &self,
        places: &[(String, u32)],
    ) -> Result<BTreeMap<(String, u32), Bounds>, BusError> {
        if places.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (lows, highs) = (self.offsets(places, Offset::Beginning)?, self.offsets(places, Offset::End)?);
        let bounds = |(place, low): ((String, u32), u64)| {
            let high = highs[&place];
            (place, Bounds { low, high })
        };
        Ok(lows.into_iter().map(bounds).collect())
    }

    /// One end of each of `places`. Waits for a cluster that is electing leaders.
    pub(crate) fn offsets(
        &self,
        places: &[(String, u32)],
        end: Offset,
    ) -> Result<BTreeMap<(String, u32), u64>, BusError> {
        let started = Instant::now();
        loop {
            match self.ask_offsets(places, end) {
                // A client that has just connected may not know all partitions yet.
                Err(error)
                    if client::passes(&error)
                        || error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownPartition) =>
                {
                    tracing::debug!(%error, "waiting for Kafka");
                    self.check_patience(started)?;
                    // Serves the client, and delays the next attempt.
                    drop(self.consumer.poll(TICK));
                }
                answer => return answer.map_err(unavailable),
            }
        }
    }

    fn ask_offsets(
        &self,
        places: &[(String, u32)],
        end: Offset,
    ) -> KafkaResult<BTreeMap<(String, u32), u64>> {
        let mut list = TopicPartitionList::new();
        for (topic, number) in places {
            list.add_partition_offset(topic, signed(*number), end)?;
        }
        let answer = self.consumer.offsets_for_times(list, self.patience)?;
        let mut offsets = BTreeMap::new();
        for element in answer.elements() {
            element.error()?;
            // An unknown offset must not be read as an empty partition: the relay would publish everything again.
            let Offset::Offset(offset) = element.offset() else { return Err(UNKNOWN) };
            offsets.insert((element.topic().to_owned(), unsigned(element.partition())), unsigned64(offset));
        }
        if places.iter().any(|place| !offsets.contains_key(place)) {
            return Err(UNKNOWN);
        }
        Ok(offsets)
    }

    /// Visits the records of ranges of a topic, each range in order, until `visit` breaks or all ranges are done.
    pub(crate) fn scan(
        &self,
        topic: &str,
        parts: &[Range],
        mut visit: impl FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, BusError>,
    ) -> Result<(), BusError> {
        let mut left: BTreeMap<u32, u64> = parts
            .iter()
            .filter(|(_, part)| part.low < part.high)
            .map(|(number, part)| (*number, part.high))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let begin = |(number, part): &Range| (topic, *number, offset(part.low));
        let begins = list(parts.iter().filter(|(number, _)| left.contains_key(number)).map(begin))?;
        self.consumer.assign(&begins).map_err(unavailable)?;
        let scanned = self.scan_assigned(topic, &mut left, &mut visit);
        self.consumer.unassign().map_err(unavailable)?;
        scanned
    }

    /// Fails if the client delivers a record again, which a visitor would count twice.
    fn scan_assigned(
        &self,
        topic: &str,
        left: &mut BTreeMap<u32, u64>,
        visit: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, BusError>,
    ) -> Result<(), BusError> {
        let mut last_news = Instant::now();
        let mut reached = BTreeMap::<u32, u64>::new();
        while !left.is_empty() {
            match self.consumer.poll(TICK) {
                Some(Ok(message)) => {
                    last_news = Instant::now();
                    let (number, next) = (unsigned(message.partition()), unsigned64(message.offset()) + 1);
                    let before = reached.insert(number, next).unwrap_or(0);
                    if next <= before {
                        let problem = format!(
                            "the client delivered offset {} of {topic}/{number} after offset {}",
                            next - 1,
                            before - 1
                        );
                        return Err(BusError::Unavailable(problem.into()));
                    }
                    let Some(end) = left.get(&number).copied() else { continue };
                    if next <= end && visit(&message)?.is_break() {
                        return Ok(());
                    }
                    if next >= end {
                        left.remove(&number);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(number))) => {
                    last_news = Instant::now();
                    left.remove(&unsigned(number));
                }
                Some(Err(error)) if client::passes(&error) => tracing::debug!(%error, "waiting for Kafka"),
                Some(Err(error)) => return Err(unavailable(error)),
                None => {}
            }
            self.check_patience(last_news)?;
        }
        Ok(())
    }

    fn check_patience(&self, last_news: Instant) -> Result<(), BusError> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(BusError::Unavailable("the caller no longer waits for the answer".into()));
        }
        if last_news.elapsed() > self.patience {
            let problem = format!("Kafka gave no answer within {:?}", self.patience);
            return Err(BusError::Unavailable(problem.into()));
        }
        Ok(())
    }

    /// Visits records of partitions from these offsets on, including later ones, until `visit` breaks or `patience` ends.
    pub(crate) fn follow(
        &self,
        topic: &str,
        from: &[(u32, u64)],
        patience: Duration,
        mut visit: impl FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, BusError>,
    ) -> Result<(), BusError> {
        let begins = list(from.iter().map(|(number, from)| (topic, *number, offset(*from))))?;
        self.consumer.assign(&begins).map_err(unavailable)?;
        let started = Instant::now();
        let followed = loop {
            let left = patience.saturating_sub(started.elapsed());
            if left.is_zero() || self.given_up.load(Ordering::Relaxed) {
                break Ok(());
            }
            match self.consumer.poll(left.min(TICK)) {
                Some(Ok(message)) => match visit(&message) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => break Ok(()),
                    Err(error) => break Err(error),
                },
                None | Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) if client::passes(&error) => tracing::debug!(%error, "waiting for Kafka"),
                Some(Err(error)) => break Err(unavailable(error)),
            }
        };
        self.consumer.unassign().map_err(unavailable)?;
        followed
    }

    /// The last record of each range, mapped by `map`. Ranges without a record are missing.
    pub(crate) fn last<T>(
        &self,
        topic: &str,
        parts: &[Range],
        mut map: impl FnMut(&BorrowedMessage<'_>) -> Result<T, BusError>,
    ) -> Result<BTreeMap<u32, T>, BusError> {
        let (mut found, mut window) = (BTreeMap::new(), WINDOW);
        let mut left: Vec<Range> = parts.iter().copied().filter(|(_, part)| part.low < part.high).collect();
        while !left.is_empty() {
            let near = |(number, part): &Range| {
                (*number, Bounds { low: part.high.saturating_sub(window).max(part.low), high: part.high })
            };
            let windows: Vec<Range> = left.iter().map(near).collect();
            self.scan(topic, &windows, |message| {
                found.insert(unsigned(message.partition()), map(message)?);
                Ok(ControlFlow::Continue(()))
            })?;
            left.retain(|(number, part)| !found.contains_key(number) && part.high - part.low > window);
            window = window.saturating_mul(8);
        }
        Ok(found)
    }

    /// An offset of a partition before which every record has a position up to `after`, close to the first record with a higher
    /// one. `position` decodes the position of a message. A binary search, because positions rise.
    pub(crate) fn offset_after(
        &self,
        topic: &str,
        (number, bounds): Range,
        after: u64,
        position: impl Fn(&BorrowedMessage<'_>) -> Result<u64, BusError>,
    ) -> Result<u64, BusError> {
        let Bounds { mut low, mut high } = bounds;
        while high.saturating_sub(low) > NEAR {
            let middle = low + (high - low) / 2;
            let mut first = None;
            self.scan(topic, &[(number, Bounds { low: middle, high })], |message| {
                first = Some((unsigned64(message.offset()), position(message)?));
                Ok(ControlFlow::Break(()))
            })?;
            match first {
                Some((offset, position)) if position <= after => low = offset + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

/// A list of partitions with offsets.
pub(crate) fn list<'t>(
    places: impl IntoIterator<Item = (&'t str, u32, Offset)>,
) -> Result<TopicPartitionList, BusError> {
    let mut list = TopicPartitionList::new();
    for (topic, number, offset) in places {
        list.add_partition_offset(topic, signed(number), offset).map_err(unavailable)?;
    }
    Ok(list)
}

/// An offset for the client.
pub(crate) fn offset(offset: u64) -> Offset {
    Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// A partition number for the client.
pub(crate) fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A partition number from the client.
pub(crate) fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn unsigned64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
