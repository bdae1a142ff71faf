//! A bus in memory, correct or with a chosen fault, to test the contract suite and the test double.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use schemas::{Context, Envelope, EventId, StreamId, Timestamp, Topic};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::contract::{AnyError, BusUnderTest, Factory};
use super::{
    Browse, Bus, BusError, Consumer, Delivery, Partition, Positions, Reach, Record, Start, Subscription,
    TopicInfo,
};

mod tests;

/// The fault of a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    ForgetsPositions,
    GoesOnFromCommits,
    ReordersAKey,
    DropsARecord,
    DeliversTwice,
    ClaimsTooMuch,
    HeadIsTheBeginning,
    ForgetsItsPlaceAtTheHead,
    OneGroupOnly,
    HearsOtherTopics,
    SleepsThroughNews,
    WaitsForWhatIsThere,
    LosesWhatIsDropped,
    LargeBatches,
    BrowsesTheFirstPageAgain,
    IgnoresNames,
    CountsWrong,
    ReachesTooShort,
}

const PARTITIONS: u32 = 2;

#[derive(Default)]
struct Log {
    topics: BTreeMap<Partition, Vec<Record>>,
    versions: BTreeMap<StreamId, u64>,
    ends: BTreeMap<Context, u64>,
    commits: BTreeMap<String, Positions>,
    heard: HashSet<(Topic, u32, u64)>,
}

#[derive(Clone)]
pub(super) struct MemoryBus {
    log: Arc<Mutex<Log>>,
    grown: Arc<watch::Sender<u64>>,
    fault: Fault,
}

impl MemoryBus {
    pub(super) fn new(fault: Fault) -> Self {
        Self { log: Arc::default(), grown: Arc::new(watch::Sender::new(0)), fault }
    }

    fn publish_one(&self, topic: Topic, stream: &StreamId) {
        let mut log = self.log.lock();
        let version = log.versions.entry(stream.clone()).or_default();
        *version += 1;
        let version = *version;
        let position = log.ends.entry(topic.context()).or_default();
        *position += 1;
        let position = *position;
        let number = u32::from(stream.as_str().bytes().last().unwrap()) % PARTITIONS;
        let records = log.topics.entry(Partition { topic, number }).or_default();
        // The bus has its own offsets, which are unrelated to positions.
        let offset = records.last().map_or(1_000, |last: &Record| last.offset + 3);
        let envelope = Envelope {
            id: EventId::derived(&[stream.as_str(), &version.to_string()]),
            stream: stream.clone(),
            version,
            context: topic.context(),
            position,
            epoch: Uuid::nil(),
            name: if version.is_multiple_of(2) { "Evened" } else { "Odded" }.to_owned(),
            type_version: 1,
            time: Timestamp::EPOCH,
            correlation: Uuid::nil(),
            causation: Uuid::nil(),
            traceparent: None,
            hash: String::new(),
        };
        records.push(Record {
            topic,
            partition: number,
            offset,
            envelope: Arc::new(envelope),
            payload: "{}".into(),
        });
        if self.fault == Fault::ReordersAKey && version == 4 {
            let last = records.len() - 1;
            let before = (0..last).rev().find(|place| records[*place].envelope.stream == *stream).unwrap();
            let (one, two) = (records[before].envelope.clone(), records[last].envelope.clone());
            let at = |envelope: &Envelope, position| Arc::new(Envelope { position, ..envelope.clone() });
            records[before].envelope = at(&two, one.position);
            records[last].envelope = at(&one, two.position);
        }
        drop(log);
        self.grown.send_modify(|count| *count += 1);
    }
}

#[async_trait]
impl BusUnderTest for MemoryBus {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), AnyError> {
        (0..count).for_each(|_| self.publish_one(topic, stream));
        Ok(())
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Factory for Fault {
    async fn fresh(&self) -> Result<Box<dyn BusUnderTest>, AnyError> {
        Ok(Box::new(MemoryBus::new(*self)))
    }
}

fn partitions(topics: &[Topic]) -> impl Iterator<Item = Partition> + use<> {
    let topics = topics.to_vec();
    topics.into_iter().flat_map(|topic| (0..PARTITIONS).map(move |number| Partition { topic, number }))
}

#[async_trait]
impl Bus for MemoryBus {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let mut known = subscription.resume.positions().await?;
        let log = self.log.lock();
        match self.fault {
            Fault::ForgetsPositions => known.clear(),
            Fault::GoesOnFromCommits => {
                known = log.commits.get(&subscription.group).cloned().unwrap_or(known)
            }
            _ => {}
        }
        let from_end = subscription.start == Start::Head && self.fault != Fault::HeadIsTheBeginning;
        let mut topics = subscription.topics.clone();
        if self.fault == Fault::HearsOtherTopics {
            topics.push(Topic::RESERVATION);
        }
        let end = |partition: &Partition| {
            log.topics.get(partition).and_then(|records| records.last()).map_or(0, Record::position)
        };
        let start = |partition: &Partition| {
            known.get(partition).copied().unwrap_or(if from_end { end(partition) } else { 0 })
        };
        let at: Positions = partitions(&topics).map(|partition| (partition, start(&partition))).collect();
        let group = subscription.group;
        Ok(Box::new(MemoryConsumer { bus: self.clone(), group, at, delivered: Positions::new() }))
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        let log = self.log.lock();
        let wrong = u64::from(self.fault == Fault::CountsWrong);
        let info = |topic: &Topic| {
            let of = |partition: &Partition| log.topics.get(partition).map_or(&[][..], Vec::as_slice);
            let all = || partitions(&[*topic]);
            TopicInfo {
                topic: *topic,
                records: all().map(|partition| of(&partition).len() as u64).sum::<u64>() + wrong,
                ends: all().map(|p| (p.number, of(&p).last().map_or(0, Record::position))).collect(),
            }
        };
        Ok(topics.iter().map(info).collect())
    }

    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        let log = self.log.lock();
        let end = |context: &Context| log.ends.get(context).copied().unwrap_or(0);
        let short = u64::from(self.fault == Fault::ReachesTooShort);
        let reach = |context: &Context| Reach { position: end(context).saturating_sub(short), as_of: None };
        Ok(contexts.iter().map(|context| (*context, reach(context))).collect())
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        let log = self.log.lock();
        let wanted = |record: &&Record| {
            let done = browse.after.get(&record.partition).copied().unwrap_or(0);
            (record.position() > done || self.fault == Fault::BrowsesTheFirstPageAgain)
                && browse.key.as_ref().is_none_or(|key| key == record.envelope.stream.as_str())
                && (browse.name.as_ref().is_none_or(|name| *name == record.envelope.name)
                    || self.fault == Fault::IgnoresNames)
        };
        let all = partitions(&[topic]).filter_map(|partition| log.topics.get(&partition)).flatten();
        Ok(all.filter(wanted).take(browse.limit).cloned().collect())
    }

    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        let mut news = self.grown.subscribe();
        let browse = Browse { after: after.clone(), limit: 1, ..Browse::default() };
        let grows = async {
            if self.fault == Fault::WaitsForWhatIsThere {
                drop(news.changed().await);
            }
            while self.browse(topic, &browse).await?.is_empty() && news.changed().await.is_ok() {}
            Ok(())
        };
        tokio::time::timeout(patience, grows).await.unwrap_or(Ok(()))
    }
}

struct MemoryConsumer {
    bus: MemoryBus,
    group: String,
    at: Positions,
    delivered: Positions,
}

impl MemoryConsumer {
    fn take(&mut self, max: usize) -> Delivery {
        let mut log = self.bus.log.lock();
        let fault = self.bus.fault;
        let max = if fault == Fault::LargeBatches { max + 1 } else { max };
        let (mut records, mut ahead) = (Vec::new(), Positions::new());
        for (partition, at) in &mut self.at {
            let Some(all) = log.topics.get(partition) else { continue };
            let start = all.partition_point(|record| record.position() <= *at);
            let some = &all[start..all.len().min(start + max - records.len())];
            *at = some.last().map_or(*at, Record::position);
            ahead.insert(*partition, all.last().map_or(0, Record::position));
            records.extend_from_slice(some);
        }
        match fault {
            Fault::DropsARecord => records.retain(|record| record.envelope.version != 4),
            Fault::OneGroupOnly => records.retain(|r| log.heard.insert((r.topic, r.partition, r.position()))),
            Fault::DeliversTwice => {
                records = records.iter().flat_map(|r| [r.clone(), r.clone()]).take(max).collect()
            }
            _ => {}
        }
        let now = if fault == Fault::ClaimsTooMuch { &ahead } else { &self.at };
        let news = |(partition, offset): &(&Partition, &u64)| {
            let at_rest = fault == Fault::ForgetsItsPlaceAtTheHead && records.is_empty();
            !at_rest && self.delivered.get(partition) != Some(offset)
        };
        let positions: Positions =
            now.iter().filter(news).map(|(partition, offset)| (*partition, *offset)).collect();
        self.delivered.extend(positions.clone());
        Delivery { records, positions }
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        let deadline = Instant::now() + patience;
        let mut news = self.bus.grown.subscribe();
        loop {
            let delivery = self.take(max);
            if self.bus.fault == Fault::LosesWhatIsDropped {
                tokio::task::yield_now().await;
            }
            if !delivery.records.is_empty() || !delivery.positions.is_empty() {
                return Ok(delivery);
            }
            if self.bus.fault == Fault::SleepsThroughNews {
                tokio::time::sleep_until(deadline).await;
            }
            if timeout_at(deadline, news.changed()).await.is_err() {
                return Ok(delivery);
            }
        }
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        let mut log = self.bus.log.lock();
        log.commits.entry(self.group.clone()).or_default().extend(positions.clone());
        Ok(())
    }
}
