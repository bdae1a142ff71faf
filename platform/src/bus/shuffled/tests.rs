use std::collections::HashSet;

use schemas::StreamId;

use super::*;
use crate::bus::contract::{BUS, BusUnderTest, bus_suite};
use crate::bus::memory::{Fault, MemoryBus};
use crate::contract::{Broken, breach};

/// The double around the bus in memory, which has two partitions per topic.
struct ShuffledMemory(MemoryBus, Arc<ShuffledBus>);

impl ShuffledMemory {
    fn with(seed: u64, fault: Fault) -> Self {
        let memory = MemoryBus::with(fault);
        let shuffled = Arc::new(ShuffledBus::new(memory.bus(), seed));
        Self(memory, shuffled)
    }
}

#[async_trait]
impl BusUnderTest for ShuffledMemory {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), Broken> {
        self.0.publish(topic, stream, count).await
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.1.clone()
    }

    fn redelivers(&self) -> bool {
        true
    }
}

mod keeps_the_promise_whatever_the_seed {
    use super::*;

    bus_suite!(#[tokio::test(start_paused = true)] for seed in 0..40 => ShuffledMemory::with(seed, Fault::None));
}

#[tokio::test(start_paused = true)]
async fn does_not_hide_what_the_bus_inside_does_wrong() {
    for fault in [Fault::ForgetsPositions, Fault::ReordersAKey, Fault::DropsARecord, Fault::ClaimsTooMuch] {
        let mut broken = Vec::new();
        for (seed, promise) in (0..3).flat_map(|seed| BUS.iter().map(move |promise| (seed, promise.name))) {
            broken.extend(breach(BUS, promise, &ShuffledMemory::with(seed, fault)).await);
        }
        assert!(!broken.is_empty(), "{fault:?}");
    }
}

struct Nowhere;

#[async_trait]
impl Resume for Nowhere {
    async fn positions(&self) -> Result<Positions, BusError> {
        Ok(Positions::new())
    }
}

/// The records that one consumer gets of ten streams with ten records each.
async fn heard(seed: u64) -> Vec<Vec<(StreamId, u64)>> {
    let memory = MemoryBus::default();
    for number in 0..100 {
        let stream = StreamId::from_text(format!("order-{}", number % 10));
        memory.publish(Topic::ORDER, &stream, 1).await.unwrap();
    }
    let bus = ShuffledBus::new(memory.bus(), seed);
    let (group, topics) = ("g".to_owned(), vec![Topic::ORDER]);
    let subscription = Subscription { group, topics, start: Start::Beginning, resume: Arc::new(Nowhere) };
    let mut consumer = bus.subscribe(subscription).await.unwrap();
    let mut batches = Vec::new();
    loop {
        let delivery = consumer.next(20, Duration::from_millis(10)).await.unwrap();
        if delivery.records.is_empty() && delivery.positions.is_empty() {
            return batches;
        }
        let batch = delivery.records.iter().map(|r| (r.envelope.stream.clone(), r.envelope.version));
        batches.push(batch.collect());
    }
}

#[tokio::test(start_paused = true)]
async fn mixes_keys_redelivers_and_splits_batches_differently() {
    let mut orders = HashSet::new();
    let (mut again, mut sizes) = (0, HashSet::new());
    for seed in 0..10 {
        let batches = heard(seed).await;
        sizes.extend(batches.iter().map(Vec::len));
        let all: Vec<_> = batches.into_iter().flatten().collect();
        let distinct: HashSet<_> = all.iter().cloned().collect();
        assert_eq!(distinct.len(), 100, "seed {seed}");
        again += all.len() - distinct.len();
        let mut first_heard = HashSet::new();
        orders.insert(all.into_iter().filter(|which| first_heard.insert(which.clone())).collect::<Vec<_>>());
    }
    assert_eq!(orders.len(), 10, "every seed gives another order");
    assert!(again > 50, "{again} records came again");
    assert!(sizes.len() > 5, "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_result() {
    for seed in [1, 2] {
        assert_eq!(heard(seed).await, heard(seed).await);
    }
}

#[test]
fn the_bus_inside_goes_on_from_the_lowest_of_its_virtual_partitions_once_all_are_known() {
    let at = |positions: &[(u32, u64)]| -> Positions {
        positions
            .iter()
            .map(|(number, offset)| (Partition { topic: Topic::ORDER, number: *number }, *offset))
            .collect()
    };
    let second = at(&[(4, 7), (5, 3), (6, 9), (7, 4)]);
    assert_eq!(inner_positions(&second), at(&[(1, 3)]));
    let mut both = second.clone();
    both.extend(at(&[(0, 1), (1, 1), (2, 1)]));
    assert_eq!(inner_positions(&both), at(&[(1, 3)]), "a virtual partition of partition 0 is not known");
}
