//! The virtual partitions of one consumer: the records that wait in each, and its position.

use std::collections::{BTreeMap, VecDeque};

use rand::RngExt;
use rand::rngs::StdRng;

use super::{SPLIT, virtual_number, virtual_partitions};
use crate::bus::{Delivery, Partition, Positions, Record};

/// Delivered records per virtual partition that can be redelivered.
const HISTORY: usize = 32;
/// Probability that a delivery with new records is followed by a rewind of a virtual partition.
const REWIND: f64 = 0.2;
/// The longest run of records of one virtual partition.
const RUN: usize = 4;

/// Interleaves the records of virtual partitions.
pub(super) struct VirtualPartitions {
    partitions: BTreeMap<Partition, VirtualPartition>,
    /// Records at or below these are not delivered: they were done before this consumer joined.
    floors: Positions,
    /// Positions of the inner bus, per partition of its own.
    reached: Positions,
    reported: Positions,
    rng: StdRng,
}

#[derive(Default)]
struct VirtualPartition {
    waiting: VecDeque<Waiting>,
    history: VecDeque<Record>,
    /// Everything up to here has been delivered.
    done: u64,
}

struct Waiting {
    record: Record,
    again: bool,
}

impl VirtualPartition {
    fn push(&mut self, record: Record) {
        self.waiting.push_back(Waiting { record, again: false });
    }

    fn pop(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        if !next.again {
            self.done = self.done.max(next.record.position());
            self.history.push_back(next.record.clone());
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        Some(next)
    }

    /// Not during a rewind: a second one would skip records.
    fn can_rewind(&self) -> bool {
        !self.history.is_empty() && self.waiting.front().is_none_or(|next| !next.again)
    }

    /// Redelivers the last `count` records, before those that wait.
    fn rewind(&mut self, count: usize) {
        for record in self.history.iter().rev().take(count) {
            self.waiting.push_front(Waiting { record: record.clone(), again: true });
        }
    }

    fn has_new_records(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.again)
    }
}

impl VirtualPartitions {
    pub(super) fn new(floors: Positions, rng: StdRng) -> Self {
        let start = |floor: &u64| VirtualPartition { done: *floor, ..VirtualPartition::default() };
        let partitions = floors.iter().map(|(partition, floor)| (*partition, start(floor))).collect();
        Self { partitions, floors, reached: Positions::new(), reported: Positions::new(), rng }
    }

    pub(super) fn rng(&mut self) -> &mut StdRng {
        &mut self.rng
    }

    /// Whether no record waits.
    pub(super) fn is_empty(&self) -> bool {
        self.partitions.values().all(|part| part.waiting.is_empty())
    }

    /// Adds a delivery of the inner bus.
    pub(super) fn take_in(&mut self, delivery: Delivery) {
        for mut record in delivery.records {
            let partition = Partition {
                topic: record.topic,
                number: virtual_number(record.partition, record.envelope.stream.as_str()),
            };
            record.partition = partition.number;
            if self.floors.get(&partition).is_none_or(|floor| *floor < record.position()) {
                self.partitions.entry(partition).or_default().push(record);
            }
        }
        for (partition, offset) in delivery.positions {
            let reached = self.reached.entry(partition).or_default();
            *reached = offset.max(*reached);
            for part in virtual_partitions(partition.topic, partition.number) {
                self.partitions.entry(part).or_default();
            }
        }
    }

    /// A delivery of at most `max` of the records that wait.
    pub(super) fn give(&mut self, max: usize) -> Delivery {
        let size = if max == 0 { 0 } else { self.rng.random_range(1..=max) };
        let (mut records, mut news) = (Vec::new(), false);
        while records.len() < size {
            let Some(partition) = self.pick(|part| !part.waiting.is_empty()) else { break };
            let run = self.rng.random_range(1..=RUN).min(size - records.len());
            let Some(part) = self.partitions.get_mut(&partition) else { break };
            for next in std::iter::from_fn(|| part.pop()).take(run) {
                news |= !next.again;
                records.push(next.record);
            }
        }
        // Only after new records, so that redelivery ends.
        if news && self.rng.random_bool(REWIND) {
            self.rewind();
        }
        Delivery { records, positions: self.moved() }
    }

    fn rewind(&mut self) {
        let Some(partition) = self.pick(VirtualPartition::can_rewind) else { return };
        if let Some(part) = self.partitions.get_mut(&partition) {
            let count = self.rng.random_range(1..=part.history.len());
            part.rewind(count);
        }
    }

    fn pick(&mut self, fits: impl Fn(&VirtualPartition) -> bool) -> Option<Partition> {
        let fitting: Vec<Partition> =
            self.partitions.iter().filter(|(_, part)| fits(part)).map(|(p, _)| *p).collect();
        if fitting.is_empty() { None } else { Some(fitting[self.rng.random_range(0..fitting.len())]) }
    }

    /// The positions that changed since the last call. A virtual partition without new records is at the position of the inner
    /// bus; any other is at its last delivered record. Positions never move back.
    fn moved(&mut self) -> Positions {
        let mut moved = Positions::new();
        for (partition, part) in &mut self.partitions {
            let inner = Partition { topic: partition.topic, number: partition.number / SPLIT };
            if !part.has_new_records() {
                part.done = part.done.max(self.reached.get(&inner).copied().unwrap_or(0));
            }
            let known =
                part.done > 0 || self.reached.contains_key(&inner) || self.floors.contains_key(partition);
            if known && self.reported.get(partition) != Some(&part.done) {
                moved.insert(*partition, part.done);
            }
        }
        self.reported.extend(moved.iter().map(|(partition, offset)| (*partition, *offset)));
        moved
    }
}

/// Interleaves the records of partitions. Each partition keeps its order.
pub(super) fn mix(records: Vec<Record>, rng: &mut StdRng) -> Vec<Record> {
    let mut partitions: BTreeMap<u32, VecDeque<Record>> = BTreeMap::new();
    for record in records {
        partitions.entry(record.partition).or_default().push_back(record);
    }
    let mut mixed = Vec::new();
    while !partitions.is_empty() {
        let numbers: Vec<u32> = partitions.keys().copied().collect();
        let number = numbers[rng.random_range(0..numbers.len())];
        match partitions.get_mut(&number).and_then(VecDeque::pop_front) {
            Some(record) => mixed.push(record),
            None => drop(partitions.remove(&number)),
        }
    }
    mixed
}
