//! Topics on the broker under test, for one test each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

use bus_kafka::scratch::{Scratch, brokers};
use bus_kafka::{KafkaBus, KafkaPublisher};
use platform::bus::Bus;
use platform::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use schemas::topics::RELAY_TOPIC;
use schemas::{Context, Envelope, EventId, StreamId, Timestamp, Topic};
use tokio::sync::Mutex;
use uuid::Uuid;

pub fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", brokers()).create().unwrap()
}

/// Topics for one test, with publishers. They are deleted after the test.
pub struct Harness {
    pub bus: KafkaBus,
    relays: Mutex<Relays>,
    _scratch: Scratch,
}

/// The publishers, and what they have published.
#[derive(Default)]
struct Relays {
    publishers: BTreeMap<Context, KafkaPublisher>,
    positions: BTreeMap<Context, u64>,
    versions: BTreeMap<StreamId, u64>,
}

impl Harness {
    /// Creates these topics, the others of their contexts, and the topic of the relays, with this number of partitions.
    pub async fn with(topics: &[Topic], partitions: u32, more: &str) -> Self {
        let contexts: Vec<Context> = topics.iter().map(|topic| topic.context()).collect();
        let all = Topic::ALL.into_iter().filter(|topic| contexts.contains(&topic.context()));
        let names: Vec<&str> = all.map(Topic::name).chain([RELAY_TOPIC]).collect();
        let (scratch, bus) = Scratch::new(&names, partitions, more).await.unwrap();
        Self { bus, relays: Mutex::default(), _scratch: scratch }
    }

    pub fn prefix(&self) -> &str {
        &self.bus.address().prefix
    }

    /// Publishes the next `count` events of a stream, in one transaction.
    pub async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), PublishError> {
        self.publish_all(&vec![(topic, stream.clone()); usize::try_from(count).unwrap()]).await
    }

    /// Publishes the next event of each of these streams, all of one context, in one transaction.
    pub async fn publish_all(&self, events: &[(Topic, StreamId)]) -> Result<(), PublishError> {
        let Some(context) = events.first().map(|(topic, _)| topic.context()) else { return Ok(()) };
        let relays = &mut *self.relays.lock().await;
        let (mut records, mut position) = (Vec::new(), relays.positions.get(&context).copied().unwrap_or(0));
        for (topic, stream) in events {
            let version = relays.versions.entry(stream.clone()).or_default();
            (position, *version) = (position + 1, *version + 1);
            records.push(self.record(*topic, stream, *version, position));
        }
        relays.positions.insert(context, position);
        let mark = mark(context, position);
        let deadline = Instant::now() + Duration::from_secs(100);
        loop {
            match self.relay(relays, context, &records, &mark).await {
                // As a relay does: a new publisher takes over and reads whether the transaction was committed.
                Err(PublishError::Unavailable(error)) if Instant::now() < deadline => {
                    eprintln!("the relay restarts: {error}");
                    relays.publishers.remove(&context);
                }
                done => return done,
            }
        }
    }

    async fn relay(
        &self,
        relays: &mut Relays,
        context: Context,
        records: &[Outgoing],
        mark: &Mark,
    ) -> Result<(), PublishError> {
        match relays.publishers.entry(context) {
            Entry::Occupied(mut publisher) => publisher.get_mut().publish(records, mark).await,
            Entry::Vacant(place) => {
                let mut publisher = self.bus.publisher(context);
                let found = publisher.take_over().await?;
                let publisher = place.insert(publisher);
                if found.is_some_and(|found| found.position >= mark.position) {
                    return Ok(());
                }
                publisher.publish(records, mark).await
            }
        }
    }

    fn record(&self, topic: Topic, stream: &StreamId, version: u64, position: u64) -> Outgoing {
        let envelope = Envelope {
            id: EventId::derived(&[self.prefix(), stream.as_str(), &version.to_string()]),
            stream: stream.clone(),
            version,
            context: topic.context(),
            position,
            epoch: Uuid::nil(),
            name: if version.is_multiple_of(2) { "Evened" } else { "Odded" }.to_owned(),
            type_version: 1,
            time: Timestamp::from_millis(1_700_000_000_000),
            correlation: Uuid::nil(),
            causation: Uuid::nil(),
            traceparent: None,
            hash: "0".repeat(64),
        };
        Outgoing {
            topic: topic.name().to_owned(),
            partition: self.bus.partition_of(stream.as_str()),
            key: stream.to_string(),
            headers: envelope.headers(),
            payload: serde_json::json!({ "summary": format!("event {version} of {stream}") })
                .to_string()
                .into(),
            time: envelope.time,
        }
    }

    /// `count` records of a stream, for a publisher of the test's own.
    pub fn unpublished(&self, topic: Topic, stream: &StreamId, version: u64, count: u64) -> Vec<Outgoing> {
        (version..version + count).map(|version| self.record(topic, stream, version, version)).collect()
    }

    /// Drops the publisher of a context. Another takes over when one is needed.
    pub async fn drop_relay(&self, context: Context) {
        self.relays.lock().await.publishers.remove(&context);
    }

    /// Waits until a topic ends at this position. A committed record may become visible with a delay.
    pub async fn ends_at(&self, topic: Topic, position: u64) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let ends = self.bus.ends(&[topic]).await.unwrap();
            let end = ends[&topic].values().copied().max().unwrap_or(0);
            if end == position {
                return;
            }
            assert!(Instant::now() < deadline, "{topic} ends at {end}, not at {position}");
            tokio::task::yield_now().await;
        }
    }
}

pub fn mark(context: Context, position: u64) -> Mark {
    let (epoch, as_of) = (Uuid::nil(), Timestamp::from_millis(1_700_000_000_000));
    Mark { context, epoch, position, hash: "0".repeat(64), as_of }
}
