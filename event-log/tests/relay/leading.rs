use schemas::{Context, Timestamp};

use super::bench::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_once_and_in_order_while_others_write() {
    let bench = Bench::new().await;
    let running = bench.start();
    let writers = (0..4).map(|writer| {
        let log = std::sync::Arc::clone(&bench.log);
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
    assert_eq!(bench.relayed().await, 160);
    bench.topic_is_log().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_the_event_with_its_attributes_as_headers() {
    let bench = Bench::new().await;
    append(bench.log.as_ref(), &["order-a"]).await;
    let running = bench.start();
    bench.relayed().await;
    running.stop().await;
    let event = &bench.log.read(event_log::port::Read::After(0), 1).await.unwrap()[0];
    let [record] = &bench.topics.all("chorale.order.v1")[..] else { panic!("not one record") };
    assert_eq!((record.key.as_str(), &record.payload), ("order-a", &event.payload));
    assert_eq!((&record.headers, record.time), (&event.envelope.headers(), event.envelope.time));
    assert_eq!(record.partition, schemas::topics::partition_of("order-a", 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_relay_stands_by_and_takes_over_when_the_first_is_gone() {
    let bench = Bench::new().await;
    append(bench.log.as_ref(), &["order-a"]).await;
    let first = bench.start();
    bench.relayed().await;
    let second = bench.start();
    append(bench.log.as_ref(), &["order-a"]).await;
    bench.relayed().await;
    assert_eq!(bench.topics.takeovers(Context::Ordering), 1);
    first.kill().await;
    append(bench.log.as_ref(), &["order-a"]).await;
    bench.relayed().await;
    assert_eq!(bench.topics.takeovers(Context::Ordering), 2);
    let third = bench.start();
    // Who leaves well is not waited for.
    second.stop().await;
    append(bench.log.as_ref(), &["order-a"]).await;
    bench.relayed().await;
    bench.topic_is_log().await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_relay_tells_until_when_the_topics_are_complete_and_a_busy_one_claims_no_more_than_it_has_read()
 {
    let bench = Bench::new().await;
    let running = bench.start();
    let complete = || bench.topics.mark(Context::Ordering).map_or(Timestamp::EPOCH, |mark| mark.as_of);
    let waiting = async {
        let first = loop {
            let told = complete();
            if told > Timestamp::EPOCH {
                break told;
            }
            tokio::task::yield_now().await;
        };
        while complete() == first {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(SOON, waiting).await.is_ok(), "an idle relay says nothing");
    running.stop().await;
    // More than one page: what stands behind the first one is not told to be there.
    let before = complete();
    append(bench.log.as_ref(), &["order-a"; 20]).await;
    bench.topics.fail([platform::bus::memory_topics::Failure::AnswerLost]);
    let running = bench.start();
    let waiting = async {
        while bench.topics.mark(Context::Ordering).is_none_or(|mark| mark.position == 0) {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(SOON, waiting).await.is_ok());
    let mark = bench.topics.mark(Context::Ordering).unwrap();
    assert!(mark.position == 20 || mark.as_of == before, "{mark:?} before {before}");
    bench.relayed().await;
    running.stop().await;
    bench.topic_is_log().await;
}
