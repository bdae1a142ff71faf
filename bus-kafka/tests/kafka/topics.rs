//! How topics are made and checked, and what is said of a cluster that cannot be used.

use std::time::Duration;

use bus_kafka::scratch::brokers;
use bus_kafka::{Address, KafkaBus};
use platform::bus::{Bus, BusError};
use rdkafka::admin::{AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use schemas::Topic;
use schemas::topics::RELAY_TOPIC;

use crate::harness::{Harness, admin};

/// Another shop's view of a harness.
async fn seen_with(harness: &Harness, parameters: &str) -> KafkaBus {
    let url = format!("kafka://{}?prefix={}{parameters}", brokers(), harness.prefix());
    KafkaBus::at(Address::parse(&url, &|_| None).unwrap()).await.unwrap()
}

fn problem(refused: Result<(), BusError>) -> (String, String) {
    match refused {
        Err(BusError::Topic { topic, problem }) => (topic, problem),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn topics_are_made_once_and_checked_ever_after() {
    let harness = Harness::with(&[Topic::ORDER], 2, "").await;
    let names = [Topic::ORDER.name(), RELAY_TOPIC];
    seen_with(&harness, "&partitions=2").await.ensure_topics(&names).await.unwrap();
    let (topic, said) =
        problem(seen_with(&harness, "&partitions=4").await.ensure_topics(&[Topic::ORDER.name()]).await);
    assert_eq!(topic, format!("{}{}", harness.prefix(), Topic::ORDER));
    assert!(said.contains("has 2 partitions and needs 4"), "{said}");
    let many = "&partitions=2&replication=3&min.insync=2";
    let (_, said) = problem(seen_with(&harness, many).await.ensure_topics(&[Topic::ORDER.name()]).await);
    assert!(said.contains("has min.insync.replicas=1 and needs 2"), "{said}");
}

#[tokio::test]
async fn a_topic_that_forgets_is_refused() {
    let harness = Harness::with(&[Topic::ORDER, Topic::STOCK], 2, "").await;
    let changes = [
        (Topic::ORDER, ("retention.ms", "604800000"), "has retention.ms=604800000 and needs -1"),
        (Topic::STOCK, ("cleanup.policy", "compact"), "has cleanup.policy=compact and needs delete"),
    ];
    for (topic, (setting, value), expected) in changes {
        let name = format!("{}{topic}", harness.prefix());
        let change = AlterConfig::new(ResourceSpecifier::Topic(&name)).set(setting, value);
        admin().alter_configs([&change], &AdminOptions::new()).await.unwrap();
        // The change spreads in its own time.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        let said = loop {
            let refused = harness.bus.ensure_topics(&[topic.name()]).await;
            if refused.is_err() || tokio::time::Instant::now() > deadline {
                break problem(refused).1;
            }
            tokio::task::yield_now().await;
        };
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn what_asks_for_more_copies_than_brokers_is_refused_with_a_hint() {
    let harness = Harness::with(&[], 2, "").await;
    let (_, said) =
        problem(seen_with(&harness, "&replication=99").await.ensure_topics(&[Topic::ORDER.name()]).await);
    assert!(said.contains("cannot be made"), "{said}");
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_named_with_the_reason() {
    let url = "kafka://ann:hunter2@127.0.0.1:1?request.timeout=2s";
    let Err(error) = KafkaBus::at(Address::parse(url, &|_| None).unwrap()).await.map(drop) else {
        panic!("there was an answer")
    };
    let said = error.to_string();
    assert!(said.contains("no broker answers at 127.0.0.1:1") && said.contains("refused"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn nothing_is_made_by_use() {
    let harness = Harness::with(&[], 2, "&request.timeout=3s").await;
    assert!(harness.bus.ends(&[Topic::SHIPMENT]).await.is_err());
    let name = format!("{}{}", harness.prefix(), Topic::SHIPMENT);
    let new = NewTopic::new(&name, 1, TopicReplication::Fixed(1));
    let made = admin().create_topics([&new], &AdminOptions::new()).await.unwrap();
    assert_eq!(made, [Ok(name.clone())], "it was not there before");
    admin().delete_topics(&[&name], &AdminOptions::new()).await.unwrap();
}
