//! The thread that serves a member's client: it answers rebalances, commits, and restarts stalled fetches.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use platform::bus::{BusError, Partition, Positions, Resume};
use platform::error::Chain;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use schemas::Topic;

use super::assignment::Assignment;
use super::member::{Member, Rebalance};
use super::watchdog::Watchdog;
use super::{Instance, start};
use crate::client;
use crate::reader::{Readers, TICK, offset, signed, unsigned};

/// Interval of commits to Kafka. They serve lag tools, and the lookup of offsets.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// How long a member that leaves serves its client before it asks again whether it has left.
const LEAVING: Duration = Duration::from_millis(10);
/// How long it waits for the answer.
const ASKING: Duration = Duration::from_secs(1);

pub(super) struct Driver {
    pub consumer: Arc<BaseConsumer<Member>>,
    pub assignment: Arc<Assignment>,
    pub readers: Readers,
    pub prefix: String,
    pub group: String,
    /// The member's name, unique in the group.
    pub own_name: String,
    pub resume: Arc<dyn Resume>,
    /// Start positions of partitions without a stored position.
    pub begins: Positions,
    pub runtime: tokio::runtime::Handle,
    /// How long the owner may take to finish records of partitions that are being revoked.
    pub drain: Duration,
    pub patience: Duration,
    pub stalls: Arc<AtomicU64>,
    pub instance: Option<Instance>,
}

/// Fails the member if the driver ends, even by a panic, before its owner leaves. The owner would wait for ever otherwise.
struct FailOnExit(Arc<Assignment>);

impl Drop for FailOnExit {
    fn drop(&mut self) {
        if !self.0.is_stopped() {
            self.0.fail("the thread that serves it has ended".to_owned());
        }
    }
}

impl Driver {
    /// Runs until the owner leaves or the member cannot continue.
    pub(super) fn run(self) {
        let _fail = FailOnExit(Arc::clone(&self.assignment));
        let mut watchdog = Watchdog::default();
        let mut committed = Instant::now();
        while !self.assignment.is_stopped() && !self.assignment.has_failed() {
            match self.consumer.poll(TICK) {
                None => {}
                // Records arrive in the queues of their partitions. A record here belongs to a revoked partition.
                Some(Ok(_)) => {}
                Some(Err(error)) => self.on_error(&error),
            }
            for rebalance in self.consumer.context().rebalances() {
                if let Err(error) = self.answer(&rebalance) {
                    self.assignment.fail(Chain(&error).to_string());
                    rebalance.decline(&self.consumer);
                }
            }
            if committed.elapsed() >= COMMIT_INTERVAL {
                self.commit();
                committed = Instant::now();
            }
            if let Some(fetched) = self.consumer.context().fetched() {
                let stalled =
                    watchdog.check(&fetched, &self.assignment.cursors(), |partitions| self.ends(partitions));
                stalled.into_iter().for_each(|(partition, next)| self.restart(partition, next));
            }
        }
        self.leave();
    }

    /// Leaves the group explicitly, so that the other members need not wait for the session to time out.
    fn leave(self) {
        self.commit();
        self.consumer.context().leave();
        self.assignment.clear();
        self.assignment.wake();
        self.consumer.context().rebalances().iter().for_each(|rebalance| rebalance.decline(&self.consumer));
        // A member whose name is stable keeps its partitions while it is away, so it does not unsubscribe.
        if self.instance.is_none() {
            self.unsubscribe();
        }
        drop(self.consumer);
    }

    /// A named member leaves only if it has unsubscribed and given back its partitions before it is closed. Otherwise the group waits
    /// until its session times out.
    fn unsubscribe(&self) {
        self.consumer.unsubscribe();
        let began = Instant::now();
        let subscribed = || self.consumer.subscription().is_ok_and(|list| list.count() > 0);
        while (subscribed() || self.is_member()) && began.elapsed() < self.drain {
            if let Some(Err(error)) = self.consumer.poll(LEAVING) {
                tracing::debug!(%error, group = self.group, "error while leaving the group");
            }
        }
    }

    /// Whether the group has this member. The client does not say when it has left.
    fn is_member(&self) -> bool {
        match self.consumer.fetch_group_list(Some(&self.group), ASKING) {
            // The coordinator makes ids of members from their names.
            Ok(list) => list
                .groups()
                .iter()
                .flat_map(|group| group.members())
                .any(|member| member.id().starts_with(&self.own_name)),
            Err(error) => {
                tracing::debug!(%error, group = self.group, "cannot ask whether a member has left");
                false
            }
        }
    }

    fn on_error(&self, error: &KafkaError) {
        if client::passes(error) || matches!(error, KafkaError::PartitionEOF(_)) {
            tracing::debug!(%error, group = self.group, "waiting for Kafka");
            return;
        }
        let advice = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::UnknownTopicOrPartition) => "; chorale migrate makes the topics",
            Some(RDKafkaErrorCode::Fenced | RDKafkaErrorCode::FencedInstanceId) => {
                "; another process has the same CHORALE_INSTANCE"
            }
            _ => "",
        };
        self.assignment.fail(format!("the group {} cannot continue: {error}{advice}", self.group));
    }

    fn answer(&self, rebalance: &Rebalance) -> Result<(), BusError> {
        match rebalance {
            Rebalance::Assigned(list) => self.begin(list),
            Rebalance::Revoked(list) => self.end(list),
        }
    }

    /// Starts partitions, each at its stored position.
    fn begin(&self, list: &TopicPartitionList) -> Result<(), BusError> {
        let partitions = self.partitions(list);
        tracing::debug!(group = self.group, ?partitions, "partitions assigned");
        let known = self.positions()?;
        let starts = start::find(&self.readers, &self.consumer, &self.prefix, &partitions, |partition| {
            known.get(partition).or_else(|| self.begins.get(partition)).copied().unwrap_or(0)
        })?;
        let mut assigned = TopicPartitionList::new();
        for (partition, start) in starts {
            let name = self.name(partition.topic);
            // Split before the assignment, so that no record arrives in the common queue.
            let queue = self.consumer.split_partition_queue(&name, signed(partition.number));
            let mut queue = queue
                .ok_or_else(|| BusError::Unavailable(format!("{name} has no queue for records").into()))?;
            let assignment = Arc::clone(&self.assignment);
            queue.set_nonempty_callback(move || assignment.wake());
            let announce = !known.contains_key(&partition) && self.begins.contains_key(&partition);
            self.assignment.add(partition, queue, start, announce);
            assigned
                .add_partition_offset(&name, signed(partition.number), offset(start.1))
                .map_err(client::unavailable)?;
        }
        self.consumer.incremental_assign(&assigned).map_err(client::unavailable)?;
        self.assignment.wake();
        Ok(())
    }

    /// Releases partitions once the owner has finished their records, or its time is over.
    fn end(&self, list: &TopicPartitionList) -> Result<(), BusError> {
        let partitions: BTreeSet<Partition> = self.partitions(list).into_iter().collect();
        tracing::debug!(group = self.group, ?partitions, "partitions revoked");
        // Lost partitions already have another reader.
        let patience = if self.consumer.assignment_lost() { Duration::ZERO } else { self.drain };
        if !self.assignment.drain(&partitions, patience) {
            tracing::info!(
                group = self.group,
                "partitions revoked while their records are being processed; they will be redelivered"
            );
        }
        self.commit();
        self.assignment.remove(&partitions);
        self.consumer.incremental_unassign(list).map_err(client::unavailable)
    }

    /// Reads the stored positions, on the runtime that their store uses.
    fn positions(&self) -> Result<Positions, BusError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let resume = Arc::clone(&self.resume);
        let asking = self.runtime.spawn(async move {
            // The receiver is gone if the member has left.
            drop(answer.send(resume.positions().await));
        });
        let positions = loop {
            match answered.recv_timeout(TICK) {
                Ok(positions) => break positions,
                Err(mpsc::RecvTimeoutError::Timeout) if !self.assignment.is_stopped() => {}
                Err(_) => break Err(BusError::Unavailable("the positions were not answered".into())),
            }
        };
        asking.abort();
        positions
    }

    fn commit(&self) {
        let ready = self.assignment.to_commit();
        if ready.is_empty() {
            return;
        }
        let committing = start::commitment(&self.prefix, &ready)
            .and_then(|list| self.consumer.commit(&list, CommitMode::Async));
        if let Err(error) = committing {
            tracing::info!(%error, group = self.group, "could not commit the group's offsets");
        }
    }

    /// The ends of partitions, for the watchdog. Empty if the cluster does not answer, because that is not a stall.
    fn ends(&self, partitions: &[Partition]) -> Vec<(Partition, u64)> {
        let places: Vec<(String, u32)> =
            partitions.iter().map(|partition| (self.name(partition.topic), partition.number)).collect();
        let ends =
            self.readers.read_here(Arc::default(), |reader| reader.offsets(&places, rdkafka::Offset::End));
        match ends {
            Ok(ends) => partitions
                .iter()
                .zip(places)
                .filter_map(|(partition, place)| Some((*partition, *ends.get(&place)?)))
                .collect(),
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "could not read the ends of partitions");
                Vec::new()
            }
        }
    }

    fn restart(&self, partition: Partition, next: u64) {
        self.stalls.fetch_add(1, Ordering::Relaxed);
        let Partition { topic, number } = partition;
        tracing::error!(%topic, number, offset = next, group = self.group, "partition stalled with records remaining; restarting fetch");
        let (name, number) = (self.name(topic), signed(number));
        let mut list = TopicPartitionList::new();
        list.add_partition(&name, number);
        let restarted = self
            .consumer
            .pause(&list)
            .and_then(|()| self.consumer.seek(&name, number, offset(next), self.patience))
            .and_then(|()| self.consumer.resume(&list));
        if let Err(error) = restarted {
            self.assignment.fail(format!("the fetch of {topic} could not be restarted: {error}"));
        }
    }

    fn name(&self, topic: Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    fn partitions(&self, list: &TopicPartitionList) -> Vec<Partition> {
        let ours = |name: &str| name.strip_prefix(&self.prefix)?.parse::<Topic>().ok();
        let elements = list.elements();
        elements
            .iter()
            .filter_map(|element| {
                Some(Partition { topic: ours(element.topic())?, number: unsigned(element.partition()) })
            })
            .collect()
    }
}
