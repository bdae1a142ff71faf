//! A bus in memory, for the tests of consumers. With a fault it tests the contract suite and the test double.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use schemas::topics::partition_of;
use schemas::{Context, Topic};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{
    Browse, Bus, BusError, Consumer, Delivery, Partition, Positions, Reach, Record, Start, Subscription,
    TopicInfo,
};

#[cfg(test)]
mod tests;

/// The fault of a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "faults are for the tests of the suite"))]
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
    NamesAnotherPartition,
}

/// Partitions of each topic.
pub const PARTITIONS: u32 = 2;

#[derive(Default)]
struct Log {
    topics: BTreeMap<Partition, Vec<Record>>,
    ends: BTreeMap<Context, u64>,
    commits: BTreeMap<String, Positions>,
    heard: HashSet<(Topic, u32, u64)>,
}

/// Topics in memory, at first empty. Clones are the same topics.
#[derive(Clone)]
pub struct MemoryBus {
    log: Arc<Mutex<Log>>,
    grown: Arc<watch::Sender<u64>>,
    fault: Fault,
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::with(Fault::None)
    }
}

impl MemoryBus {
    pub(super) fn with(fault: Fault) -> Self {
        Self { log: Arc::default(), grown: Arc::new(watch::Sender::new(0)), fault }
    }

    /// Puts records on their partitions, in order: each position is higher than the one before.
    pub fn put(&self, records: &[Record]) {
        let mut log = self.log.lock();
        for record in records {
            let end = log.ends.entry(record.topic.context()).or_default();
            *end = record.position().max(*end);
            log.topics.entry(record.partition()).or_default().push(record.clone());
        }
        drop(log);
        self.grown.send_modify(|count| *count += 1);
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

    fn partition_of(&self, key: &str) -> u32 {
        let wrong = u32::from(self.fault == Fault::NamesAnotherPartition);
        (partition_of(key, PARTITIONS) + wrong) % PARTITIONS
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
