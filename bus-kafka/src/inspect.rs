//! Inspects topics without a group: ends, counts, pages, growth, and the progress of the relays.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use platform::bus::publisher::Mark;
use platform::bus::{Browse, BusError, Reach, Record, TopicInfo};
use rdkafka::{Message, Offset};
use schemas::topics::{RELAY_TOPIC, partition_of};
use schemas::{Context, Topic};

use crate::address::Address;
use crate::offset_index::OffsetIndex;
use crate::reader::{Bounds, Range, Reader, Readers};
use crate::{codec, relay_partition};

/// How long an answer about reach is cached.
const FRESH: Duration = Duration::from_millis(200);

/// Inspects topics, with caches of ends, counts and offsets. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Inspector {
    address: Arc<Address>,
    readers: Readers,
    index: Arc<OffsetIndex>,
    ends: Arc<Mutex<HashMap<(Topic, u32), End>>>,
    counts: Arc<tokio::sync::Mutex<HashMap<(Topic, u32), Counted>>>,
    reaches: Arc<Mutex<HashMap<Context, (Instant, Reach)>>>,
}

/// The last position of a partition when its next offset was `offset`.
#[derive(Clone, Copy, Default)]
struct End {
    offset: u64,
    position: u64,
}

/// The number of records before an offset.
#[derive(Clone, Copy, Default)]
struct Counted {
    offset: u64,
    records: u64,
}

impl Inspector {
    pub(crate) fn new(address: Arc<Address>, readers: Readers) -> Self {
        Self {
            address,
            readers,
            index: Arc::default(),
            ends: Arc::default(),
            counts: Arc::default(),
            reaches: Arc::default(),
        }
    }

    fn name(&self, topic: Topic) -> String {
        format!("{}{topic}", self.address.prefix)
    }

    fn partitions(&self) -> Vec<u32> {
        (0..self.address.partitions).collect()
    }

    /// Per topic and partition the position of the last record.
    pub(crate) async fn ends(
        &self,
        topics: &[Topic],
    ) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        let (inspector, topics) = (self.clone(), topics.to_vec());
        self.readers.read(move |reader| inspector.ends_by(reader, &topics)).await
    }

    pub(crate) fn ends_by(
        &self,
        reader: &Reader,
        topics: &[Topic],
    ) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        let numbers = self.partitions();
        let places: Vec<(String, u32)> = topics
            .iter()
            .flat_map(|topic| numbers.iter().map(|number| (self.name(*topic), *number)))
            .collect();
        if places.is_empty() {
            return Ok(BTreeMap::new());
        }
        let highs = reader.offsets(&places, Offset::End)?;
        let mut all = BTreeMap::new();
        for topic in topics {
            let name = self.name(*topic);
            let high = |number: u32| highs[&(name.clone(), number)];
            let known = self.known_ends(*topic);
            let changed: Vec<Range> = numbers
                .iter()
                .filter(|number| known.get(number).is_none_or(|end| end.offset != high(**number)))
                .map(|number| (*number, Bounds { low: 0, high: high(*number) }))
                .collect();
            let found = reader.last(&name, &changed, |message| codec::position(*topic, message))?;
            let mut own: BTreeMap<u32, u64> =
                known.iter().map(|(number, end)| (*number, end.position)).collect();
            let mut ends = self.ends.lock();
            for (number, bounds) in changed {
                let position = found.get(&number).copied().unwrap_or(0);
                own.insert(number, position);
                let shared = ends.entry((*topic, number)).or_default();
                // Another caller may have seen a later end. A topic that was recreated is shorter.
                if shared.offset < bounds.high
                    || known.get(&number).is_some_and(|end| end.offset == shared.offset)
                {
                    *shared = End { offset: bounds.high, position };
                }
            }
            all.insert(
                *topic,
                numbers.iter().map(|number| (*number, own.get(number).copied().unwrap_or(0))).collect(),
            );
        }
        Ok(all)
    }

    fn known_ends(&self, topic: Topic) -> BTreeMap<u32, End> {
        let ends = self.ends.lock();
        ends.iter().filter(|((of, _), _)| *of == topic).map(|((_, number), end)| (*number, *end)).collect()
    }

    /// Exact counts. Offsets include transaction markers, so the records are read: all of them the first time, then only new
    /// ones.
    pub(crate) async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        let mut counts = Arc::clone(&self.counts).lock_owned().await;
        let (inspector, topics) = (self.clone(), topics.to_vec());
        let counting = move |reader: &Reader| {
            let mut infos = Vec::new();
            for topic in topics {
                infos.push(inspector.count(reader, topic, &mut counts)?);
            }
            Ok(infos)
        };
        self.readers.read(counting).await
    }

    fn count(
        &self,
        reader: &Reader,
        topic: Topic,
        counts: &mut HashMap<(Topic, u32), Counted>,
    ) -> Result<TopicInfo, BusError> {
        let (name, numbers) = (self.name(topic), self.partitions());
        let known = |number: &u32| counts.get(&(topic, *number)).copied().unwrap_or_default();
        let bounds = reader.bounds(&name, &numbers)?;
        let part = |(number, bounds): (&u32, Bounds)| {
            (*number, Bounds { low: known(number).offset.max(bounds.low), high: bounds.high })
        };
        let parts: Vec<Range> = numbers.iter().zip(bounds).map(part).collect();
        let (mut news, mut ends) = (HashMap::<u32, u64>::new(), HashMap::<u32, u64>::new());
        reader.scan(&name, &parts, |message| {
            let (number, _) = codec::place(message);
            *news.entry(number).or_default() += 1;
            ends.insert(number, codec::position(topic, message)?);
            Ok(ControlFlow::Continue(()))
        })?;
        let mut known_ends = self.ends.lock();
        let mut info = TopicInfo { topic, records: 0, ends: BTreeMap::new() };
        for (number, part) in parts {
            let counted = counts.entry((topic, number)).or_default();
            *counted = Counted {
                offset: part.high,
                records: counted.records + news.get(&number).copied().unwrap_or(0),
            };
            info.records += counted.records;
            let end = known_ends.entry((topic, number)).or_default();
            // Another caller may have seen a later end.
            if end.offset < part.high {
                let position = ends.get(&number).copied();
                *end = End { offset: part.high, position: position.unwrap_or(end.position) };
            }
            info.ends.insert(number, end.position);
        }
        Ok(info)
    }

    /// A page of a topic, partition after partition.
    pub(crate) async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        let (inspector, browse) = (self.clone(), browse.clone());
        self.readers.read(move |reader| inspector.page(reader, topic, &browse)).await
    }

    fn page(&self, reader: &Reader, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        let name = self.name(topic);
        let numbers = match &browse.key {
            Some(key) => vec![partition_of(key, self.address.partitions)],
            None => self.partitions(),
        };
        let all = reader.bounds(&name, &numbers)?;
        let mut found = Vec::new();
        for (number, bounds) in numbers.into_iter().zip(all) {
            let after = browse.after.get(&number).copied().unwrap_or(0);
            let low = self.index.offset(reader, topic, &name, (number, bounds), after)?;
            let (mut last, mut full) = (after, found.len() >= browse.limit);
            if full {
                break;
            }
            reader.scan(&name, &[(number, Bounds { low, high: bounds.high })], |message| {
                let position = codec::position(topic, message)?;
                if position <= after {
                    return Ok(ControlFlow::Continue(()));
                }
                let record = codec::record(topic, message)?;
                last = position;
                let wanted = browse.key.as_ref().is_none_or(|key| key == record.envelope.stream.as_str())
                    && browse.name.as_ref().is_none_or(|name| *name == record.envelope.name);
                if wanted {
                    self.index.learn(topic, number, position, record.offset + 1);
                    found.push(record);
                }
                full = found.len() >= browse.limit;
                Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            if !full {
                self.index.learn(topic, number, last, bounds.high);
            }
        }
        Ok(found)
    }

    /// Waits for a record after these positions, at most `patience`.
    pub(crate) async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        let (inspector, after) = (self.clone(), after.clone());
        let waiting = move |reader: &Reader| {
            let (name, numbers) = (inspector.name(topic), inspector.partitions());
            let done = |number: u32| after.get(&number).copied().unwrap_or(0);
            let mut from = Vec::new();
            for (number, bounds) in numbers.iter().copied().zip(reader.bounds(&name, &numbers)?) {
                let part = (number, bounds);
                from.push((number, inspector.index.offset(reader, topic, &name, part, done(number))?));
            }
            reader.follow(&name, &from, patience, |message| {
                let news = codec::position(topic, message)? > done(codec::place(message).0);
                Ok(if news { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })
        };
        self.readers.read(waiting).await
    }

    /// The payloads of all records of any topic, in order per partition.
    pub(crate) async fn values(&self, name: &str) -> Result<Vec<String>, BusError> {
        let topic = format!("{}{name}", self.address.prefix);
        let numbers: Vec<u32> = (0..self.address.partitions).collect();
        let reading = self.readers.read(move |reader| {
            let parts: Vec<Range> = numbers.iter().copied().zip(reader.bounds(&topic, &numbers)?).collect();
            let mut values = Vec::new();
            reader.scan(&topic, &parts, |message| {
                let payload = codec::payload(message);
                values.push(payload.map_err(|problem| BusError::Unavailable(problem.into()))?);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(values)
        });
        reading.await
    }

    /// The reach of each context, from the latest marks of the relays.
    pub(crate) async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        let contexts = contexts.to_vec();
        if let Some(known) = self.known_reach(&contexts) {
            return Ok(known);
        }
        let topic = format!("{}{RELAY_TOPIC}", self.address.prefix);
        let numbers: Vec<u32> = contexts.iter().map(|context| relay_partition(*context)).collect();
        let asked = Instant::now();
        let marks = self.readers.read(move |reader| {
            let parts: Vec<Range> = numbers.iter().copied().zip(reader.bounds(&topic, &numbers)?).collect();
            reader.last(&topic, &parts, |message| Ok(message.payload().unwrap_or_default().to_vec()))
        });
        let mut all = BTreeMap::new();
        for payload in marks.await?.into_values() {
            let mark: Mark =
                serde_json::from_slice(&payload).map_err(|error| BusError::Unavailable(Box::new(error)))?;
            all.insert(mark.context, Reach { position: mark.position, as_of: Some(mark.as_of) });
        }
        let mut reaches = self.reaches.lock();
        reaches.extend(all.iter().map(|(context, reach)| (*context, (asked, *reach))));
        Ok(all)
    }

    fn known_reach(&self, contexts: &[Context]) -> Option<BTreeMap<Context, Reach>> {
        let reaches = self.reaches.lock();
        let fresh = |context: &Context| {
            let (asked, reach) = reaches.get(context)?;
            (asked.elapsed() < FRESH).then_some((*context, *reach))
        };
        contexts.iter().map(fresh).collect()
    }
}
