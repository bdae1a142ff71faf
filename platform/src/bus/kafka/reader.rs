//! Reading without a group: looking at ends, and going over parts of partitions. Everything here blocks, so it runs on
//! threads that may.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};

use super::address::Address;
use super::client::{self, Plain, unavailable};
use crate::bus::BusError;

/// How long one wait may last before it is looked whether anybody still wants the answer.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// Idle readers kept for the next question.
const KEPT: usize = 4;
/// Records looked at in the first attempt to find a partition's last one; markers of transactions lie between them.
const WINDOW: u64 = 8;
/// A search ends when so few offsets are left: they come with one answer of a broker.
const NEAR: u64 = 500;

/// From the first offset to the one that the next record will get, as far as everything is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub low: u64,
    pub high: u64,
}

/// A part of a partition: its number, and offsets from the first to before the last.
pub(super) type Part = (u32, Bounds);

/// Readers, some of them connected already.
#[derive(Clone)]
pub(super) struct Readers {
    address: Arc<Address>,
    idle: Arc<Mutex<Vec<Reader>>>,
}

impl Readers {
    pub(super) fn new(address: Arc<Address>) -> Self {
        Self { address, idle: Arc::default() }
    }

    /// Does some reading on a thread that may block. When the answer is not waited for any more, the reading ends soon.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, BusError> + Send + 'static,
    ) -> Result<T, BusError> {
        let (readers, wanted) = (self.clone(), Wanted::default());
        let flag = Arc::clone(&wanted.0);
        let done = tokio::task::spawn_blocking(move || readers.read_here(flag, work)).await;
        drop(wanted);
        done.map_err(|failed| BusError::Unavailable(Box::new(failed)))?
    }

    /// The same on this thread.
    pub(super) fn read_here<T>(
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
        // After an error a new connection is worth more than an old one.
        if done.is_ok() {
            let mut idle = self.lock();
            if idle.len() < KEPT {
                idle.push(reader);
            }
        }
        done
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says, once dropped, that nobody waits any more.
#[derive(Default)]
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A consumer without a group.
pub(super) struct Reader {
    consumer: BaseConsumer<Plain>,
    patience: Duration,
    given_up: Arc<AtomicBool>,
}

impl Reader {
    fn new(address: &Address) -> Result<Self, BusError> {
        let mut config = client::reading(address);
        config
            // A group has to be named, but is never joined and never committed to.
            .set("group.id", format!("{}chorale-look", address.prefix))
            .set("enable.partition.eof", "true")
            // The end of a partition is told by an answer without records, so that has to come soon.
            .set("fetch.wait.max.ms", "20")
            .set("fetch.queue.backoff.ms", "2")
            .set("fetch.message.max.bytes", "1048576")
            .set("queued.min.messages", "2000")
            .set("queued.max.messages.kbytes", "4096");
        let consumer = config.create_with_context(Plain).map_err(unavailable)?;
        Ok(Self { consumer, patience: address.request_timeout, given_up: Arc::default() })
    }

    /// The bounds of partitions, in the order asked for.
    pub(super) fn bounds(&self, topic: &str, partitions: &[u32]) -> Result<Vec<Bounds>, BusError> {
        let all: Vec<_> = partitions.iter().map(|number| (topic.to_owned(), *number)).collect();
        let bounds = self.bounds_of(&all)?;
        Ok(all.iter().map(|place| bounds.get(place).copied().unwrap_or_default()).collect())
    }

    /// The bounds of partitions of any topics, in two requests.
    pub(super) fn bounds_of(
        &self,
        places: &[(String, u32)],
    ) -> Result<BTreeMap<(String, u32), Bounds>, BusError> {
        if places.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (lows, highs) = (self.offsets(places, Offset::Beginning)?, self.offsets(places, Offset::End)?);
        let bounds = |place: &(String, u32)| {
            let of = |offsets: &BTreeMap<(String, u32), u64>| offsets.get(place).copied().unwrap_or(0);
            (place.clone(), Bounds { low: of(&lows), high: of(&highs) })
        };
        Ok(places.iter().map(bounds).collect())
    }

    /// One end of each partition. A cluster that is about to choose leaders is waited for.
    pub(super) fn offsets(
        &self,
        places: &[(String, u32)],
        end: Offset,
    ) -> Result<BTreeMap<(String, u32), u64>, BusError> {
        let started = Instant::now();
        loop {
            match self.ask_offsets(places, end) {
                Err(error) if client::passes(&error) => {
                    tracing::debug!(%error, "waiting for Kafka");
                    self.go_on(started)?;
                    // Serves the client, and keeps from asking at once again.
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
            let offset = match element.offset() {
                Offset::Offset(offset) => unsigned64(offset),
                _ => 0,
            };
            offsets.insert((element.topic().to_owned(), unsigned(element.partition())), offset);
        }
        Ok(offsets)
    }

    /// Goes over parts of a topic, each in its order, until `visit` breaks or all of them are gone through. Parts that
    /// begin where they end are skipped.
    pub(super) fn scan(
        &self,
        topic: &str,
        parts: &[Part],
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
        let begin = |(number, part): &Part| (topic, *number, offset(part.low));
        let begins = list(parts.iter().filter(|(number, _)| left.contains_key(number)).map(begin))?;
        self.consumer.assign(&begins).map_err(unavailable)?;
        let gone_through = self.go_over(&mut left, &mut visit);
        self.consumer.unassign().map_err(unavailable)?;
        gone_through
    }

    fn go_over(
        &self,
        left: &mut BTreeMap<u32, u64>,
        visit: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<ControlFlow<()>, BusError>,
    ) -> Result<(), BusError> {
        let mut last_news = Instant::now();
        while !left.is_empty() {
            match self.consumer.poll(TICK) {
                Some(Ok(message)) => {
                    last_news = Instant::now();
                    let (number, next) = (unsigned(message.partition()), unsigned64(message.offset()) + 1);
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
            self.go_on(last_news)?;
        }
        Ok(())
    }

    fn go_on(&self, last_news: Instant) -> Result<(), BusError> {
        if self.given_up.load(Ordering::Relaxed) {
            return Err(BusError::Unavailable("nobody waits for the answer any more".into()));
        }
        if last_news.elapsed() > self.patience {
            let problem = format!("Kafka gave no answer within {:?}", self.patience);
            return Err(BusError::Unavailable(problem.into()));
        }
        Ok(())
    }

    /// Goes over partitions from these offsets on, also over what is yet to come, until `visit` breaks or patience ends.
    pub(super) fn follow(
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

    /// The last record of each of these parts, as `look` sees it; parts without one are missing.
    pub(super) fn last<T>(
        &self,
        topic: &str,
        parts: &[Part],
        mut look: impl FnMut(&BorrowedMessage<'_>) -> Result<T, BusError>,
    ) -> Result<BTreeMap<u32, T>, BusError> {
        let (mut found, mut window) = (BTreeMap::new(), WINDOW);
        let mut left: Vec<Part> = parts.iter().copied().filter(|(_, part)| part.low < part.high).collect();
        while !left.is_empty() {
            let near = |(number, part): &Part| {
                (*number, Bounds { low: part.high.saturating_sub(window).max(part.low), high: part.high })
            };
            let windows: Vec<Part> = left.iter().map(near).collect();
            self.scan(topic, &windows, |message| {
                found.insert(unsigned(message.partition()), look(message)?);
                Ok(ControlFlow::Continue(()))
            })?;
            left.retain(|(number, part)| !found.contains_key(number) && part.high - part.low > window);
            window = window.saturating_mul(8);
        }
        Ok(found)
    }

    /// An offset of a partition before which every record has a position up to `after`, and not far before the first that
    /// has not; `position` reads it off a message. Positions rise, so it is found by halving.
    pub(super) fn offset_after(
        &self,
        topic: &str,
        (number, bounds): Part,
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
pub(super) fn list<'t>(
    places: impl IntoIterator<Item = (&'t str, u32, Offset)>,
) -> Result<TopicPartitionList, BusError> {
    let mut list = TopicPartitionList::new();
    for (topic, number, offset) in places {
        list.add_partition_offset(topic, signed(number), offset).map_err(unavailable)?;
    }
    Ok(list)
}

/// An offset as the client wants it.
pub(super) fn offset(offset: u64) -> Offset {
    Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX))
}

/// A partition's number as the client wants it.
pub(super) fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A partition's number as we want it.
pub(super) fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn unsigned64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
