//! P7 and P8: reads all events again and decodes them, without storing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bus_kafka::KafkaBus;
use event_log::port::{Log, Read};
use futures_util::future::try_join_all;
use platform::bus::{Bus, BusError, Consumer, Positions, Record, Resume, Start, Subscription};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use schemas::reaction::ReactionEvent;
use schemas::topics::{PARTITIONS, partition_of};
use schemas::{EventSet, event};

use crate::place::{Database, Place};
use crate::relaying::{self, TOPIC};
use crate::{Outcome, story};
use measure::{Options, Sample, Samples};

/// Names of the contenders.
pub const RAW: &str = "raw consumer and decoding";
pub const ONE: &str = "chorale, replay from Kafka";
pub const TWO: &str = "chorale, replay from Kafka, 2 workers";
pub const RAW_LOG: &str = "raw read of the log's rows and decoding";
pub const LOG: &str = "chorale, replay from the log";

/// Longest wait for a record.
const SILENCE: Duration = Duration::from_secs(20);
/// Records per batch.
const BATCH: usize = 1_000;

pub async fn round(
    place: &Place,
    options: &Options,
    (database, log, bus): (&Database, &Arc<dyn Log>, &KafkaBus),
    events: u64,
    samples: &mut Samples,
) -> Outcome<()> {
    if options.wants("P7") {
        let (brokers, topic) = (place.kafka.clone(), format!("{}{TOPIC}", bus.address().prefix));
        samples.add(RAW, tokio::task::spawn_blocking(move || raw(&brokers, &topic, events)).await??);
    }
    if options.wants_any(&["P7", "P8"]) {
        samples.add(ONE, replay(bus, events, 1).await?);
    }
    if options.wants("P8") {
        samples.add(TWO, replay(bus, events, 2).await?);
    }
    if options.wants("P7") {
        samples.add(RAW_LOG, relaying::read_and(database, events, decode).await?);
        samples.add(LOG, from_log(log, events).await?);
    }
    Ok(())
}

fn decode(name: &str, version: u32, payload: &str) -> Outcome<()> {
    ReactionEvent::decode(name, version, payload)?;
    Ok(())
}

/// The client library alone: reads all partitions, takes the type from the header and decodes the payload.
fn raw(brokers: &str, topic: &str, events: u64) -> Outcome<Sample> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", "bench-raw")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("check.crcs", "true");
    let consumer: BaseConsumer = config.create()?;
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(topic, i32::try_from(partition)?, Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    let (mut start, mut read) = (None, 0);
    while read < events {
        let message = consumer.poll(SILENCE).ok_or("Kafka does not answer")??;
        start.get_or_insert_with(Instant::now);
        let full =
            message.headers().and_then(|headers| headers.iter().find(|header| header.key == "ce_type"));
        let full = std::str::from_utf8(full.and_then(|header| header.value).ok_or("a record without type")?)?;
        let (_, name, version) = event::parse_full_name(full).ok_or("an unknown event type")?;
        decode(name, version, message.payload_view::<str>().ok_or("a record without value")??)?;
        read += 1;
    }
    Ok(Sample::rate(read, start.ok_or("nothing was read")?.elapsed()))
}

/// Positions of a group that has handled nothing.
struct Nowhere;

#[async_trait]
impl Resume for Nowhere {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(Positions::new())
    }
}

/// Starts the members of a new group, and waits until each has its partitions.
async fn replay(bus: &KafkaBus, events: u64, workers: usize) -> Outcome<Sample> {
    let group = format!("replay-{workers}-{}", story::stream());
    let mut members = Vec::new();
    for _ in 0..workers {
        let subscription = Subscription {
            group: group.clone(),
            topics: vec![TOPIC],
            start: Start::Beginning,
            resume: Arc::new(Nowhere),
        };
        members.push(bus.subscribe(subscription).await?);
    }
    assigned(&mut members).await?;
    let (start, read) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let drained = members.into_iter().map(|member| tokio::spawn(drain(member, Arc::clone(&read), events)));
    let mut positions = BTreeMap::new();
    for done in try_join_all(drained).await? {
        for (partition, count) in done? {
            *positions.entry(partition).or_insert(0) += count;
        }
    }
    let (taken, read) = (start.elapsed(), positions.values().sum::<u64>());
    if read != events {
        return Err(format!("{read} records of {events} were replayed").into());
    }
    Ok(Sample::rate(read, taken))
}

/// Waits until each partition has one owner and every member its share.
async fn assigned(members: &mut [Box<dyn Consumer>]) -> Outcome<()> {
    let mut keys: BTreeMap<u32, String> = BTreeMap::new();
    while keys.len() < PARTITIONS as usize {
        let key = story::stream();
        keys.insert(partition_of(&key, PARTITIONS), key);
    }
    let patience = Instant::now() + SILENCE;
    while Instant::now() < patience {
        let owned: Vec<BTreeSet<u32>> = members
            .iter()
            .map(|member| keys.iter().filter(|(_, key)| member.has(TOPIC, key)).map(|(p, _)| *p).collect())
            .collect();
        let (sum, each) = (owned.iter().map(BTreeSet::len).sum::<usize>(), keys.len() / members.len());
        if sum == keys.len() && owned.iter().all(|owned| owned.len() == each) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("the partitions were not assigned in time".into())
}

/// Decodes the records, and returns their number per partition. Positions must increase.
async fn drain(
    mut member: Box<dyn Consumer>,
    read: Arc<AtomicU64>,
    events: u64,
) -> Outcome<BTreeMap<u32, u64>> {
    let (mut counts, mut last) = (BTreeMap::new(), BTreeMap::<u32, u64>::new());
    let mut heard = Instant::now();
    while read.load(Ordering::Relaxed) < events {
        let delivery = member.next(BATCH, Duration::from_millis(50)).await?;
        for record in &delivery.records {
            let Record { envelope, payload, partition, .. } = record;
            decode(&envelope.name, envelope.type_version, payload)?;
            let before = last.insert(*partition, envelope.position).unwrap_or(0);
            if before >= envelope.position {
                return Err(format!("{} came after {before}", envelope.position).into());
            }
            *counts.entry(*partition).or_insert(0) += 1;
        }
        if !delivery.records.is_empty() {
            heard = Instant::now();
        }
        if heard.elapsed() > SILENCE {
            return Err("Kafka does not answer".into());
        }
        read.fetch_add(delivery.records.len() as u64, Ordering::Relaxed);
    }
    Ok(counts)
}

async fn from_log(log: &Arc<dyn Log>, events: u64) -> Outcome<Sample> {
    let (start, mut after, mut read) = (Instant::now(), 0, 0);
    loop {
        let page = log.read(Read::After(after), BATCH).await?;
        let Some(last) = page.last() else { break };
        after = last.envelope.position;
        for event in &page {
            decode(&event.envelope.name, event.envelope.type_version, &event.payload)?;
        }
        read += page.len() as u64;
    }
    let taken = start.elapsed();
    if read != events {
        return Err(format!("{read} events of {events} were replayed").into());
    }
    Ok(Sample::rate(read, taken))
}
