use schemas::{Context, Timestamp};

use super::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_published_once_and_in_order_while_others_write() {
    let harness = Harness::new().await;
    let running = harness.start();
    let writers = (0..4).map(|writer| {
        let log = std::sync::Arc::clone(&harness.log);
        tokio::spawn(async move {
            let own = format!("order-{writer}");
            for _ in 0..40 {
                append(log.as_ref(), &[&own]).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(harness.relayed().await, 160);
    harness.topic_is_log().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_the_event_with_its_attributes_as_headers() {
    let harness = Harness::new().await;
    append(harness.log.as_ref(), &["order-a"]).await;
    let running = harness.start();
    harness.relayed().await;
    running.stop().await;
    let event = &harness.log.read(event_log::port::Read::After(0), 1).await.unwrap()[0];
    let [record] = &harness.topics.all("chorale.order.v1")[..] else { panic!("not one record") };
    assert_eq!((record.key.as_str(), &record.payload), ("order-a", &event.payload));
    assert_eq!((&record.headers, record.time), (&event.envelope.headers(), event.envelope.time));
    assert_eq!(record.partition, schemas::topics::partition_of("order-a", 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_relay_stands_by_and_takes_over_when_the_first_has_stopped() {
    let harness = Harness::new().await;
    append(harness.log.as_ref(), &["order-a"]).await;
    let first = harness.start();
    harness.relayed().await;
    let second = harness.start();
    append(harness.log.as_ref(), &["order-a"]).await;
    harness.relayed().await;
    assert_eq!(harness.topics.takeovers(Context::Ordering), 1);
    first.kill().await;
    append(harness.log.as_ref(), &["order-a"]).await;
    harness.relayed().await;
    assert_eq!(harness.topics.takeovers(Context::Ordering), 2);
    let third = harness.start();
    // A relay that stops cleanly releases its lease.
    second.stop().await;
    append(harness.log.as_ref(), &["order-a"]).await;
    harness.relayed().await;
    harness.topic_is_log().await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_relay_publishes_until_when_the_topics_are_complete_and_a_busy_one_only_what_it_has_read() {
    let harness = Harness::new().await;
    let running = harness.start();
    let first = harness.until_mark(|mark| mark.as_of > Timestamp::EPOCH).await.as_of;
    harness.until_mark(|mark| mark.as_of != first).await;
    running.stop().await;
    // More than one page: the mark of the first page must not cover the events after it.
    let before = harness.topics.mark(Context::Ordering).unwrap().as_of;
    append(harness.log.as_ref(), &["order-a"; 20]).await;
    harness.topics.fail([platform::bus::memory_topics::Failure::AnswerLost]);
    let running = harness.start();
    let mark = harness.until_mark(|mark| mark.position > 0).await;
    assert!(mark.position == 20 || mark.as_of == before, "{mark:?} before {before}");
    harness.relayed().await;
    running.stop().await;
    harness.topic_is_log().await;
}
