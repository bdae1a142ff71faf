//! The virtual partitions of one consumer: what is waiting in each, and how far each is.

use std::collections::{BTreeMap, VecDeque};

use rand::RngExt;
use rand::rngs::StdRng;

use super::{LANES, virtual_number, virtual_partitions};
use crate::bus::{Delivery, Partition, Positions, Record};

/// How many of a lane's last records can come again.
const HISTORY: usize = 32;
/// How often a delivery of something new is followed by a rewind of some lane.
const REWIND: f64 = 0.2;
/// How many records of a lane come in a row at most.
const RUN: usize = 4;

/// Mixes what it takes in.
pub(super) struct Lanes {
    lanes: BTreeMap<Partition, Lane>,
    /// At or below these nothing is delivered: it was done before this consumer began.
    floors: Positions,
    /// How far the bus inside is, per partition of its own.
    reached: Positions,
    told: Positions,
    rng: StdRng,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    history: VecDeque<Record>,
    /// Everything of the lane up to here has been delivered.
    done: u64,
}

struct Waiting {
    record: Record,
    again: bool,
}

impl Lane {
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

    /// A lane that is still going over its last rewind would jump ahead by another one.
    fn can_rewind(&self) -> bool {
        !self.history.is_empty() && self.waiting.front().is_none_or(|next| !next.again)
    }

    /// Lets the last `count` delivered records come again, before what is waiting.
    fn rewind(&mut self, count: usize) {
        for record in self.history.iter().rev().take(count) {
            self.waiting.push_front(Waiting { record: record.clone(), again: true });
        }
    }

    fn has_news(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.again)
    }
}

impl Lanes {
    pub(super) fn new(floors: Positions, rng: StdRng) -> Self {
        let start = |floor: &u64| Lane { done: *floor, ..Lane::default() };
        let lanes = floors.iter().map(|(partition, floor)| (*partition, start(floor))).collect();
        Self { lanes, floors, reached: Positions::new(), told: Positions::new(), rng }
    }

    pub(super) fn rng(&mut self) -> &mut StdRng {
        &mut self.rng
    }

    /// Nothing is waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.values().all(|lane| lane.waiting.is_empty())
    }

    /// Takes a delivery of the bus inside.
    pub(super) fn take_in(&mut self, delivery: Delivery) {
        for mut record in delivery.records {
            let partition = Partition { topic: record.topic, number: virtual_number(&record) };
            record.partition = partition.number;
            if self.floors.get(&partition).is_none_or(|floor| *floor < record.position()) {
                self.lanes.entry(partition).or_default().push(record);
            }
        }
        for (partition, offset) in delivery.positions {
            let reached = self.reached.entry(partition).or_default();
            *reached = offset.max(*reached);
            for lane in virtual_partitions(partition.topic, partition.number) {
                self.lanes.entry(lane).or_default();
            }
        }
    }

    /// A delivery of at most `max` of what is waiting.
    pub(super) fn give(&mut self, max: usize) -> Delivery {
        let size = if max == 0 { 0 } else { self.rng.random_range(1..=max) };
        let (mut records, mut news) = (Vec::new(), false);
        while records.len() < size {
            let Some(partition) = self.pick(|lane| !lane.waiting.is_empty()) else { break };
            let run = self.rng.random_range(1..=RUN).min(size - records.len());
            let Some(lane) = self.lanes.get_mut(&partition) else { break };
            for next in std::iter::from_fn(|| lane.pop()).take(run) {
                news |= !next.again;
                records.push(next.record);
            }
        }
        // Only after something new, so that it ends.
        if news && self.rng.random_bool(REWIND) {
            self.rewind();
        }
        Delivery { records, positions: self.moved() }
    }

    fn rewind(&mut self) {
        let Some(partition) = self.pick(Lane::can_rewind) else { return };
        if let Some(lane) = self.lanes.get_mut(&partition) {
            let count = self.rng.random_range(1..=lane.history.len());
            lane.rewind(count);
        }
    }

    fn pick(&mut self, fits: impl Fn(&Lane) -> bool) -> Option<Partition> {
        let fitting: Vec<Partition> =
            self.lanes.iter().filter(|(_, lane)| fits(lane)).map(|(p, _)| *p).collect();
        if fitting.is_empty() { None } else { Some(fitting[self.rng.random_range(0..fitting.len())]) }
    }

    /// The positions that changed since they were told last. A lane in which nothing new is waiting is as far as the bus
    /// inside; any other is as far as what was delivered of it. None ever goes back.
    fn moved(&mut self) -> Positions {
        let mut moved = Positions::new();
        for (partition, lane) in &mut self.lanes {
            let inner = Partition { topic: partition.topic, number: partition.number / LANES };
            if !lane.has_news() {
                lane.done = lane.done.max(self.reached.get(&inner).copied().unwrap_or(0));
            }
            let known =
                lane.done > 0 || self.reached.contains_key(&inner) || self.floors.contains_key(partition);
            if known && self.told.get(partition) != Some(&lane.done) {
                moved.insert(*partition, lane.done);
            }
        }
        self.told.extend(moved.iter().map(|(partition, offset)| (*partition, *offset)));
        moved
    }
}

/// Mixes the records' partitions, each in its order.
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
