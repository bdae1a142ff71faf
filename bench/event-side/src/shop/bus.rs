//! Listens to the topics with librdkafka alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bus_kafka::KafkaBus;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use schemas::Topic;
use schemas::topics::PARTITIONS;
use tokio::sync::watch;

use crate::Outcome;
use crate::place::Place;
use crate::story;
use measure::Sample;

/// Longest duration of one wait.
const TICK: Duration = Duration::from_millis(100);

/// The times at which the orders of a shop were confirmed.
pub struct Watch {
    seen: Arc<Seen>,
    thread: JoinHandle<Outcome<()>>,
    count: watch::Receiver<usize>,
}

#[derive(Default)]
struct Seen {
    confirmed: Mutex<HashMap<String, Instant>>,
    stopped: AtomicBool,
}

impl Watch {
    /// Begins with records that are published from now on.
    pub fn start(place: &Place, prefix: &str) -> Outcome<Self> {
        let topic = format!("{prefix}{}", Topic::ORDER);
        let consumer = follow(place, &topic)?;
        let (seen, (told, count)) = (Arc::new(Seen::default()), watch::channel(0));
        let thread = {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || listen(&consumer, &seen, &told))
        };
        Ok(Self { seen, thread, count })
    }

    /// Number of confirmed orders.
    pub fn count(&self) -> Outcome<usize> {
        Ok(self.seen.confirmed.lock().map_err(|_| "poisoned")?.len())
    }

    /// Waits until this number of orders is confirmed.
    pub async fn until(&self, count: usize) -> Outcome<()> {
        self.count.clone().wait_for(|seen| *seen >= count).await?;
        Ok(())
    }

    /// Time from the given moment to the confirmation of each order; zero for earlier confirmations.
    pub fn times(&self, accepted: &HashMap<String, Instant>) -> Outcome<Vec<Duration>> {
        let confirmed = self.seen.confirmed.lock().map_err(|_| "poisoned")?;
        let time = |(order, since): (&String, &Instant)| {
            Some(confirmed.get(order)?.saturating_duration_since(*since))
        };
        Ok(accepted.iter().filter_map(time).collect())
    }

    pub fn stop(self) -> Outcome<()> {
        self.seen.stopped.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the listener panicked")?
    }
}

fn listen(consumer: &BaseConsumer, seen: &Seen, told: &watch::Sender<usize>) -> Outcome<()> {
    while !seen.stopped.load(Ordering::Relaxed) {
        let Some(message) = consumer.poll(TICK) else { continue };
        let (message, now) = (message?, Instant::now());
        let header =
            message.headers().and_then(|headers| headers.iter().find(|header| header.key == "ce_type"));
        let full = header.and_then(|header| header.value).ok_or("a record without type")?;
        if std::str::from_utf8(full)?.contains(".OrderConfirmed.") {
            let order = message.key_view::<str>().ok_or("a record without key")??;
            let mut confirmed = seen.confirmed.lock().map_err(|_| "poisoned")?;
            confirmed.insert(order.to_owned(), now);
            told.send_replace(confirmed.len());
        }
    }
    Ok(())
}

/// A consumer of all partitions, from their ends on.
fn follow(place: &Place, topic: &str) -> Outcome<BaseConsumer> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &place.kafka)
        .set("group.id", "bench-follow")
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "100")
        .set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let number = i32::try_from(partition)?;
        let (_, end) = consumer.fetch_watermarks(topic, number, Duration::from_secs(10))?;
        all.add_partition_offset(topic, number, Offset::Offset(end))?;
    }
    consumer.assign(&all)?;
    Ok(consumer)
}

/// Publishes records at a constant rate. Returns the time of each from before its call of the producer until a consumer
/// has it.
pub async fn raw(place: &Place, rate: u32, time: Duration) -> Outcome<Sample> {
    let prefix = place.prefix();
    let bus = KafkaBus::connect(&format!("kafka://{}?prefix={prefix}", place.kafka)).await?;
    bus.ensure_topics(&[Topic::ORDER.name()]).await?;
    let topic = format!("{prefix}{}", Topic::ORDER);
    let consumer = follow(place, &topic)?;
    let warm = u64::from(rate);
    let all = u64::from(rate) * time.as_secs() + warm;
    let heard = std::thread::spawn(move || {
        let mut heard = HashMap::new();
        let silence = Instant::now() + time + Duration::from_secs(30);
        while (heard.len() as u64) < all && Instant::now() < silence {
            if let Some(message) = consumer.poll(TICK) {
                let (message, now) = (message?, Instant::now());
                heard.insert(message.key_view::<str>().ok_or("a record without key")??.to_owned(), now);
            }
        }
        Outcome::Ok(heard)
    });
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &place.kafka).set("linger.ms", "0").set("enable.idempotence", "true");
    let producer: FutureProducer = config.create()?;
    let payload = story::payload(&story::stream())?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut sent = Vec::new();
    for number in 0..all {
        ticks.tick().await;
        let key = number.to_string();
        sent.push(Instant::now());
        let record = FutureRecord::to(&topic).key(&key).payload(&payload);
        producer.send_result(record).map_err(|(error, _)| error)?;
    }
    let heard = heard.join().map_err(|_| "the listener panicked")??;
    let mut times = Vec::new();
    for (number, sent) in sent.iter().enumerate().skip(warm as usize) {
        let heard = heard.get(&number.to_string()).ok_or("a record did not arrive")?;
        times.push(heard.saturating_duration_since(*sent));
    }
    Ok(Sample::timed(times.len() as u64, time, times))
}
