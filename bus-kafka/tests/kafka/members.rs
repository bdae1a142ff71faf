//! Members join and leave while all events are delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::{Bus, BusError, Consumer, Delivery, Positions, Resume, Start, Subscription};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use schemas::{StreamId, Topic};
use tokio::time::{Instant, timeout};

use crate::harness::Harness;

/// Interval of looks at what has been done.
const POLL: Duration = Duration::from_millis(20);
const TOPICS: [Topic; 2] = [Topic::ORDER, Topic::PAYMENT];

/// The store that all members share, guarded by version as every real one is.
#[derive(Default)]
struct Store(Mutex<Done>);

#[derive(Default)]
struct Done {
    versions: BTreeMap<StreamId, u64>,
    positions: Positions,
    again: u64,
}

#[async_trait]
impl Resume for Store {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(self.0.lock().positions.clone())
    }
}

impl Store {
    /// Does the work of a delivery, then keeps its positions; a gap in a stream would be a loss.
    fn keep(&self, delivery: &Delivery) {
        let mut done = self.0.lock();
        for record in &delivery.records {
            let version = done.versions.entry(record.envelope.stream.clone()).or_default();
            let next = record.envelope.version;
            assert!(next <= *version + 1, "{} went from {version} to {next}", record.envelope.stream);
            let again = next <= *version;
            *version = next.max(*version);
            done.again += u64::from(again);
        }
        for (partition, position) in &delivery.positions {
            let kept = done.positions.entry(*partition).or_default();
            *kept = (*position).max(*kept);
        }
    }

    fn total(&self) -> u64 {
        self.0.lock().versions.values().sum()
    }
}

async fn join(harness: &Harness, store: &Arc<Store>) -> Box<dyn Consumer> {
    join_for(harness, store, &TOPICS).await
}

async fn join_for(harness: &Harness, store: &Arc<Store>, topics: &[Topic]) -> Box<dyn Consumer> {
    let resume: Arc<dyn Resume> = store.clone();
    let (group, topics) = ("members".to_owned(), topics.to_vec());
    harness.bus.subscribe(Subscription { group, topics, start: Start::Beginning, resume }).await.unwrap()
}

/// A member that works until it is asked to leave. Some batches take it a moment.
async fn work(
    mut consumer: Box<dyn Consumer>,
    store: Arc<Store>,
    mut leave: tokio::sync::watch::Receiver<bool>,
    seed: u64,
) {
    let mut dice = StdRng::seed_from_u64(seed);
    while !*leave.borrow() {
        let delivery = tokio::select! {
            delivery = consumer.next(20, Duration::from_secs(1)) => delivery.unwrap(),
            _ = leave.changed() => continue,
        };
        if dice.random_bool(0.05) {
            tokio::time::sleep(Duration::from_millis(dice.random_range(1..50))).await;
        }
        // Some leave without doing what they were given.
        if *leave.borrow() && dice.random_bool(0.5) {
            return;
        }
        store.keep(&delivery);
        consumer.commit(&delivery.positions).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go_and_nothing_is_lost_or_out_of_order() {
    let seed = 5;
    let (harness, store) = (Arc::new(Harness::with(&TOPICS, 6, "").await), Arc::new(Store::default()));
    let (rounds, streams) = (60_u64, 24_u64);
    let publisher = {
        let harness = Arc::clone(&harness);
        tokio::spawn(async move {
            for _ in 0..rounds {
                for topic in TOPICS {
                    let stream = |number| StreamId::from_text(format!("{}-{number}", topic.prefix()));
                    let events: Vec<_> = (0..streams).map(|number| (topic, stream(number))).collect();
                    harness.publish_all(&events).await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    };
    let total = rounds * streams * 2;
    let mut dice = StdRng::seed_from_u64(seed);
    let mut members = Vec::new();
    let mut joined = 0;
    while store.total() < total {
        if members.len() < 3 && (members.is_empty() || dice.random_bool(0.6)) {
            let (leave, stopped) = tokio::sync::watch::channel(false);
            let consumer = join(&harness, &store).await;
            joined += 1;
            let task = tokio::spawn(work(consumer, Arc::clone(&store), stopped, seed + joined));
            members.push((leave, task));
        } else if members.len() > 1 {
            let (leave, task) = members.swap_remove(dice.random_range(0..members.len()));
            leave.send(true).unwrap();
            timeout(Duration::from_secs(10), task).await.expect("a member leaves").unwrap();
        }
        // A group whose members change faster than it can assign partitions makes no progress.
        let goal = (store.total() + dice.random_range(24..240)).min(total);
        let deadline = Instant::now() + Duration::from_secs(120);
        while store.total() < goal {
            assert!(Instant::now() < deadline, "seed {seed}: {} of {total} came", store.total());
            tokio::time::sleep(POLL).await;
        }
    }
    publisher.await.unwrap();
    let done = store.0.lock();
    let versions: BTreeSet<u64> = done.versions.values().copied().collect();
    assert_eq!(versions, BTreeSet::from([rounds]), "every stream to its end");
    assert_eq!(harness.bus.stalls(), 0);
    println!("{joined} members, {} of {total} records came again", done.again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_comes_back_under_its_name_has_its_partitions_without_a_wait() {
    let harness = Harness::with(&TOPICS, 6, "&instance=one&session.timeout=6s").await;
    let store = Arc::new(Store::default());
    let stream = StreamId::from_text("order-a");
    for round in 1..=4 {
        let mut consumer = join(&harness, &store).await;
        harness.publish(Topic::ORDER, &stream, 2).await.unwrap();
        while store.total() < 2 * round {
            store.keep(
                &timeout(Duration::from_secs(30), consumer.next(5, Duration::from_secs(1)))
                    .await
                    .unwrap()
                    .unwrap(),
            );
        }
        assert!(consumer.has(Topic::ORDER, "order-a") && !consumer.has(Topic::STOCK, "stock-a"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_has_in_hand_is_done_before_another_member_begins() {
    let harness = Harness::with(&TOPICS, 2, "&session.timeout=6s").await;
    let store = Arc::new(Store::default());
    let both: Vec<_> =
        (0..8).map(|number| (Topic::ORDER, StreamId::from_text(format!("order-{number}")))).collect();
    let mut first = join_for(&harness, &store, &TOPICS[..1]).await;
    // One of the two partitions will go: both have to be in hand.
    let (mut in_hand, mut published) = (Delivery::default(), 0);
    while in_hand.positions.len() < 2 {
        store.keep(&in_hand);
        if store.total() == published {
            harness.publish_all(&both).await.unwrap();
            published += 8;
            harness.ends_at(Topic::ORDER, published).await;
        }
        in_hand = first.next(100, Duration::from_secs(5)).await.unwrap();
    }
    let mut second = join_for(&harness, &store, &TOPICS[..1]).await;
    let hearing = async {
        let (mut heard, begun) = (0, Instant::now());
        while begun.elapsed() < Duration::from_secs(5) {
            heard += second.next(100, Duration::from_millis(500)).await.unwrap().records.len();
        }
        heard
    };
    let working = async {
        // Less than the half of the session timeout that it may take.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        store.keep(&in_hand);
        while store.total() < published {
            store.keep(&first.next(100, Duration::from_millis(500)).await.unwrap());
        }
        // Until a partition has gone.
        while both.iter().all(|(topic, stream)| first.has(*topic, stream.as_str())) {
            store.keep(&first.next(100, Duration::from_millis(500)).await.unwrap());
        }
    };
    let (heard, ()) = tokio::join!(hearing, working);
    assert_eq!(heard, 0, "records came to two members");
    assert_eq!(store.0.lock().again, 0);
    assert!(both.iter().any(|(topic, stream)| second.has(*topic, stream.as_str())), "nothing went over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_has_read_everything_is_left_in_peace_and_wakes_at_once() {
    let (harness, store) = (Harness::with(&TOPICS, 2, "").await, Arc::new(Store::default()));
    let streams = ["order-a", "order-b", "order-c"].map(StreamId::from_text);
    for stream in &streams {
        harness.publish(Topic::ORDER, stream, 3).await.unwrap();
    }
    let mut consumer = join(&harness, &store).await;
    while store.total() < 9 {
        store.keep(&consumer.next(100, Duration::from_secs(1)).await.unwrap());
    }
    // Longer than it takes the watchdog to find a stall: markers of transactions stand after the last records.
    let nothing = consumer.next(100, Duration::from_secs(14)).await.unwrap();
    assert_eq!((nothing.records.len(), harness.bus.stalls()), (0, 0));
    let (heard, published) = tokio::join!(
        consumer.next(100, Duration::from_secs(30)),
        harness.publish(Topic::ORDER, &streams[0], 1)
    );
    published.unwrap();
    assert_eq!(heard.unwrap().records.len(), 1);
}
