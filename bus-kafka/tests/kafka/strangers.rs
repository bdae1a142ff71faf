//! Records that are not for readers: foreign records, and those of aborted transactions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bus_kafka::scratch::brokers;
use platform::bus::{Browse, Bus, BusError, Positions, Resume, Start, Subscription};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use schemas::{Context, StreamId, Topic};

use crate::harness::{Harness, mark};

pub struct Nowhere;

#[async_trait]
impl Resume for Nowhere {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(Positions::new())
    }
}

fn subscription() -> Subscription {
    let (group, topics) = ("readers".to_owned(), vec![Topic::ORDER]);
    Subscription { group, topics, start: Start::Beginning, resume: Arc::new(Nowhere) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_record_stops_only_its_partition_and_is_reported_with_its_offset() {
    let harness = Harness::with(&[Topic::ORDER], 2, "").await;
    let streams = ["order-a", "order-b", "order-c", "order-d"].map(StreamId::from_text);
    for stream in &streams {
        harness.publish(Topic::ORDER, stream, 2).await.unwrap();
    }
    let of = |stream: &StreamId| harness.bus.partition_of(stream.as_str());
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", brokers()).create().unwrap();
    let name = format!("{}{}", harness.prefix(), Topic::ORDER);
    let number = of(&streams[0]);
    let stranger = FutureRecord::to(&name).partition(number.try_into().unwrap()).key("order-a").payload("{}");
    producer.send(stranger, Duration::from_secs(10)).await.unwrap();
    for stream in &streams {
        harness.publish(Topic::ORDER, stream, 1).await.unwrap();
    }
    let mut consumer = harness.bus.subscribe(subscription()).await.unwrap();
    let mut heard = Vec::new();
    let stopped = loop {
        match consumer.next(3, Duration::from_secs(30)).await {
            Ok(delivery) => heard.extend(delivery.records),
            Err(error) => break error,
        }
    };
    let BusError::Malformed { topic: Topic::ORDER, partition, offset, ref problem } = stopped else {
        panic!("{stopped:?}")
    };
    assert_eq!((partition, problem.as_str()), (number, "it lacks the header ce_type"));
    assert!(heard.iter().all(|record| record.partition != number || record.offset < offset));
    let wanted = streams.iter().map(|stream| if of(stream) == number { 2 } else { 3 }).sum::<usize>();
    assert_eq!(heard.len(), wanted, "everything else came");
    assert!(consumer.next(3, Duration::ZERO).await.is_err(), "it stays stopped");
    let page = harness.bus.browse(Topic::ORDER, &Browse { limit: 100, ..Browse::default() }).await;
    assert!(matches!(page, Err(BusError::Malformed { .. })), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_anything_of_an_aborted_transaction() {
    let harness = Harness::with(&[Topic::ORDER], 1, "").await;
    let stream = StreamId::from_text("order-a");
    harness.publish(Topic::ORDER, &stream, 3).await.unwrap();
    for lost in 0..3 {
        let records = harness.unpublished(Topic::ORDER, &stream, 4, 4 + lost);
        harness.bus.publisher(Context::Ordering).crash(&records, &mark(Context::Ordering, 4)).await.unwrap();
        harness.drop_relay(Context::Ordering).await;
        harness.publish(Topic::ORDER, &stream, 1).await.unwrap();
    }
    let mut consumer = harness.bus.subscribe(subscription()).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 6 {
        let delivery = consumer.next(2, Duration::from_secs(30)).await.unwrap();
        heard.extend(delivery.records.iter().map(|record| record.envelope.version));
    }
    assert_eq!(heard, [1, 2, 3, 4, 5, 6]);
    let page = harness.bus.browse(Topic::ORDER, &Browse { limit: 100, ..Browse::default() }).await.unwrap();
    assert_eq!(page.iter().map(|record| record.envelope.version).collect::<Vec<_>>(), heard);
    let info = harness.bus.topics(&[Topic::ORDER]).await.unwrap();
    assert_eq!((info[0].records, info[0].ends[&0]), (6, 6));
    // The mark is in another partition, which may be a moment later.
    let deadline = Instant::now() + Duration::from_secs(30);
    while harness.bus.reach(&[Context::Ordering]).await.unwrap()[&Context::Ordering].position < 6 {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    let reach = harness.bus.reach(&[Context::Ordering, Context::Payments]).await.unwrap();
    assert_eq!(reach.len(), 1, "nothing was ever published of payments");
    assert_eq!(reach[&Context::Ordering].position, 6);
}
