//! A bus in memory with two partitions per topic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::{
    Browse, Bus, BusError, Consumer, Delivery, Partition, Positions, Reach, Record, Subscription, TopicInfo,
};
use schemas::{Context, Topic};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

pub const PARTITIONS: u32 = 2;

#[derive(Clone)]
pub struct MemoryBus {
    records: Arc<Mutex<BTreeMap<Partition, Vec<Record>>>>,
    grown: watch::Sender<u64>,
}

impl MemoryBus {
    pub fn new() -> Self {
        Self { records: Arc::default(), grown: watch::Sender::new(0) }
    }

    pub fn publish(&self, records: &[Record]) {
        let mut all = self.records.lock();
        for record in records {
            let partition = Partition { topic: record.topic, number: record.partition };
            all.entry(partition).or_default().push(record.clone());
        }
        drop(all);
        self.grown.send_modify(|count| *count += 1);
    }
}

fn partitions(topics: &[Topic]) -> Vec<Partition> {
    let of =
        |topic: &Topic| (0..PARTITIONS).map(|number| Partition { topic: *topic, number }).collect::<Vec<_>>();
    topics.iter().flat_map(of).collect()
}

#[async_trait]
impl Bus for MemoryBus {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let known = subscription.resume.positions().await?;
        let at = partitions(&subscription.topics);
        let at = at.into_iter().map(|partition| (partition, known.get(&partition).copied().unwrap_or(0)));
        Ok(Box::new(MemoryConsumer { bus: self.clone(), at: at.collect(), news: self.grown.subscribe() }))
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        let all = self.records.lock();
        let info = |topic: &Topic| {
            let mut info = TopicInfo { topic: *topic, records: 0, ends: BTreeMap::new() };
            for partition in partitions(&[*topic]) {
                let records = all.get(&partition).map_or(&[][..], Vec::as_slice);
                info.records += records.len() as u64;
                info.ends.insert(partition.number, records.last().map_or(0, |last| last.offset));
            }
            info
        };
        Ok(topics.iter().map(info).collect())
    }

    async fn reach(&self, _: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        unsupported()
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        let all = self.records.lock();
        let wanted = |record: &&Record| {
            record.offset > browse.after.get(&record.partition).copied().unwrap_or(0)
                && browse.key.as_ref().is_none_or(|key| key == record.envelope.stream.as_str())
                && browse.name.as_ref().is_none_or(|name| *name == record.envelope.name)
        };
        let records = partitions(&[topic]).into_iter().filter_map(|partition| all.get(&partition)).flatten();
        Ok(records.filter(wanted).take(browse.limit).cloned().collect())
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
            while self.browse(topic, &browse).await?.is_empty() && news.changed().await.is_ok() {}
            Ok(())
        };
        tokio::time::timeout(patience, grows).await.unwrap_or(Ok(()))
    }
}

/// Projectors do not ask for it.
fn unsupported() -> Result<BTreeMap<Context, Reach>, BusError> {
    Err(BusError::Unavailable("a projector asked how far the relays are".into()))
}

struct MemoryConsumer {
    bus: MemoryBus,
    at: Positions,
    news: watch::Receiver<u64>,
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        let deadline = Instant::now() + patience;
        loop {
            let mut delivery = Delivery::default();
            let all = self.bus.records.lock().clone();
            for (partition, at) in &mut self.at {
                let records = all.get(partition).map_or(&[][..], Vec::as_slice);
                let new = records.iter().filter(|record| record.offset > *at);
                let new: Vec<_> = new.take(max - delivery.records.len()).cloned().collect();
                if let Some(last) = new.last() {
                    *at = last.offset;
                    delivery.positions.insert(*partition, last.offset);
                }
                delivery.records.extend(new);
            }
            if !delivery.records.is_empty() || timeout_at(deadline, self.news.changed()).await.is_err() {
                return Ok(delivery);
            }
        }
    }

    async fn commit(&mut self, _: &Positions) -> Result<(), BusError> {
        Ok(())
    }
}
