//! The thread that serves a member's client: it answers rebalances, commits, and watches over fetching.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use schemas::Topic;

use super::lanes::Lanes;
use super::member::{Change, Member};
use super::watchdog::Watchdog;
use super::{Instance, start};
use crate::bus::kafka::client;
use crate::bus::kafka::reader::{Readers, TICK, offset, signed, unsigned};
use crate::bus::{BusError, Partition, Positions, Resume};

/// Kafka hears of progress so often: it is for lag tools, and for finding offsets.
const COMMITS: Duration = Duration::from_secs(1);

pub(super) struct Driver {
    pub consumer: Arc<BaseConsumer<Member>>,
    pub lanes: Arc<Lanes>,
    pub readers: Readers,
    pub prefix: String,
    pub group: String,
    pub resume: Arc<dyn Resume>,
    /// Where partitions begin of which no position is known.
    pub begins: Positions,
    pub runtime: tokio::runtime::Handle,
    /// How long the owner may take to finish what is being taken away.
    pub drain: Duration,
    pub patience: Duration,
    pub stalls: Arc<AtomicU64>,
    pub instance: Option<Instance>,
}

/// A driver that ends before its owner leaves, however it does, fails the member: else the owner would wait for ever.
struct Ends(Arc<Lanes>);

impl Drop for Ends {
    fn drop(&mut self) {
        if !self.0.is_stopped() {
            self.0.fail("the thread that serves it has ended".to_owned());
        }
    }
}

impl Driver {
    /// Until the owner leaves or the member cannot go on.
    pub(super) fn run(self) {
        let _end = Ends(Arc::clone(&self.lanes));
        let mut watchdog = Watchdog::default();
        let mut committed = Instant::now();
        while !self.lanes.is_stopped() && !self.lanes.has_failed() {
            match self.consumer.poll(TICK) {
                None => {}
                // Records come through the queues of their partitions; whatever else comes belongs to what was taken away.
                Some(Ok(_)) => {}
                Some(Err(error)) => self.hear(&error),
            }
            for change in self.consumer.context().changes() {
                if let Err(error) = self.answer(&change) {
                    self.lanes.fail(chain(&error));
                    change.decline(&self.consumer);
                }
            }
            if committed.elapsed() >= COMMITS {
                self.commit();
                committed = Instant::now();
            }
            if let Some(fetched) = self.consumer.context().fetched() {
                let stalled = watchdog.look(&fetched, &self.lanes.places(), |places| self.ends(places));
                stalled.into_iter().for_each(|(partition, next)| self.restart(partition, next));
            }
        }
        self.leave();
    }

    /// Says good-bye, so that the others need not wait for a time-out.
    fn leave(self) {
        self.commit();
        self.consumer.context().leave();
        self.lanes.clear();
        self.lanes.wake();
        self.consumer.context().changes().iter().for_each(|change| change.decline(&self.consumer));
        // A static member keeps its partitions while it is away, so it says nothing.
        if self.instance.is_none() {
            self.unsubscribe();
        }
        drop(self.consumer);
    }

    /// A client that is closed in the middle of a rebalance does not say good-bye, and the group waits for it until its
    /// session ends. Unsubscribing waits for the rebalance first.
    fn unsubscribe(&self) {
        self.consumer.unsubscribe();
        let began = Instant::now();
        let subscribed = || self.consumer.subscription().is_ok_and(|list| list.count() > 0);
        while subscribed() && began.elapsed() < self.drain {
            if let Some(Err(error)) = self.consumer.poll(TICK) {
                tracing::debug!(%error, group = self.group, "while leaving");
            }
        }
    }

    fn hear(&self, error: &KafkaError) {
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
        self.lanes.fail(format!("the group {} cannot go on: {error}{advice}", self.group));
    }

    fn answer(&self, change: &Change) -> Result<(), BusError> {
        match change {
            Change::Given(list) => self.begin(list),
            Change::Taken(list) => self.end(list),
        }
    }

    /// Begins with partitions, each where its reader's work goes on now.
    fn begin(&self, list: &TopicPartitionList) -> Result<(), BusError> {
        let partitions = self.partitions(list);
        tracing::debug!(group = self.group, ?partitions, "partitions come");
        let known = self.positions()?;
        let starts = start::find(&self.readers, &self.consumer, &self.prefix, &partitions, |partition| {
            known.get(partition).or_else(|| self.begins.get(partition)).copied().unwrap_or(0)
        })?;
        let mut assigned = TopicPartitionList::new();
        for (partition, start) in starts {
            let name = self.name(partition.topic);
            // Before it is assigned: nothing can come through the common queue then.
            let queue = self.consumer.split_partition_queue(&name, signed(partition.number));
            let mut queue = queue
                .ok_or_else(|| BusError::Unavailable(format!("{name} has no queue for records").into()))?;
            let lanes = Arc::clone(&self.lanes);
            queue.set_nonempty_callback(move || lanes.wake());
            let tell = !known.contains_key(&partition) && self.begins.contains_key(&partition);
            self.lanes.add(partition, queue, start, tell);
            assigned
                .add_partition_offset(&name, signed(partition.number), offset(start.1))
                .map_err(client::unavailable)?;
        }
        self.consumer.incremental_assign(&assigned).map_err(client::unavailable)?;
        self.lanes.wake();
        Ok(())
    }

    /// Lets partitions go, once the owner is done with what it has of them, or has had its time.
    fn end(&self, list: &TopicPartitionList) -> Result<(), BusError> {
        let partitions: BTreeSet<Partition> = self.partitions(list).into_iter().collect();
        tracing::debug!(group = self.group, ?partitions, "partitions go");
        // Those that are lost have another reader already.
        let patience = if self.consumer.assignment_lost() { Duration::ZERO } else { self.drain };
        if !self.lanes.drain(&partitions, patience) {
            tracing::info!(
                group = self.group,
                "partitions go while their records are worked on; they will come again"
            );
        }
        self.commit();
        self.lanes.remove(&partitions);
        self.consumer.incremental_unassign(list).map_err(client::unavailable)
    }

    /// Asks where to go on: on the runtime, because that is where the answer's store lives.
    fn positions(&self) -> Result<Positions, BusError> {
        let (answer, answered) = mpsc::sync_channel(1);
        let resume = Arc::clone(&self.resume);
        let asking = self.runtime.spawn(async move {
            // Nobody waits for it any more when the member has left.
            drop(answer.send(resume.positions().await));
        });
        let positions = loop {
            match answered.recv_timeout(TICK) {
                Ok(positions) => break positions,
                Err(mpsc::RecvTimeoutError::Timeout) if !self.lanes.is_stopped() => {}
                Err(_) => break Err(BusError::Unavailable("the positions were not answered".into())),
            }
        };
        asking.abort();
        positions
    }

    fn commit(&self) {
        let ready = self.lanes.to_commit();
        if ready.is_empty() {
            return;
        }
        let committing = start::commitment(&self.prefix, &ready)
            .and_then(|list| self.consumer.commit(&list, CommitMode::Async));
        if let Err(error) = committing {
            tracing::info!(%error, group = self.group, "Kafka did not take a group's offsets");
        }
    }

    /// The ends of partitions, for the watchdog; none when the cluster does not answer, which is no stall.
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
                tracing::debug!(error = chain(&error), "the ends of partitions are not known");
                Vec::new()
            }
        }
    }

    fn restart(&self, partition: Partition, next: u64) {
        self.stalls.fetch_add(1, Ordering::Relaxed);
        let Partition { topic, number } = partition;
        tracing::error!(%topic, number, offset = next, group = self.group, "nothing comes from a partition that holds more: it is fetched anew");
        let (name, number) = (self.name(topic), signed(number));
        let mut list = TopicPartitionList::new();
        list.add_partition(&name, number);
        let anew = self
            .consumer
            .pause(&list)
            .and_then(|()| self.consumer.seek(&name, number, offset(next), self.patience))
            .and_then(|()| self.consumer.resume(&list));
        if let Err(error) = anew {
            self.lanes.fail(format!("{topic} cannot be fetched anew: {error}"));
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

/// An error with its reasons.
fn chain(error: &BusError) -> String {
    let mut text = error.to_string();
    let mut reason = std::error::Error::source(error);
    while let Some(cause) = reason {
        text.push_str(&format!(": {cause}"));
        reason = cause.source();
    }
    text
}
