//! A projector that gets the batches of a test, one by one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::memory::MemoryBus;
use platform::bus::{BusError, Consumer, Delivery, Partition, Positions, Record, WrappedBus};
use projectors::{Projection, StreamSource};
use schemas::{StreamId, Topic};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use crate::history::history;
use crate::shop::{LONG, Shop};

/// More than a projector does while a test waits for something else.
const QUEUE: usize = 10_000;

type Batches = Arc<tokio::sync::Mutex<Receiver<Result<Delivery, BusError>>>>;

/// What a projector does with its consumer.
#[derive(Debug)]
pub enum Step {
    /// It asks for a batch.
    Asked(Instant),
    /// It has handled everything up to here.
    Committed(Positions, Instant),
}

/// Delivers what the test sends, instead of what is on the bus.
struct Scripted {
    batches: Batches,
    steps: Sender<Step>,
    /// How long a commit takes.
    takes: Duration,
}

#[async_trait]
impl Consumer for Scripted {
    async fn next(&mut self, _: usize, patience: Duration) -> Result<Delivery, BusError> {
        self.steps.send(Step::Asked(Instant::now())).await.ok();
        let next = async { self.batches.lock().await.recv().await };
        // Without a further batch the consumer is idle.
        tokio::time::timeout(patience, next).await.ok().flatten().unwrap_or_else(|| Ok(Delivery::default()))
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        tokio::time::sleep(self.takes).await;
        self.steps.send(Step::Committed(positions.clone(), Instant::now())).await.ok();
        Ok(())
    }
}

/// A shop whose only projector gets the batches that the test sends.
pub struct Script {
    pub shop: Shop,
    batches: Sender<Result<Delivery, BusError>>,
    steps: Receiver<Step>,
}

impl Script {
    /// The projector does not run yet.
    pub async fn new(projection: &'static Projection, commit_takes: Duration) -> Self {
        let mut shop = Shop::closed(projection, None).await;
        let (batches, received) = channel(QUEUE);
        let (done, steps) = channel(QUEUE);
        let received: Batches = Arc::new(tokio::sync::Mutex::new(received));
        let wrap = move |_, _| -> Box<dyn Consumer> {
            Box::new(Scripted { batches: received.clone(), steps: done.clone(), takes: commit_takes })
        };
        shop.backends.bus = Arc::new(WrappedBus::new(Arc::new(MemoryBus::default()), wrap));
        Self { shop, batches, steps }
    }

    /// The projector runs, with batches of at most 20 records.
    pub async fn running(projection: &'static Projection) -> Self {
        let mut script = Self::new(projection, Duration::ZERO).await;
        script.shop.start(20);
        script
    }

    pub fn send(&self, batch: Result<Delivery, BusError>) {
        self.batches.try_send(batch).ok().unwrap();
    }

    /// The next step of the projector.
    pub async fn step(&mut self) -> Step {
        tokio::time::timeout(LONG, self.steps.recv()).await.expect("the projector does nothing").unwrap()
    }

    /// The positions of the next commit.
    pub async fn committed(&mut self) -> Positions {
        loop {
            if let Step::Committed(positions, _) = self.step().await {
                return positions;
            }
        }
    }

    /// Delivers these records as one batch, and waits until it is applied.
    pub async fn apply(&mut self, records: &[Record]) {
        let positions = records.iter().map(|record| (record.partition(), record.position())).collect();
        self.send(Ok(Delivery { records: records.to_vec(), positions }));
        self.committed().await;
    }
}

/// Positions of one partition.
pub fn at(position: u64) -> Positions {
    BTreeMap::from([(Partition { topic: Topic::STOCK, number: 0 }, position)])
}

/// The longest stream of stock items.
pub fn stream() -> Vec<Record> {
    let mut streams: BTreeMap<StreamId, Vec<Record>> = BTreeMap::new();
    for record in history(7).into_iter().filter(|record| record.topic == Topic::STOCK) {
        streams.entry(record.envelope.stream.clone()).or_default().push(record);
    }
    let longest = streams.into_values().max_by_key(Vec::len).unwrap();
    assert!(longest.len() > 5);
    longest
}

/// A source that no projector may ask.
#[derive(Default)]
pub struct Unused(pub Mutex<Vec<String>>);

#[async_trait]
impl StreamSource for Unused {
    async fn stream(&self, _: Topic, stream: &str, after: u64) -> Result<Vec<Record>, BusError> {
        self.0.lock().push(format!("{stream} after {after}"));
        Ok(Vec::new())
    }
}
