//! The contract of the bus port. A backend's test passes its factory: `assert_eq!(breaches(&factory).await, NONE)`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, join_all};
use parking_lot::Mutex;
use schemas::{StreamId, Topic};
use tokio::time::{Instant, timeout};

use super::publisher::PublishError;
use super::{Bus, BusError, Consumer, Delivery, Partition, Positions, Record, Resume, Start, Subscription};

mod consuming;
mod inspecting;
mod publishing;
mod resuming;
mod waiting;

pub use publishing::{PublisherFactory, Seen, TopicsUnderTest, publisher_breaches};

/// The result of [`breaches`] for a bus that keeps every promise.
pub const NONE: Vec<String> = Vec::new();

/// Any error of a backend's test set-up.
pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Creates the buses under test. Each is empty and independent of the others. Promises are checked concurrently, each
/// on its own bus.
#[async_trait]
pub trait Factory: Send + Sync {
    async fn fresh(&self) -> Result<Box<dyn BusUnderTest>, AnyError>;
}

/// A bus, and a way to publish records on it.
#[async_trait]
pub trait BusUnderTest: Send + Sync {
    /// Publishes `count` more events of `stream` on its `topic`, one after another. Their versions continue the
    /// stream, from 1 on. When this returns, they are on the bus or will be soon. A backend appends them to the log
    /// of the topic's context. The bodies do not matter; the names should alternate between two, so that browsing by
    /// name can be tested.
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), AnyError>;

    fn bus(&self) -> Arc<dyn Bus>;

    /// Whether it redelivers records without a reason, as only the test double does.
    fn redelivers(&self) -> bool {
        false
    }
}

/// The promises that the factory's buses break, and how.
pub async fn breaches(factory: &dyn Factory) -> Vec<String> {
    let clauses = [consuming::CLAUSES, resuming::CLAUSES, waiting::CLAUSES, inspecting::CLAUSES].concat();
    let checks = clauses.into_iter().map(|(name, clause)| async move {
        let checked = async { clause(&*factory.fresh().await.map_err(Broken::SetUp)?).await };
        let result = timeout(CLAUSE_PATIENCE, checked)
            .await
            .unwrap_or(Err(Broken::Promise("the check timed out".to_owned())));
        result.err().map(|broken| format!("{name}: {broken}"))
    });
    join_all(checks).await.into_iter().flatten().collect()
}

/// Ends a hang; all waits of a check together are far shorter.
const CLAUSE_PATIENCE: Duration = Duration::from_secs(600);
/// Published records arrive long before this, even on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// More deliveries than this mean that the bus never stops delivering.
const DELIVERIES: usize = 2_000;
/// The time in which nothing may arrive.
const QUIET: Duration = Duration::from_millis(150);

/// One promise: its name as a sentence, and its check.
type Clause = (&'static str, for<'b> fn(&'b dyn BusUnderTest) -> BoxFuture<'b, Checked>);
type Checked = Result<(), Broken>;

/// How a promise is broken.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Promise(String),
    #[error("the bus failed: {0:?}")]
    Failed(#[from] BusError),
    #[error("the publisher failed: {0:?}")]
    Publishing(#[from] PublishError),
    #[error("the test could not be set up: {0:?}")]
    SetUp(AnyError),
}

fn ensure(holds: bool, otherwise: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(Broken::Promise(otherwise.into())) }
}

/// Identity of a record, regardless of its partition and offset.
type Which = (Topic, StreamId, u64);

fn which(record: &Record) -> Which {
    (record.topic, record.envelope.stream.clone(), record.envelope.version)
}

fn stream(text: &str) -> StreamId {
    StreamId::from_text(text)
}

/// Streams on three topics, two of which share a context and thus a log.
fn streams() -> [(Topic, StreamId); 5] {
    [
        (Topic::ORDER, stream("order-a")),
        (Topic::STOCK, stream("stock-x")),
        (Topic::RESERVATION, stream("reservation-a")),
        (Topic::ORDER, stream("order-b")),
        (Topic::ORDER, stream("order-c")),
    ]
}

/// The topics that are read. The third topic of [`streams`] is not read.
const READ: [Topic; 2] = [Topic::ORDER, Topic::STOCK];

/// Publishes `rounds` times two more events of every stream. `before`: the number of earlier rounds. Returns all records of
/// the read topics.
async fn publish_rounds(bus: &dyn BusUnderTest, before: u64, rounds: u64) -> Result<BTreeSet<Which>, Broken> {
    let mut published = BTreeSet::new();
    for _ in 0..rounds {
        for (topic, stream) in streams() {
            bus.publish(topic, &stream, 2).await.map_err(Broken::SetUp)?;
        }
    }
    for (topic, stream) in streams().into_iter().filter(|(topic, _)| READ.contains(topic)) {
        published
            .extend((2 * before + 1..=2 * (before + rounds)).map(|version| (topic, stream.clone(), version)));
    }
    Ok(published)
}

/// Positions, as a consumer stores them beside its work.
#[derive(Default)]
struct Kept(Mutex<Positions>);

impl Kept {
    fn at(positions: &Positions) -> Arc<Self> {
        Arc::new(Self(Mutex::new(positions.clone())))
    }
}

#[async_trait]
impl Resume for Kept {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(self.0.lock().clone())
    }
}

/// A consumer that only collects deliveries and stores its positions.
struct Reader {
    consumer: Box<dyn Consumer>,
    deliveries: Vec<Delivery>,
    positions: Positions,
}

impl Reader {
    async fn join(
        bus: &dyn BusUnderTest,
        group: &str,
        start: Start,
        positions: &Positions,
    ) -> Result<Self, BusError> {
        let subscription = Subscription {
            group: group.to_owned(),
            topics: READ.to_vec(),
            start,
            resume: Kept::at(positions),
        };
        let consumer = bus.bus().subscribe(subscription).await?;
        Ok(Self { consumer, deliveries: Vec::new(), positions: positions.clone() })
    }

    async fn next(&mut self, max: usize, patience: Duration) -> Result<usize, Broken> {
        ensure(self.deliveries.len() < DELIVERIES, "deliveries do not end")?;
        let delivery = self.consumer.next(max, patience).await?;
        self.keep(delivery);
        Ok(self.deliveries.last().map_or(0, |delivery| delivery.records.len()))
    }

    fn keep(&mut self, delivery: Delivery) {
        self.positions.extend(delivery.positions.clone());
        self.deliveries.push(delivery);
    }

    /// Reads until all of `wanted` have arrived.
    async fn read_all(&mut self, wanted: &BTreeSet<Which>) -> Checked {
        let deadline = Instant::now() + SOON;
        while !wanted.is_subset(&self.seen()) {
            ensure(
                Instant::now() < deadline,
                format!("a record did not arrive: {:?}", wanted.difference(&self.seen()).next()),
            )?;
            self.next(5, SOON).await?;
        }
        Ok(())
    }

    /// Reads until positions of all these partitions have arrived. Joining a group may take a while.
    async fn read_until_placed(&mut self, partitions: &BTreeSet<Partition>) -> Checked {
        let deadline = Instant::now() + SOON;
        while let Some(missing) = partitions.iter().find(|one| !self.positions.contains_key(one)) {
            ensure(Instant::now() < deadline, format!("no position arrived for {missing:?}"))?;
            self.next(5, QUIET).await?;
        }
        Ok(())
    }

    /// Reads until nothing has arrived for a while.
    async fn read_on(&mut self) -> Checked {
        let mut last = Instant::now();
        while last.elapsed() < QUIET {
            if self.next(5, QUIET).await? > 0 {
                last = Instant::now();
            }
        }
        Ok(())
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.deliveries.iter().flat_map(|delivery| &delivery.records)
    }

    fn seen(&self) -> BTreeSet<Which> {
        self.records().map(which).collect()
    }
}

/// Checks that the records of each stream follow each other without a gap, beginning after those in `done`. Only a bus that
/// redelivers may go back, and must then continue from there.
fn in_order<'r>(
    done: &BTreeSet<Which>,
    records: impl Iterator<Item = &'r Record>,
    redelivers: bool,
) -> Checked {
    let mut last: HashMap<(Topic, StreamId), u64> = HashMap::new();
    for (topic, stream, version) in done {
        let entry = last.entry((*topic, stream.clone())).or_default();
        *entry = (*entry).max(*version);
    }
    for record in records {
        let (topic, stream, version) = which(record);
        let entry = last.entry((topic, stream)).or_default();
        let follows = version == *entry + 1 || (redelivers && version <= *entry);
        ensure(follows, format!("{} {} came after {}", record.envelope.stream, version, *entry))?;
        *entry = version;
    }
    Ok(())
}
