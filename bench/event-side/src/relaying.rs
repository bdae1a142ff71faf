//! P6: the relay from PostgreSQL to Kafka, compared with raw clients for its two halves; then the goals in [`replaying`].

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bus_kafka::KafkaBus;
use event_log::port::{Log, Read};
use event_log::relay::{Options as RelayOptions, Publishers, Relay};
use platform::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use schemas::Topic;
use schemas::topics::{PARTITIONS, names, partition_of};
use sqlx::{Connection, PgConnection, Row};
use tokio::sync::Notify;

use crate::place::{Database, Place};
use crate::{Outcome, append, checks, replaying};
use measure::{Options, Sample, Samples};

/// Number of events that are relayed and replayed, in a test run and in a measurement.
const FEW: u64 = 50_000;
const MANY: u64 = 200_000;

/// Names of the contenders.
pub const READ: &str = "raw read of the log's rows";
pub const PRODUCE: &str = "raw transactional producer";
pub const RELAY: &str = "chorale, relay";

/// The topic of the events.
pub const TOPIC: Topic = Topic::ORDERING_REACTION;
/// Records per transaction and rows per page, as in the relay.
const BATCH: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn round(place: &Place, options: &Options, samples: &mut Samples) -> Outcome<()> {
    if !options.wants_any(&["P6", "P7", "P8"]) {
        return Ok(());
    }
    let database = place.database().await?;
    let log = append::open(&database.url).await?;
    let events = append::fill(&log, if options.quick { FEW } else { MANY }, 1).await?;
    checks::log(&database, &log, events).await?;
    let address = place.bus();
    let bus = KafkaBus::connect(&address).await?;
    bus.ensure_topics(&names()).await?;
    if options.wants("P6") {
        samples.add(READ, read(&database, events).await?);
        let records = outgoing(&log).await?;
        samples.add(PRODUCE, produce(place, records).await?);
    }
    let sample = relay(&log, &bus, events).await?;
    if options.wants("P6") {
        samples.add(RELAY, sample);
    }
    replaying::round(place, options, (&database, &log, &bus), events, samples).await?;
    drop((log, bus));
    database.drop().await
}

/// Reads all columns of all rows by position over one connection.
pub async fn read(database: &Database, events: u64) -> Outcome<Sample> {
    read_and(database, events, |_, _, _| Ok(())).await
}

/// Reads the same rows, and calls a function with name, version and payload of each.
pub async fn read_and(
    database: &Database,
    events: u64,
    see: impl Fn(&str, u32, &str) -> Outcome<()>,
) -> Outcome<Sample> {
    let mut connection = PgConnection::connect(&database.url).await?;
    let (start, mut after, mut read) = (Instant::now(), 0_i64, 0);
    loop {
        let rows = sqlx::query(
            "SELECT position, stream, version, event_id, name, type_version, payload, recorded_at, correlation, causation,
             traceparent, hash FROM ordering.events WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after)
        .bind(BATCH as i64)
        .fetch_all(&mut connection)
        .await?;
        let Some(last) = rows.last() else { break };
        after = last.try_get(0)?;
        for row in &rows {
            see(row.try_get(4)?, u32::try_from(row.try_get::<i64, _>(5)?)?, row.try_get(6)?)?;
        }
        read += rows.len() as u64;
    }
    let taken = start.elapsed();
    connection.close().await?;
    if read != events {
        return Err(format!("{read} rows of {events} were read").into());
    }
    Ok(Sample::rate(read, taken))
}

/// The records that the relay publishes, created beforehand.
async fn outgoing(log: &Arc<dyn Log>) -> Outcome<Vec<Outgoing>> {
    let (mut records, mut after) = (Vec::new(), 0);
    loop {
        let page = log.read(Read::After(after), BATCH).await?;
        let Some(last) = page.last() else { return Ok(records) };
        after = last.envelope.position;
        records.extend(page.iter().map(|event| Outgoing {
            topic: TOPIC.name().to_owned(),
            partition: partition_of(event.envelope.stream.as_str(), PARTITIONS),
            key: event.envelope.stream.to_string(),
            headers: event.envelope.headers(),
            payload: Arc::clone(&event.payload),
            time: event.envelope.time,
        }));
    }
}

/// Publishes the same records with librdkafka's own producer, in transactions of the same size.
async fn produce(place: &Place, records: Vec<Outgoing>) -> Outcome<Sample> {
    let prefix = place.prefix();
    let bus = KafkaBus::connect(&format!("kafka://{}?prefix={prefix}", place.kafka)).await?;
    bus.ensure_topics(&names()).await?;
    let brokers = place.kafka.clone();
    tokio::task::spawn_blocking(move || {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("transactional.id", &prefix)
            .set("compression.codec", "lz4")
            .set("linger.ms", "1");
        let producer: BaseProducer = config.create()?;
        producer.init_transactions(PATIENCE)?;
        let topic = format!("{prefix}{TOPIC}");
        let start = Instant::now();
        for transaction in records.chunks(BATCH) {
            producer.begin_transaction()?;
            for record in transaction {
                let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
                    headers.insert(Header { key, value: Some(value.as_str()) })
                });
                let message = BaseRecord::to(&topic)
                    .partition(i32::try_from(record.partition)?)
                    .key(record.key.as_str())
                    .payload(&*record.payload)
                    .timestamp(record.time.as_millis())
                    .headers(headers);
                producer.send(message).map_err(|(error, _)| error)?;
            }
            // The client's own flush polls only every 100 ms, and its poll spins.
            while producer.in_flight_count() > 0 {
                let before = producer.in_flight_count();
                producer.poll(Duration::ZERO);
                if producer.in_flight_count() == before {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            producer.commit_transaction(PATIENCE)?;
        }
        Ok(Sample::rate(records.len() as u64, start.elapsed()))
    })
    .await?
}

/// The time from the beginning of the first transaction to the end of the last one.
async fn relay(log: &Arc<dyn Log>, bus: &KafkaBus, events: u64) -> Outcome<Sample> {
    let watch = Arc::new(Watch { events, ..Watch::default() });
    let publishers: Publishers = {
        let (bus, watch) = (bus.clone(), Arc::clone(&watch));
        Arc::new(move |context| {
            Box::new(Watched { publisher: bus.publisher(context), watch: Arc::clone(&watch) })
        })
    };
    let relay = Relay::new(Arc::clone(log), publishers, Clock::system(), RelayOptions::default());
    let shutdown = Shutdown::new();
    let running = tokio::spawn(relay.run(shutdown.clone()));
    let all = tokio::time::timeout(Duration::from_secs(300), watch.done.notified()).await;
    shutdown.begin();
    running.await??;
    all.map_err(|_| "the relay did not finish in time")?;
    let times = watch.times.lock().map_err(|_| "poisoned")?;
    let (Some(first), Some((_, last))) = (times.first(), times.last()) else {
        return Err("nothing was relayed".into());
    };
    let calls = times.iter().map(|(begun, done)| *done - *begun).collect();
    Ok(Sample::timed(events, *last - first.0, calls))
}

#[derive(Default)]
struct Watch {
    events: u64,
    times: Mutex<Vec<(Instant, Instant)>>,
    done: Notify,
}

/// A publisher that records the beginning and end of each transaction.
struct Watched<P> {
    publisher: P,
    watch: Arc<Watch>,
}

#[async_trait]
impl<P: Publisher> Publisher for Watched<P> {
    async fn take_over(&mut self) -> Result<Option<Mark>, PublishError> {
        self.publisher.take_over().await
    }

    async fn publish(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError> {
        let begun = Instant::now();
        self.publisher.publish(records, mark).await?;
        if !records.is_empty()
            && let Ok(mut times) = self.watch.times.lock()
        {
            times.push((begun, Instant::now()));
        }
        if mark.position >= self.watch.events {
            self.watch.done.notify_one();
        }
        Ok(())
    }
}
