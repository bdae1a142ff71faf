//! The logs as a bus (`log://`): a topic is the part of its context's log with the topic's events, tailed by
//! position. Keys have the partitions that they would have on Kafka, so that a consumer that moves there continues
//! from its positions; an offset is a log position. There is no second copy and no broker. The guarantees are those
//! of every bus.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::select_all;
use platform::bus::{
    Browse, Bus, BusError, Consumer, Delivery, Partition, Positions, Reach, Record, Start, Subscription,
    TopicInfo,
};
use schemas::topics::{PARTITIONS, partition_of};
use schemas::{Context, StreamId, Topic};
use tokio::time::Instant;

use crate::port::{Log, LogError, Read, StoredEvent};

mod tail;

use tail::Tail;

/// The bus over the logs of all contexts.
#[derive(Clone)]
pub struct LogBus {
    tails: BTreeMap<Context, Arc<Tail>>,
    partitions: u32,
}

/// Events per read when browsing.
const PAGE: usize = 1_000;

impl LogBus {
    /// A bus over these logs, with [`PARTITIONS`] partitions per topic. Topics of other contexts are empty.
    pub fn new(logs: impl IntoIterator<Item = Arc<dyn Log>>) -> Self {
        Self::with_partitions(logs, PARTITIONS)
    }

    /// The same with `partitions` partitions per topic, at least one. The number must never change for a
    /// shop, whose documents and positions are kept by partition.
    pub fn with_partitions(logs: impl IntoIterator<Item = Arc<dyn Log>>, partitions: u32) -> Self {
        let tails = logs.into_iter().map(|log| (log.context(), Arc::new(Tail::new(log)))).collect();
        Self { tails, partitions: partitions.max(1) }
    }

    fn log(&self, context: Context) -> Option<&Arc<dyn Log>> {
        self.tails.get(&context).map(|tail| tail.log())
    }
}

/// The stored event as a record of the bus.
fn record(topic: Topic, event: &StoredEvent, partitions: u32) -> Record {
    Record {
        topic,
        partition: partition_of(event.envelope.stream.as_str(), partitions),
        offset: event.envelope.position,
        envelope: Arc::clone(&event.envelope),
        payload: Arc::clone(&event.payload),
    }
}

fn unavailable(error: LogError) -> BusError {
    BusError::Unavailable(Box::new(error))
}

#[async_trait]
impl Bus for LogBus {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let known = subscription.resume.positions().await?;
        let (mut sources, mut begins) = (Vec::new(), Positions::new());
        for (context, tail) in &self.tails {
            let topics: Vec<Topic> =
                subscription.topics.iter().copied().filter(|topic| topic.context() == *context).collect();
            if topics.is_empty() {
                continue;
            }
            let fresh = match subscription.start {
                Start::Beginning => 0,
                Start::Head => tail.log().head().await.map_err(unavailable)?.position,
            };
            let mut done = Positions::new();
            for topic in topics {
                for number in 0..self.partitions {
                    let partition = Partition { topic, number };
                    let position = known.get(&partition).copied().unwrap_or(fresh);
                    // A start at the head is delivered as a position even for an empty partition, so that a
                    // restart begins there too.
                    if subscription.start == Start::Head && !known.contains_key(&partition) {
                        begins.insert(partition, position);
                    }
                    done.insert(partition, position);
                }
            }
            let after = done.values().copied().min().unwrap_or(0);
            sources.push(Source { tail: Arc::clone(tail), done, after, partitions: self.partitions });
        }
        Ok(Box::new(LogConsumer { sources, next: 0, begins }))
    }

    fn partition_of(&self, key: &str) -> u32 {
        partition_of(key, self.partitions)
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        let mut counts = BTreeMap::new();
        for (context, tail) in &self.tails {
            if topics.iter().any(|topic| topic.context() == *context) {
                counts.insert(*context, tail.log().counts().await.map_err(unavailable)?);
            }
        }
        let info = |topic: &Topic| {
            let (records, end) =
                counts.get(&topic.context()).and_then(|c| c.get(topic.prefix())).copied().unwrap_or((0, 0));
            // The ends of single partitions are not stored. The end of the topic is at or after each of them,
            // so a consumer that has read that far has read them all.
            TopicInfo {
                topic: *topic,
                records,
                ends: (0..self.partitions).map(|number| (number, end)).collect(),
            }
        };
        Ok(topics.iter().map(info).collect())
    }

    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        let mut reach = BTreeMap::new();
        for context in contexts {
            if let Some(log) = self.log(*context) {
                let position = log.head().await.map_err(unavailable)?.position;
                reach.insert(*context, Reach { position, as_of: None });
            }
        }
        Ok(reach)
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        let Some(log) = self.log(topic.context()) else { return Ok(Vec::new()) };
        let after = |number| browse.after.get(&number).copied().unwrap_or(0);
        let start = (0..self.partitions).map(after).min().unwrap_or(0);
        let mut found = Vec::new();
        let mut cursor = Cursor { position: start, version: 0 };
        while found.len() < browse.limit {
            let events = match &browse.key {
                Some(key) => {
                    log.read(Read::Streams(&[(StreamId::from_text(key), cursor.version)]), PAGE).await
                }
                None => log.read(Read::After(cursor.position), PAGE).await,
            }
            .map_err(unavailable)?;
            for event in &events {
                let envelope = &event.envelope;
                cursor = Cursor { position: envelope.position, version: envelope.version };
                if envelope.topic() != Some(topic)
                    || browse.name.as_ref().is_some_and(|name| *name != envelope.name)
                {
                    continue;
                }
                let record = record(topic, event, self.partitions);
                if envelope.position > after(record.partition) && found.len() < browse.limit {
                    found.push(record);
                }
            }
            if events.len() < PAGE {
                break;
            }
        }
        Ok(found)
    }

    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        let deadline = Instant::now() + patience;
        let Some(log) = self.log(topic.context()) else {
            tokio::time::sleep_until(deadline).await;
            return Ok(());
        };
        let mut browse = Browse { after: after.clone(), limit: 1, ..Browse::default() };
        loop {
            // The head is read before the topic is browsed, so an event appended in between ends the wait
            // below.
            let head = log.head().await.map_err(unavailable)?.position;
            if !self.browse(topic, &browse).await?.is_empty() {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            browse.after = (0..self.partitions).map(|number| (number, head)).collect();
            log.grown(head, left).await;
        }
    }
}

struct Cursor {
    position: u64,
    version: u64,
}

/// One log of which a consumer reads some topics.
struct Source {
    tail: Arc<Tail>,
    partitions: u32,
    /// Records at or below these positions are handled.
    done: Positions,
    /// Everything at or below this position is delivered.
    after: u64,
}

impl Source {
    /// The next delivery, from at most `max` events of the log; `None` at its end.
    async fn next(&mut self, max: usize) -> Result<Option<Delivery>, BusError> {
        let events = self.tail.after(self.after, max).await.map_err(unavailable)?;
        let Some(last) = events.last().map(|event| event.envelope.position) else { return Ok(None) };
        let records = events.iter().filter_map(|event| {
            let record = record(event.envelope.topic()?, event, self.partitions);
            let done = self.done.get(&Partition { topic: record.topic, number: record.partition })?;
            (event.envelope.position > *done).then_some(record)
        });
        let records = records.collect();
        self.after = last;
        let mut positions = Positions::new();
        for (partition, done) in &mut self.done {
            if last > *done {
                *done = last;
                positions.insert(*partition, last);
            }
        }
        Ok(Some(Delivery { records, positions }))
    }
}

struct LogConsumer {
    sources: Vec<Source>,
    /// The source to ask next, so that a busy log does not starve the others.
    next: usize,
    /// Start positions of partitions that had none. They are delivered first, so that a restart begins there
    /// too.
    begins: Positions,
}

impl LogConsumer {
    async fn ready(&mut self, max: usize) -> Result<Option<Delivery>, BusError> {
        for _ in 0..self.sources.len() {
            let turn = self.next % self.sources.len();
            self.next = turn + 1;
            if let Some(delivery) = self.sources[turn].next(max).await? {
                return Ok(Some(delivery));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Consumer for LogConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        if !self.begins.is_empty() {
            return Ok(Delivery { records: Vec::new(), positions: std::mem::take(&mut self.begins) });
        }
        let deadline = Instant::now() + patience;
        loop {
            if let Some(delivery) = self.ready(max.max(1)).await? {
                return Ok(delivery);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.sources.is_empty() {
                tokio::time::sleep(left).await;
                return Ok(Delivery::default());
            }
            let waits =
                self.sources.iter().map(|source| Box::pin(source.tail.log().grown(source.after, left)));
            select_all(waits).await;
        }
    }

    async fn commit(&mut self, _positions: &Positions) -> Result<(), BusError> {
        Ok(())
    }
}
