//! A member of a consumer group.
//!
//! Three parties share its partitions ([`assignment`]): the owner takes records; a thread of its own ([`driver`]) serves the
//! client, so that rebalances are answered while the owner is busy; and the client prefetches within its limits. Records wait
//! in the client's queues until the owner asks for them.
//!
//! Positions decide, not Kafka's offsets. They are read whenever partitions are assigned, and records at or below them are
//! skipped. So a rebalance may deliver a record late or twice, as the port allows, but loses none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::{BusError, Consumer, Delivery, Partition, Positions, Subscription};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use schemas::Topic;
use schemas::topics::partition_of;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::client::{self, unavailable};
use crate::{KafkaBus, spawn_thread};

mod assignment;
mod driver;
mod member;
mod start;
mod watchdog;

use assignment::Assignment;
use driver::Driver;
use member::Member;

/// The longest delay that a missed wake-up can cause.
const RECHECK: Duration = Duration::from_secs(1);
/// The records of a transaction become visible partition by partition. This long after the first, the others are visible.
const GATHERING: Duration = Duration::from_millis(2);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A member whose driver does not poll within this time is removed from its group.
const MAX_POLL: Duration = Duration::from_secs(60);
/// Prefetch limit per partition, in KiB. An event has about 1 KiB.
const PREFETCH: u32 = 1_024;

/// Joins the group of a subscription. `begins`: start positions of partitions without a stored position.
pub(crate) fn join(
    bus: &KafkaBus,
    subscription: Subscription,
    begins: Positions,
) -> Result<KafkaConsumer, BusError> {
    let address = &bus.address;
    let group = format!("{}{}", address.prefix, subscription.group);
    let instance =
        address.instance.as_ref().map(|name| Instance::take(&bus.instances, &format!("{name}.{group}")));
    let mut config = client::reading(address);
    config
        .set("group.id", &group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", address.session_timeout.as_millis().to_string())
        // A member learns of a rebalance from the answer to its next heartbeat.
        .set("heartbeat.interval.ms", HEARTBEAT.min(address.session_timeout / 4).as_millis().to_string())
        // The group waits this long for a member that is alive but does not rejoin, such as one that cannot read its positions.
        .set("max.poll.interval.ms", MAX_POLL.max(address.session_timeout * 3).as_millis().to_string())
        .set("statistics.interval.ms", watchdog::INTERVAL.as_millis().to_string())
        .set("queued.min.messages", "1000")
        // The pause once the prefetch limit is reached. The default of 1 s delays fast readers.
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", PREFETCH.to_string())
        .set("fetch.message.max.bytes", (PREFETCH * 512).to_string());
    // Every member has a name. A broker that was down for longer than a session lets a member return under its name at once; one
    // without a name would join beside the member that it was, and the group would wait until the session of that one ends.
    let name = instance.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |instance| instance.name.clone());
    config.set("group.instance.id", &name);
    let assignment = Arc::new(Assignment::default());
    let member = Member::new(address.prefix.clone(), Arc::clone(&assignment));
    let consumer: BaseConsumer<Member> = config.create_with_context(member).map_err(unavailable)?;
    let names: Vec<String> =
        subscription.topics.iter().map(|topic| format!("{}{topic}", address.prefix)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    consumer.subscribe(&names).map_err(unavailable)?;
    let driver = Driver {
        consumer: Arc::new(consumer),
        assignment: Arc::clone(&assignment),
        readers: bus.readers.clone(),
        prefix: address.prefix.clone(),
        group,
        own_name: name,
        resume: subscription.resume,
        begins,
        runtime: tokio::runtime::Handle::current(),
        drain: address.session_timeout / 2,
        patience: address.request_timeout,
        stalls: Arc::clone(&bus.stalls),
        instance,
    };
    spawn_thread("kafka-consumer", move || driver.run())
        .map_err(|error| BusError::Unavailable(Box::new(error)))?;
    Ok(KafkaConsumer { assignment, partitions: address.partitions })
}

/// The name of a static member, reserved while this exists.
struct Instance {
    name: String,
    all: Arc<Mutex<BTreeSet<String>>>,
}

impl Instance {
    /// Reserves the first free name of `name`, `name-2`, `name-3` …, so that a member that returns gets its name back.
    fn take(all: &Arc<Mutex<BTreeSet<String>>>, name: &str) -> Self {
        let mut used = all.lock();
        let mut free = name.to_owned();
        let mut number = 1;
        while used.contains(&free) {
            number += 1;
            free = format!("{name}-{number}");
        }
        used.insert(free.clone());
        Self { name: free, all: Arc::clone(all) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.all.lock().remove(&self.name);
    }
}

/// The owner's end of a member.
pub(crate) struct KafkaConsumer {
    assignment: Arc<Assignment>,
    partitions: u32,
}

#[async_trait]
impl Consumer for KafkaConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        // A caller that asks for more has finished the last delivery.
        self.assignment.done();
        let deadline = Instant::now() + patience;
        loop {
            let woken = self.assignment.woken();
            if let Some(delivery) = self.assignment.take(max.max(1))? {
                return Ok(delivery);
            }
            let until = deadline.min(Instant::now() + RECHECK);
            if timeout_at(until, woken).await.is_ok() {
                tokio::time::sleep(GATHERING).await;
            } else if Instant::now() >= deadline {
                return Ok(Delivery::default());
            }
        }
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        self.assignment.commit(positions);
        Ok(())
    }

    fn has(&self, topic: Topic, key: &str) -> bool {
        self.assignment.has(Partition { topic, number: partition_of(key, self.partitions) })
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        self.assignment.stop();
    }
}
