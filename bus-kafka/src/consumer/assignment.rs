//! The partitions assigned to a member: records that wait, records that the owner is processing, and positions that are done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use platform::bus::{BusError, Delivery, Partition, Positions, Record};
use rdkafka::Message;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::member::Member;
use crate::{client, codec};

/// Ends of deliveries kept per partition until they are committed.
const MAX_ENDS: usize = 256;
/// Records that one call may skip before it returns what it has.
const MAX_SKIPPED: usize = 10_000;

/// The state that owner and driver share.
#[derive(Default)]
pub(super) struct Assignment {
    state: Mutex<State>,
    /// Records may be available.
    available: Notify,
    /// The owner has finished a delivery, or has left.
    returned: Condvar,
}

#[derive(Default)]
struct State {
    partitions: BTreeMap<Partition, AssignedPartition>,
    /// Start positions of partitions that had none. They are delivered before the records.
    starts: Positions,
    /// Partitions whose records the owner is processing.
    in_progress: BTreeSet<Partition>,
    /// The partition that was read last. The next call begins after it, so that a busy partition does not starve the others.
    turn: Option<Partition>,
    failed: Option<MemberFailure>,
    stopped: bool,
}

struct AssignedPartition {
    /// `None` once the partition is being revoked.
    queue: Option<PartitionQueue<Member>>,
    /// Records up to this position have been delivered.
    done: u64,
    /// The offset after the last record that was taken.
    next: u64,
    taken_at: Instant,
    /// Positions at the ends of deliveries, with the offsets after them.
    ends: VecDeque<(u64, u64)>,
    /// The latest end that can be committed; `None` if it has been.
    to_commit: Option<(u64, u64)>,
    /// A record that cannot be read. The partition is read no further.
    blocked: Option<MemberFailure>,
}

/// The reason that a member cannot continue. Every call returns it until the member is dropped.
#[derive(Clone, Debug)]
pub(super) enum MemberFailure {
    Malformed { partition: Partition, offset: u64, problem: String },
    Lost(String),
}

impl MemberFailure {
    fn error(&self) -> BusError {
        match self.clone() {
            Self::Malformed { partition: Partition { topic, number }, offset, problem } => {
                BusError::Malformed { topic, partition: number, offset, problem }
            }
            Self::Lost(reason) => BusError::Unavailable(reason.into()),
        }
    }
}

/// How far a partition has been read, for the watchdog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub next: u64,
    pub taken_at: Instant,
}

impl Assignment {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    // Called by the owner.

    /// The owner has finished the last delivery.
    pub(super) fn done(&self) {
        self.lock().in_progress.clear();
        self.returned.notify_all();
    }

    /// Completes when records may have arrived since this call.
    pub(super) fn woken(&self) -> Notified<'_> {
        self.available.notified()
    }

    /// At most `max` of the records that wait; `None` if there are none.
    pub(super) fn take(&self, max: usize) -> Result<Option<Delivery>, BusError> {
        let mut state = self.lock();
        if let Some(failure) = &state.failed {
            return Err(failure.error());
        }
        if !state.starts.is_empty() {
            let positions = std::mem::take(&mut state.starts);
            return Ok(Some(Delivery { records: Vec::new(), positions }));
        }
        let mut delivery = Delivery::default();
        for partition in state.order() {
            let Some(assigned) = state.partitions.get_mut(&partition) else { continue };
            let before = delivery.records.len();
            let taken = assigned.take(partition, max - before, &mut delivery.records);
            if delivery.records.len() > before {
                delivery.positions.insert(partition, assigned.done);
                assigned.remember();
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
            state.in_progress = delivery.positions.keys().copied().collect();
            return Ok(Some(delivery));
        }
        if let Some(blocked) = state.partitions.values().find_map(|assigned| assigned.blocked.clone()) {
            return Err(blocked.error());
        }
        state.failed.as_ref().map_or(Ok(None), |failure| Err(failure.error()))
    }

    /// Notes positions up to which everything is done and stored.
    pub(super) fn commit(&self, positions: &Positions) {
        let mut state = self.lock();
        for (partition, position) in positions {
            if let Some(assigned) = state.partitions.get_mut(partition) {
                assigned.commit(*position);
            }
        }
    }

    /// Whether the partition is assigned and not being revoked.
    pub(super) fn has(&self, partition: Partition) -> bool {
        self.lock().partitions.get(&partition).is_some_and(|assigned| assigned.queue.is_some())
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.returned.notify_all();
    }

    // Called by the driver.

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    pub(super) fn wake(&self) {
        self.available.notify_one();
    }

    /// The member cannot continue.
    pub(super) fn fail(&self, reason: String) {
        self.lock().failed.get_or_insert(MemberFailure::Lost(reason));
        self.wake();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.lock().failed.is_some()
    }

    /// Adds a partition. Everything up to `position` is done; its queue begins at `offset`. `announce`: the owner has no
    /// position of it and is given this one.
    pub(super) fn add(
        &self,
        partition: Partition,
        queue: PartitionQueue<Member>,
        (position, offset): (u64, u64),
        announce: bool,
    ) {
        let assigned = AssignedPartition {
            queue: Some(queue),
            done: position,
            next: offset,
            taken_at: Instant::now(),
            ends: VecDeque::new(),
            to_commit: None,
            blocked: None,
        };
        let mut state = self.lock();
        if announce {
            state.starts.insert(partition, position);
        }
        state.partitions.insert(partition, assigned);
    }

    /// Stops delivering records of these partitions, and waits at most `patience` until the owner has finished those it has.
    /// Returns whether it has.
    pub(super) fn drain(&self, partitions: &BTreeSet<Partition>, patience: Duration) -> bool {
        let mut state = self.lock();
        for partition in partitions {
            state.starts.remove(partition);
            if let Some(assigned) = state.partitions.get_mut(partition) {
                assigned.queue = None;
                assigned.blocked = None;
            }
        }
        let busy = |state: &mut State| !state.stopped && !state.in_progress.is_disjoint(partitions);
        self.returned.wait_while_for(&mut state, busy, patience);
        state.in_progress.is_disjoint(partitions)
    }

    pub(super) fn remove(&self, partitions: &BTreeSet<Partition>) {
        self.lock().partitions.retain(|partition, _| !partitions.contains(partition));
    }

    /// Removes all partitions. Their queues keep the client alive.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut self.lock().partitions);
        drop(all);
    }

    /// Positions, each with its offset, that became committable since the last call.
    pub(super) fn to_commit(&self) -> BTreeMap<Partition, (u64, u64)> {
        let mut state = self.lock();
        let all = state.partitions.iter_mut();
        all.filter_map(|(partition, assigned)| Some((*partition, assigned.to_commit.take()?))).collect()
    }

    pub(super) fn cursors(&self) -> BTreeMap<Partition, Cursor> {
        let state = self.lock();
        let all = state
            .partitions
            .iter()
            .filter(|(_, assigned)| assigned.queue.is_some() && assigned.blocked.is_none());
        all.map(|(partition, assigned)| {
            (*partition, Cursor { next: assigned.next, taken_at: assigned.taken_at })
        })
        .collect()
    }
}

impl State {
    /// The partitions, beginning with the one after the last that was read.
    fn order(&self) -> Vec<Partition> {
        let mut all: Vec<Partition> = self.partitions.keys().copied().collect();
        let first = self.turn.map_or(0, |turn| all.partition_point(|partition| *partition <= turn));
        all.rotate_left(first);
        all
    }
}

impl AssignedPartition {
    /// Takes at most `max` records. Fails if the member cannot continue. A record that cannot be read blocks this partition
    /// only.
    fn take(
        &mut self,
        partition: Partition,
        max: usize,
        records: &mut Vec<Record>,
    ) -> Result<(), MemberFailure> {
        let Some(queue) = &self.queue else { return Ok(()) };
        let (mut taken, mut skipped) = (0, 0);
        while taken < max && skipped < MAX_SKIPPED && self.blocked.is_none() {
            let message = match queue.poll(Duration::ZERO) {
                None => break,
                Some(Ok(message)) => message,
                Some(Err(error)) if passes(&error) => {
                    tracing::debug!(%error, "waiting for Kafka");
                    continue;
                }
                Some(Err(error)) => return Err(MemberFailure::Lost(error.to_string())),
            };
            match codec::record(partition.topic, &message) {
                Ok(record) if record.position() > self.done => {
                    self.done = record.position();
                    records.push(record);
                    taken += 1;
                }
                Ok(_) => skipped += 1,
                Err(error) => {
                    let offset = u64::try_from(message.offset()).unwrap_or(0);
                    let problem = match error {
                        BusError::Malformed { problem, .. } => problem,
                        other => other.to_string(),
                    };
                    let Partition { topic, number } = partition;
                    tracing::error!(%topic, number, offset, problem, "foreign record; partition paused");
                    self.blocked = Some(MemberFailure::Malformed { partition, offset, problem });
                    continue;
                }
            }
            self.next = u64::try_from(message.offset()).unwrap_or(0) + 1;
            self.taken_at = Instant::now();
        }
        Ok(())
    }

    fn remember(&mut self) {
        if self.ends.len() >= MAX_ENDS {
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

/// Whether the client recovers from an error of a partition's queue by itself.
fn passes(error: &KafkaError) -> bool {
    client::passes(error) || matches!(error, KafkaError::PartitionEOF(_))
}
