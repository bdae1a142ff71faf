//! Start positions of readers, on a partition that is long enough for a search.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{Browse, Bus, BusError, Partition, Positions, Resume, Start, Subscription};
use schemas::{StreamId, Topic};

use crate::harness::Harness;

struct At(Positions);

#[async_trait]
impl Resume for At {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(self.0.clone())
    }
}

fn subscription(group: &str, position: u64) -> Subscription {
    let positions = Positions::from([(Partition { topic: Topic::ORDER, number: 0 }, position)]);
    let (group, topics) = (group.to_owned(), vec![Topic::ORDER]);
    Subscription { group, topics, start: Start::Beginning, resume: Arc::new(At(positions)) }
}

/// 6 000 events, every second of them on another topic, in transactions of all sizes.
async fn long_history() -> (Harness, u64) {
    let harness = Harness::with(&[Topic::ORDER, Topic::ORDERING_REACTION], 1, "").await;
    let of = |number: u64| match number % 2 {
        0 => (Topic::ORDER, StreamId::from_text("order-a")),
        _ => (Topic::ORDERING_REACTION, StreamId::from_text("reaction-a")),
    };
    let (mut number, mut size) = (0, 1);
    while number < 6_000 {
        let events: Vec<_> = (number..number + size).map(of).collect();
        harness.publish_all(&events).await.unwrap();
        (number, size) = (number + size, size * 3 % 401 + 1);
    }
    let odd = |position: u64| position - u64::from(position.is_multiple_of(2));
    harness.ends_at(Topic::ORDER, odd(number)).await;
    (harness, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn any_position_is_found_with_and_without_the_groups_own_offsets() {
    let (harness, last) = long_history().await;
    for (round, position) in [0, 1, 2, 777, 778, 2_999, 5_990, last - 3, last - 1].into_iter().enumerate() {
        let group = format!("finding-{round}");
        // The second time the group's offsets are a hint, from behind where it goes on.
        for attempt in 0..2 {
            let mut consumer = harness.bus.subscribe(subscription(&group, position)).await.unwrap();
            let delivery = consumer.next(3, Duration::from_secs(30)).await.unwrap();
            let first = delivery.records.first().map(|record| record.envelope.position);
            // Events of the topic have odd positions.
            assert_eq!(first, Some(position + 1 + position % 2), "after {position}, attempt {attempt}");
            consumer.commit(&delivery.positions).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_begins_after_any_position() {
    let (harness, last) = long_history().await;
    for position in [0, 1, 778, 2_999, 5_990, last] {
        let browse = Browse { after: [(0, position)].into(), limit: 2, ..Browse::default() };
        let page = harness.bus.browse(Topic::ORDER, &browse).await.unwrap();
        let first = page.first().map(|record| record.envelope.position);
        assert_eq!(first, (position < last - 1).then_some(position + 1 + position % 2), "after {position}");
    }
    let info = harness.bus.topics(&[Topic::ORDER]).await.unwrap();
    assert_eq!(info[0].records, last.div_ceil(2));
    assert_eq!(harness.bus.ends(&[Topic::ORDER]).await.unwrap()[&Topic::ORDER], info[0].ends);
}
