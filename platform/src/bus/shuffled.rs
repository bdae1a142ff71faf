//! The bus's test double: wraps another bus and keeps only the order that the port promises.
//!
//! Keys are spread over virtual partitions, which are interleaved at random. Batches are cut elsewhere. Delivered
//! records are redelivered, as after a rebalance. A seed determines all of this.
//!
//! Each partition of the inner bus is split into [`SPLIT`] virtual ones by a hash of the key: number `p` becomes the
//! numbers from `p * SPLIT` on. Positions are unchanged, so they rise within a virtual partition, too. The inner bus
//! resumes at the lowest position of its virtual partitions; records at or below a virtual partition's own position
//! are skipped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::{Context, Topic};
use tokio::sync::Mutex;
use tokio::time::Instant;

use self::virtual_partitions::{VirtualPartitions, mix};
use super::{
    Browse, Bus, BusError, Consumer, Delivery, Partition, Positions, Reach, Record, Resume, Start,
    Subscription, TopicInfo,
};

mod virtual_partitions;

/// Virtual partitions per partition of the inner bus. The same for every seed, because positions outlive a seed.
const SPLIT: u32 = 4;

/// Records read at a time to find the ends of virtual partitions.
const PAGE: usize = 1_000;

/// A bus that shuffles another one.
pub struct ShuffledBus {
    inner: Arc<dyn Bus>,
    seed: u64,
    /// Counts readers: each is shuffled in a different way.
    readers: AtomicU64,
    ends: Mutex<HashMap<Topic, Ends>>,
}

/// The known ends of a topic.
#[derive(Clone, Default)]
struct Ends {
    read_to: BTreeMap<u32, u64>,
    virtual_ends: BTreeMap<u32, u64>,
}

impl ShuffledBus {
    /// Shuffles `inner` in a way that `seed` determines.
    pub fn new(inner: Arc<dyn Bus>, seed: u64) -> Self {
        Self { inner, seed, readers: AtomicU64::new(0), ends: Mutex::default() }
    }

    fn rng(&self) -> StdRng {
        let reader = self.readers.fetch_add(1, Ordering::Relaxed);
        StdRng::seed_from_u64(self.seed.wrapping_add(reader.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The current end of every partition: start positions at the head.
    async fn head(&self, topics: &[Topic]) -> Result<Positions, BusError> {
        let infos = self.inner.topics(topics).await?;
        let ends =
            infos.iter().flat_map(|info| info.ends.iter().map(|(number, end)| (info.topic, *number, *end)));
        Ok(ends
            .flat_map(|(topic, number, end)| virtual_partitions(topic, number).map(move |v| (v, end)))
            .collect())
    }

    async fn virtual_ends(&self, topic: Topic) -> Result<BTreeMap<u32, u64>, BusError> {
        let mut all = self.ends.lock().await;
        let ends = all.entry(topic).or_default();
        loop {
            let browse = Browse { after: ends.read_to.clone(), limit: PAGE, ..Browse::default() };
            let page = self.inner.browse(topic, &browse).await?;
            for record in &page {
                ends.read_to.insert(record.partition, record.position());
                ends.virtual_ends.insert(
                    virtual_number(record.partition, record.envelope.stream.as_str()),
                    record.position(),
                );
            }
            if page.len() < PAGE {
                return Ok(ends.virtual_ends.clone());
            }
        }
    }
}

fn virtual_partitions(topic: Topic, inner: u32) -> impl Iterator<Item = Partition> {
    (inner * SPLIT..(inner + 1) * SPLIT).map(move |number| Partition { topic, number })
}

/// The virtual partition of a key in a partition of the inner bus.
fn virtual_number(inner: u32, key: &str) -> u32 {
    // FNV-1a, which is the same in every process.
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let part = (hash ^ (hash >> 32)) % u64::from(SPLIT);
    inner * SPLIT + u32::try_from(part).unwrap_or(0)
}

/// The positions of the inner bus: the lowest of the virtual ones, if all of them are known.
fn inner_positions(virtual_ones: &Positions) -> Positions {
    let inner: BTreeSet<Partition> = virtual_ones
        .keys()
        .map(|partition| Partition { topic: partition.topic, number: partition.number / SPLIT })
        .collect();
    let lowest = |partition: Partition| {
        let positions =
            virtual_partitions(partition.topic, partition.number).map(|v| virtual_ones.get(&v).copied());
        positions.collect::<Option<Vec<u64>>>()?.into_iter().min()
    };
    inner.into_iter().filter_map(|partition| Some((partition, lowest(partition)?))).collect()
}

/// Resumes the inner bus.
struct Translated {
    outer: Arc<dyn Resume>,
    head: Positions,
}

impl Translated {
    async fn known(&self) -> Result<Positions, BusError> {
        let mut known = self.head.clone();
        known.extend(self.outer.positions().await?);
        Ok(known)
    }
}

#[async_trait]
impl Resume for Translated {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(inner_positions(&self.known().await?))
    }
}

#[async_trait]
impl Bus for ShuffledBus {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let head = match subscription.start {
            Start::Beginning => Positions::new(),
            Start::Head => self.head(&subscription.topics).await?,
        };
        let resume = Arc::new(Translated { outer: subscription.resume.clone(), head });
        let partitions = VirtualPartitions::new(resume.known().await?, self.rng());
        let inner = self.inner.subscribe(Subscription { resume, ..subscription }).await?;
        Ok(Box::new(ShuffledConsumer { inner, partitions, committed: Positions::new() }))
    }

    fn partition_of(&self, key: &str) -> u32 {
        virtual_number(self.inner.partition_of(key), key)
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        let mut infos = self.inner.topics(topics).await?;
        for info in &mut infos {
            let known = self.virtual_ends(info.topic).await?;
            let numbers = info.ends.keys().flat_map(|inner| virtual_partitions(info.topic, *inner));
            info.ends = numbers.map(|v| (v.number, known.get(&v.number).copied().unwrap_or(0))).collect();
        }
        Ok(infos)
    }

    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        self.inner.reach(contexts).await
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        let after =
            browse.after.iter().map(|(number, offset)| (Partition { topic, number: *number }, *offset));
        let cursor = inner_positions(&after.collect());
        let mut inner = Browse {
            after: cursor.iter().map(|(p, offset)| (p.number, *offset)).collect(),
            ..browse.clone()
        };
        let mut found: Vec<Record> = Vec::new();
        while found.len() < browse.limit {
            let page = self.inner.browse(topic, &inner).await?;
            let end = page.len() < inner.limit;
            for mut record in page {
                inner.after.insert(record.partition, record.position());
                record.partition = virtual_number(record.partition, record.envelope.stream.as_str());
                if browse.after.get(&record.partition).is_none_or(|done| *done < record.position()) {
                    found.push(record);
                }
            }
            if end {
                break;
            }
        }
        found.truncate(browse.limit);
        Ok(mix(found, &mut self.rng()))
    }

    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        let deadline = Instant::now() + patience;
        let browse = Browse { after: after.clone(), limit: 1, ..Browse::default() };
        loop {
            let infos = self.inner.topics(&[topic]).await?;
            let ends = infos.into_iter().next().map(|info| info.ends).unwrap_or_default();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.browse(topic, &browse).await?.is_empty() {
                return Ok(());
            }
            self.inner.grown(topic, &ends, left).await?;
        }
    }
}

struct ShuffledConsumer {
    inner: Box<dyn Consumer>,
    partitions: VirtualPartitions,
    committed: Positions,
}

#[async_trait]
impl Consumer for ShuffledConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        let idle = self.partitions.is_empty();
        if idle || self.partitions.rng().random_bool(0.5) {
            let size = self.partitions.rng().random_range(1..=2 * max.max(1));
            let patience = if idle { patience } else { Duration::ZERO };
            // Nothing is awaited after this, so a dropped call loses nothing.
            let delivery = self.inner.next(size, patience).await?;
            self.partitions.take_in(delivery);
        }
        Ok(self.partitions.give(max))
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        self.committed.extend(positions.iter().map(|(partition, offset)| (*partition, *offset)));
        self.inner.commit(&inner_positions(&self.committed)).await
    }
}

#[cfg(test)]
mod tests;
