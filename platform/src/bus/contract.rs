//! The contract of the bus port. `bus_suite` makes a test of each promise.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use schemas::{StreamId, Topic};
use tokio::time::{Instant, timeout};

use super::{Bus, BusError, Consumer, Delivery, Partition, Positions, Record, Resume, Start, Subscription};
use crate::contract::{Broken, Checked, ensure};
use crate::contract_suite;

mod consuming;
mod inspecting;
mod publishing;
mod resuming;
mod waiting;

#[cfg(test)]
pub(crate) use publishing::publisher_suite;
pub use publishing::{PUBLISHER, Seen, TopicsUnderTest};

/// An empty bus, and a way to publish records on it.
#[async_trait]
pub trait BusUnderTest: Send + Sync {
    /// Publishes `count` more events of `stream` on its `topic`, one after another. Their versions continue the
    /// stream, from 1 on. When this returns, they are on the bus or will be soon. A backend appends them to the log
    /// of the topic's context. The bodies do not matter; the names should alternate between two, so that browsing by
    /// name can be tested.
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), Broken>;

    fn bus(&self) -> Arc<dyn Bus>;

    /// Whether it redelivers records without a reason, as only the test double does.
    fn redelivers(&self) -> bool {
        false
    }
}

contract_suite! { ($crate::bus::contract)
    /// The promises of a bus.
    BUS bus_suite BusUnderTest;
    consuming: a_group_gets_everything_on_its_topics_in_order_per_key, records_equal_what_was_published,
        a_record_is_delivered_once, a_batch_is_not_larger_than_requested, groups_do_not_affect_each_other;
    resuming: after_any_delivery_a_group_can_continue_with_exactly_the_rest,
        a_group_that_begins_at_the_head_gets_later_records_and_only_these,
        a_group_that_began_at_the_head_keeps_its_position_while_it_is_stopped,
        committed_positions_do_not_decide_where_a_group_continues;
    waiting: a_waiting_consumer_is_woken_by_a_new_record,
        a_wait_without_records_ends_with_an_empty_delivery, a_dropped_call_loses_nothing,
        a_wait_for_a_topic_to_grow_ends_when_the_topic_grows;
    inspecting: topics_are_counted_and_end_with_their_last_record,
        topics_reach_as_far_as_the_published_records,
        browsing_returns_a_topic_in_pages_each_record_once_and_in_order,
        browsing_finds_the_records_of_a_key_and_of_a_name,
        groups_and_browsing_return_the_same_records_at_the_same_offsets;
}
#[cfg(test)]
pub(crate) use bus_suite;

/// Published records arrive long before this, even on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// More deliveries than this mean that the bus never stops delivering.
const DELIVERIES: usize = 2_000;
/// The time in which nothing may arrive.
const QUIET: Duration = Duration::from_millis(150);

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
            bus.publish(topic, &stream, 2).await?;
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
