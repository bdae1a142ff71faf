//! The partitions that a member has: what is waiting in them, what is in the owner's hands, what is done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::member::Member;
use crate::bus::kafka::{client, codec};
use crate::bus::{BusError, Delivery, Partition, Positions, Record};

/// Offsets remembered for a partition until they are committed.
const REMEMBERED: usize = 256;
/// Records that one call may leave out before it answers with what it has.
const LEFT_OUT: usize = 10_000;

/// Shared by the owner and the driver.
#[derive(Default)]
pub(super) struct Lanes {
    state: Mutex<State>,
    /// Something may be there to be taken.
    news: Notify,
    /// The owner came back, or left.
    back: Condvar,
}

#[derive(Default)]
struct State {
    lanes: BTreeMap<Partition, Lane>,
    /// Where partitions begin that had no position: told before their records.
    begins: Positions,
    /// Partitions whose records the owner works on.
    out: BTreeSet<Partition>,
    /// The partition after which the next look begins, so that a busy one does not starve the others.
    turn: Option<Partition>,
    failed: Option<Failure>,
    stopped: bool,
}

struct Lane {
    /// Gone once the partition is being taken away.
    queue: Option<PartitionQueue<Member>>,
    /// Records up to this position have been delivered.
    done: u64,
    /// The offset after the last record taken.
    next: u64,
    taken_at: Instant,
    /// Positions at the ends of deliveries, with the offsets after them.
    ends: VecDeque<(u64, u64)>,
    /// What can be committed, and was not.
    to_commit: Option<(u64, u64)>,
    /// A record that cannot be read: nothing after it is.
    blocked: Option<Failure>,
}

/// Why a member cannot go on. It says so until it is dropped.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Malformed { partition: Partition, offset: u64, problem: String },
    Lost(String),
}

impl Failure {
    fn error(&self) -> BusError {
        match self.clone() {
            Self::Malformed { partition: Partition { topic, number }, offset, problem } => {
                BusError::Malformed { topic, partition: number, offset, problem }
            }
            Self::Lost(reason) => BusError::Unavailable(reason.into()),
        }
    }
}

/// Where a lane is, for the watchdog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub next: u64,
    pub taken_at: Instant,
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The owner's side.

    /// What was given out is done with.
    pub(super) fn done(&self) {
        self.lock().out.clear();
        self.back.notify_all();
    }

    /// Ends when something may have come since this call.
    pub(super) fn woken(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// At most `max` records of what is waiting, now.
    pub(super) fn take(&self, max: usize) -> Result<Option<Delivery>, BusError> {
        let mut state = self.lock();
        if let Some(failure) = &state.failed {
            return Err(failure.error());
        }
        if !state.begins.is_empty() {
            let positions = std::mem::take(&mut state.begins);
            return Ok(Some(Delivery { records: Vec::new(), positions }));
        }
        let mut delivery = Delivery::default();
        for partition in state.order() {
            let Some(lane) = state.lanes.get_mut(&partition) else { continue };
            let before = delivery.records.len();
            let taken = lane.take(partition, max - before, &mut delivery.records);
            if delivery.records.len() > before {
                delivery.positions.insert(partition, lane.done);
                lane.remember();
                state.turn = Some(partition);
            }
            if let Err(failure) = taken {
                state.failed = Some(failure);
                break;
            }
            if delivery.records.len() >= max {
                break;
            }
        }
        if !delivery.records.is_empty() {
            state.out = delivery.positions.keys().copied().collect();
            return Ok(Some(delivery));
        }
        if let Some(blocked) = state.lanes.values().find_map(|lane| lane.blocked.clone()) {
            return Err(blocked.error());
        }
        state.failed.as_ref().map_or(Ok(None), |failure| Err(failure.error()))
    }

    /// Notes what is done and kept.
    pub(super) fn commit(&self, positions: &Positions) {
        let mut state = self.lock();
        for (partition, position) in positions {
            if let Some(lane) = state.lanes.get_mut(partition) {
                lane.commit(*position);
            }
        }
    }

    pub(super) fn has(&self, partition: Partition) -> bool {
        self.lock().lanes.get(&partition).is_some_and(|lane| lane.queue.is_some())
    }

    /// The owner leaves.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.back.notify_all();
    }

    // The driver's side.

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Lets the owner look.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    /// The member cannot go on.
    pub(super) fn fail(&self, reason: String) {
        self.lock().failed.get_or_insert(Failure::Lost(reason));
        self.wake();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.lock().failed.is_some()
    }

    /// A partition came, with everything up to `position` done; its queue begins with `offset`.
    pub(super) fn add(
        &self,
        partition: Partition,
        queue: PartitionQueue<Member>,
        (position, offset): (u64, u64),
        tell: bool,
    ) {
        let lane = Lane {
            queue: Some(queue),
            done: position,
            next: offset,
            taken_at: Instant::now(),
            ends: VecDeque::new(),
            to_commit: None,
            blocked: None,
        };
        let mut state = self.lock();
        if tell {
            state.begins.insert(partition, position);
        }
        state.lanes.insert(partition, lane);
    }

    /// Gives nothing more of these partitions out, and waits until the owner is done with what it has of them, at most
    /// `patience`. Says whether it is.
    pub(super) fn drain(&self, partitions: &BTreeSet<Partition>, patience: Duration) -> bool {
        let mut state = self.lock();
        for partition in partitions {
            state.begins.remove(partition);
            if let Some(lane) = state.lanes.get_mut(partition) {
                lane.queue = None;
                lane.blocked = None;
            }
        }
        let busy = |state: &mut State| !state.stopped && !state.out.is_disjoint(partitions);
        let (state, _) =
            self.back.wait_timeout_while(state, patience, busy).unwrap_or_else(PoisonError::into_inner);
        state.out.is_disjoint(partitions)
    }

    /// Forgets these partitions.
    pub(super) fn remove(&self, partitions: &BTreeSet<Partition>) {
        self.lock().lanes.retain(|partition, _| !partitions.contains(partition));
    }

    /// Forgets all of them; their queues hold on to the client.
    pub(super) fn clear(&self) {
        let lanes = std::mem::take(&mut self.lock().lanes);
        drop(lanes);
    }

    /// What can be committed since the last call: position and offset.
    pub(super) fn to_commit(&self) -> BTreeMap<Partition, (u64, u64)> {
        let mut state = self.lock();
        let lanes = state.lanes.iter_mut();
        lanes.filter_map(|(partition, lane)| Some((*partition, lane.to_commit.take()?))).collect()
    }

    pub(super) fn places(&self) -> BTreeMap<Partition, Place> {
        let state = self.lock();
        let lanes = state.lanes.iter().filter(|(_, lane)| lane.queue.is_some() && lane.blocked.is_none());
        lanes
            .map(|(partition, lane)| (*partition, Place { next: lane.next, taken_at: lane.taken_at }))
            .collect()
    }
}

impl State {
    /// The partitions, the one after the last taken from first.
    fn order(&self) -> Vec<Partition> {
        let mut all: Vec<Partition> = self.lanes.keys().copied().collect();
        let first = self.turn.map_or(0, |turn| all.partition_point(|partition| *partition <= turn));
        all.rotate_left(first);
        all
    }
}

impl Lane {
    /// Takes at most `max` records. Fails when the member cannot go on; a record that cannot be read only blocks the lane.
    fn take(&mut self, partition: Partition, max: usize, records: &mut Vec<Record>) -> Result<(), Failure> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let (mut taken, mut left_out) = (0, 0);
        while taken < max && left_out < LEFT_OUT && self.blocked.is_none() {
            let message = match queue.poll(Duration::ZERO) {
                None => break,
                Some(Ok(message)) => message,
                Some(Err(error)) if passes(&error) => {
                    tracing::debug!(%error, "waiting for Kafka");
                    continue;
                }
                Some(Err(error)) => return Err(Failure::Lost(error.to_string())),
            };
            match codec::record(partition.topic, &message) {
                Ok(record) if record.position() > self.done => {
                    self.done = record.position();
                    records.push(record);
                    taken += 1;
                }
                Ok(_) => left_out += 1,
                Err(error) => {
                    let offset = u64::try_from(message.offset()).unwrap_or(0);
                    let problem = match error {
                        BusError::Malformed { problem, .. } => problem,
                        other => other.to_string(),
                    };
                    let Partition { topic, number } = partition;
                    tracing::error!(%topic, number, offset, problem, "a record that is not ours: its partition is read no further");
                    self.blocked = Some(Failure::Malformed { partition, offset, problem });
                    continue;
                }
            }
            self.next = u64::try_from(message.offset()).unwrap_or(0) + 1;
            self.taken_at = Instant::now();
        }
        Ok(())
    }

    fn remember(&mut self) {
        if self.ends.len() >= REMEMBERED {
            self.ends.pop_front();
        }
        self.ends.push_back((self.done, self.next));
    }

    fn commit(&mut self, position: u64) {
        while let Some(end) = self.ends.front().copied().filter(|(end, _)| *end <= position) {
            self.to_commit = Some(end);
            self.ends.pop_front();
        }
    }
}

/// Errors in a partition's queue after which the client goes on by itself.
fn passes(error: &KafkaError) -> bool {
    client::passes(error) || matches!(error, KafkaError::PartitionEOF(_))
}
