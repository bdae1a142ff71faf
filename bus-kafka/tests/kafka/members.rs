//! Members join and leave while all events are delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bus_kafka::scratch::brokers;
use parking_lot::Mutex;
use platform::bus::{Bus, BusError, Consumer, Delivery, Positions, Resume, Start, Subscription};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use schemas::{StreamId, Topic};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::harness::Harness;

/// Far longer than a group takes to assign its partitions.
const LONG: Duration = Duration::from_secs(120);
const TOPICS: [Topic; 2] = [Topic::ORDER, Topic::PAYMENT];

/// The store that all members share, guarded by version as every real one is.
#[derive(Default)]
struct Store(Mutex<Done>, watch::Sender<u64>);

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
        self.1.send_replace(done.versions.values().sum());
    }

    fn total(&self) -> u64 {
        self.0.lock().versions.values().sum()
    }

    /// Waits until this many records are done.
    async fn until(&self, goal: u64) {
        let mut total = self.1.subscribe();
        let done = timeout(LONG, total.wait_for(|total| *total >= goal)).await;
        assert!(done.is_ok(), "{} of {goal} came", self.total());
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

/// Waits until the broker counts this many members of the group.
async fn until_members(harness: &Harness, count: usize) {
    let group = format!("{}members", harness.prefix());
    let waiting = tokio::task::spawn_blocking(move || {
        let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", brokers()).create().unwrap();
        let begun = Instant::now();
        loop {
            let groups = client.fetch_group_list(Some(&group), LONG).unwrap();
            if groups.groups().iter().any(|group| group.members().len() >= count) {
                return;
            }
            assert!(begun.elapsed() < LONG, "the group has not {count} members");
        }
    });
    waiting.await.unwrap();
}

/// A member that works until it is asked to leave.
async fn work(
    mut consumer: Box<dyn Consumer>,
    store: Arc<Store>,
    mut leave: watch::Receiver<bool>,
    seed: u64,
) {
    let mut dice = StdRng::seed_from_u64(seed);
    while !*leave.borrow() {
        let delivery = tokio::select! {
            delivery = consumer.next(20, Duration::from_secs(1)) => delivery.unwrap(),
            _ = leave.changed() => continue,
        };
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
        let (harness, store) = (Arc::clone(&harness), Arc::clone(&store));
        tokio::spawn(async move {
            for round in 0..rounds {
                // A few rounds ahead of the members, so that there is work whenever they change.
                store.until(round.saturating_sub(3) * streams * 2).await;
                for topic in TOPICS {
                    let stream = |number| StreamId::from_text(format!("{}-{number}", topic.prefix()));
                    let events: Vec<_> = (0..streams).map(|number| (topic, stream(number))).collect();
                    harness.publish_all(&events).await.unwrap();
                }
            }
        })
    };
    let total = rounds * streams * 2;
    let mut dice = StdRng::seed_from_u64(seed);
    let mut members = Vec::new();
    let mut joined = 0;
    while store.total() < total {
        if members.len() < 3 && (members.is_empty() || dice.random_bool(0.6)) {
            let (leave, stopped) = watch::channel(false);
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
        store.until((store.total() + dice.random_range(24..240)).min(total)).await;
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
async fn a_member_that_leaves_gives_up_its_partitions_long_before_its_session_ends() {
    let harness = Harness::with(&TOPICS, 2, "&session.timeout=120s").await;
    let store = Arc::new(Store::default());
    let both: Vec<_> = (0..8).map(|number| StreamId::from_text(format!("order-{number}"))).collect();
    let has_all =
        |consumer: &dyn Consumer| both.iter().all(|stream| consumer.has(Topic::ORDER, stream.as_str()));
    let mut first = join_for(&harness, &store, &TOPICS[..1]).await;
    while !has_all(first.as_ref()) {
        first.next(100, Duration::from_millis(100)).await.unwrap();
    }
    let mut second = join_for(&harness, &store, &TOPICS[..1]).await;
    until_members(&harness, 2).await;
    drop(first);
    let takes_over = async {
        while !has_all(second.as_ref()) {
            second.next(100, Duration::from_millis(100)).await.unwrap();
        }
    };
    timeout(Duration::from_secs(60), takes_over)
        .await
        .expect("the group waits for the session of the member that left");
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
        // The second member waits for a partition from now on.
        until_members(&harness, 2).await;
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
