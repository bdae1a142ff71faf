//! The publisher's contract, read by a plain client.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bus_kafka::scratch::brokers;
use platform::bus::contract::{Seen, TopicsUnderTest};
use platform::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use platform::contract::Broken;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use schemas::topics::PARTITIONS;
use schemas::{Context, StreamId, Timestamp, Topic};

use crate::harness::{Harness, mark};

/// Topics of a test's own on the shared broker.
struct Kafka(Harness);

impl Kafka {
    async fn new() -> Self {
        let topics = [Topic::ORDER, Topic::ORDERING_REACTION, Topic::PAYMENT];
        Self(Harness::with(&topics, PARTITIONS, "").await)
    }
}

#[async_trait]
impl TopicsUnderTest for Kafka {
    fn publisher(&self, context: Context) -> Box<dyn Publisher> {
        Box::new(self.0.bus.publisher(context))
    }

    async fn visible(&self, topic: Topic, partition: u32) -> Result<Vec<Seen>, Broken> {
        let name = format!("{}{topic}", self.0.prefix());
        tokio::task::spawn_blocking(move || committed(&name, partition)).await?
    }

    async fn crash(&self, context: Context, records: &[Outgoing], mark: &Mark) -> Result<(), Broken> {
        Ok(self.0.bus.publisher(context).crash(records, mark).await?)
    }
}

/// All committed records, as an independent client reads them.
fn committed(topic: &str, partition: u32) -> Result<Vec<Seen>, Broken> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers())
        .set("group.id", "somebody-else")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, i32::try_from(partition)?, Offset::Beginning)?;
    consumer.assign(&place)?;
    let (mut seen, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(30));
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec());
                let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
                let headers: Result<Vec<_>, _> = headers
                    .map(|header| text(header.value).map(|value| (header.key.to_owned(), value)))
                    .collect();
                let time = Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(0));
                let (key, payload) = (text(message.key())?, text(message.payload())?);
                seen.push(Seen { key, headers: headers?, payload, time });
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(seen),
            Some(Err(error)) => return Err(error.into()),
            None if Instant::now() > deadline => return Err("the end never came".into()),
            None => {}
        }
    }
}

mod kafka_keeps_every_promise_of_a_publisher {
    platform::publisher_suite!(super::Kafka::new().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_no_broker_takes_is_named_and_nothing_of_its_transaction_is_seen() {
    let harness = Harness::with(&[Topic::ORDER], 2, "").await;
    let mut publisher = harness.bus.publisher(Context::Ordering);
    publisher.take_over().await.unwrap();
    let record = |payload: String| Outgoing {
        topic: Topic::ORDER.name().to_owned(),
        partition: 0,
        key: "order-a".to_owned(),
        headers: Vec::new(),
        payload: payload.into(),
        time: Timestamp::EPOCH,
    };
    let records = [record("small".to_owned()), record("x".repeat(3_000_000))];
    let refused = publisher.publish(&records, &mark(Context::Ordering, 2)).await;
    assert!(matches!(refused, Err(PublishError::Rejected(_))), "{refused:?}");
    let name = format!("{}{}", harness.prefix(), Topic::ORDER);
    let seen = tokio::task::spawn_blocking(move || committed(&name, 0)).await.unwrap().unwrap();
    assert_eq!(seen, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_does_not_continue_from_a_mark_that_is_older_than_the_records() {
    let harness = Harness::with(&[Topic::ORDER], 2, "").await;
    let stream = StreamId::from_text("order-a");
    // As if the last mark had been overlooked.
    let records = harness.unpublished(Topic::ORDER, &stream, 1, 3);
    let mut first = harness.bus.publisher(Context::Ordering);
    assert_eq!(first.take_over().await.unwrap(), None);
    first.publish(&records, &mark(Context::Ordering, 2)).await.unwrap();
    let mut next = harness.bus.publisher(Context::Ordering);
    let cause = match next.take_over().await {
        Err(PublishError::Unavailable(cause)) => cause.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(cause.contains("is at position 2, but its topics end at 3"), "{cause}");
}
