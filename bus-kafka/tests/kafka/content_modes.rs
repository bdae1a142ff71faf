//! Records of both content modes on one topic.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use bus_kafka::scratch::{Scratch, brokers};
use bus_kafka::{Address, KafkaBus};
use platform::bus::publisher::{Outgoing, Publisher, RelayedTopics};
use platform::bus::{Browse, Bus, Start, Subscription};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use schemas::topics::{AUDIT_TOPIC, RELAY_TOPIC};
use schemas::{Context, StreamId, Timestamp, Topic};

use crate::harness::{Harness, mark};
use crate::strangers::Nowhere;

/// The bus of a process with this content mode.
async fn with(prefix: &str, mode: &str) -> KafkaBus {
    let url = format!("kafka://{}?prefix={prefix}&partitions=2&cloudevents={mode}", brokers());
    KafkaBus::at(Address::parse(&url, &|_| None).unwrap()).await.unwrap()
}

/// Headers and value of the first record of a partition, as a plain client reads them.
fn plain(topic: &str, partition: u32) -> (Vec<String>, String) {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", brokers()).set("group.id", "other").create().unwrap();
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, partition.try_into().unwrap(), Offset::Beginning).unwrap();
    consumer.assign(&place).unwrap();
    let message = consumer.poll(Duration::from_secs(30)).expect("nothing came").unwrap();
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
    let headers = message.headers().unwrap().iter();
    let headers = headers.map(|header| format!("{}: {}", header.key, text(header.value))).collect();
    (headers, text(message.payload()))
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_both_content_modes_on_one_topic_are_read_alike_and_relays_continue_from_either() {
    let harness = Harness::with(&[Topic::ORDER], 2, "").await;
    let (binary, stream) = (harness.bus.clone(), StreamId::from_text("order-ä\"b"));
    let structured = with(harness.prefix(), "structured").await;
    for (round, bus) in (0..).zip([&binary, &structured, &binary, &structured]) {
        let mut publisher = bus.publisher(Context::Ordering);
        let before = publisher.take_over().await.unwrap();
        assert_eq!(before.map(|mark| mark.position), (round > 0).then_some(round * 3));
        let records = harness.unpublished(Topic::ORDER, &stream, round * 3 + 1, 3);
        publisher.publish(&records, &mark(Context::Ordering, round * 3 + 3)).await.unwrap();
    }
    let expected: Vec<Outgoing> = harness.unpublished(Topic::ORDER, &stream, 1, 12);
    for bus in [&binary, &structured] {
        let subscription = Subscription {
            group: "readers".to_owned(),
            topics: vec![Topic::ORDER],
            start: Start::Beginning,
            resume: Arc::new(Nowhere),
        };
        let mut consumer = bus.subscribe(subscription).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < expected.len() {
            heard.extend(consumer.next(5, Duration::from_secs(30)).await.unwrap().records);
        }
        let page = bus.browse(Topic::ORDER, &Browse { limit: 100, ..Browse::default() }).await.unwrap();
        for (records, way) in [(&heard, "subscribed"), (&page, "browsed")] {
            let read = records.iter().map(|record| (record.envelope.headers(), &*record.payload));
            let sent = expected.iter().map(|record| (record.headers.clone(), &*record.payload));
            assert!(read.eq(sent), "{way}: {records:?}");
        }
        let number = bus.partition_of(stream.as_str());
        // Position 7 is the first of the third round.
        let after = Browse { after: [(number, 6)].into(), limit: 1, ..Browse::default() };
        let one = bus.browse(Topic::ORDER, &after).await.unwrap();
        assert_eq!(one[0].envelope.position, 7);
        let info = bus.topics(&[Topic::ORDER]).await.unwrap();
        assert_eq!((info[0].records, info[0].ends[&number]), (12, 12));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structured_record_has_one_header_and_signed_heads_are_structured_too_but_marks_are_not() {
    let ordering = Topic::ALL.into_iter().filter(|topic| topic.context() == Context::Ordering);
    let names: Vec<&str> = ordering.map(Topic::name).chain([AUDIT_TOPIC, RELAY_TOPIC]).collect();
    let (_scratch, bus) = Scratch::new(&names, 2, "&cloudevents=structured").await.unwrap();
    let head = Outgoing {
        topic: AUDIT_TOPIC.to_owned(),
        partition: 1,
        key: "ordering".to_owned(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", "1".to_owned()),
        ],
        payload: r#"{"summary":"a head", "n": 1.0}"#.into(),
        time: Timestamp::EPOCH,
    };
    let mut publisher = bus.publisher(Context::Ordering);
    publisher.take_over().await.unwrap();
    publisher.publish(slice::from_ref(&head), &mark(Context::Ordering, 0)).await.unwrap();
    let reader = with(&bus.address().prefix, "binary").await;
    assert_eq!(reader.values(AUDIT_TOPIC).await.unwrap(), [&*head.payload]);
    let (audit, relay) =
        (format!("{}{AUDIT_TOPIC}", bus.address().prefix), Context::Ordering.relay_partition());
    let seen = tokio::task::spawn_blocking(move || plain(&audit, 1)).await.unwrap();
    let event = format!(
        r#"{{"datacontenttype":"application/json","specversion":"1.0","id":"1","data":{}}}"#,
        head.payload
    );
    assert_eq!(seen, (vec!["content-type: application/cloudevents+json; charset=UTF-8".to_owned()], event));
    let marks = format!("{}{RELAY_TOPIC}", bus.address().prefix);
    let (headers, _) = tokio::task::spawn_blocking(move || plain(&marks, relay)).await.unwrap();
    assert_eq!(headers, ["content-type: application/json"]);
}
