//! A member of a group.
//!
//! Three parties share its partitions ([`lanes`]): the owner, who takes records out; a thread of its own
//! ([`driver`]), which serves the client, so that rebalances are answered however busy the owner is; and the client, which
//! fetches ahead as much as its limits allow and no more. Records wait in the client's queues until the owner asks.
//!
//! Positions decide, not Kafka's offsets: they are asked for whenever partitions come, and every record at or below is left
//! out. So a late or doubled delivery across a rebalance is as harmless as the port says, and none is lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use schemas::Topic;
use schemas::topics::partition_of;
use tokio::time::{Instant, timeout_at};

use super::client::{self, unavailable};
use super::{KafkaBus, aside};
use crate::bus::{BusError, Consumer, Delivery, Partition, Positions, Subscription};

mod driver;
mod lanes;
mod member;
mod start;
mod watchdog;

use driver::Driver;
use lanes::Lanes;
use member::Member;

/// A wake-up that was missed costs no more than this.
const LOOK: Duration = Duration::from_secs(1);
/// A transaction's records appear partition by partition: so long after the first of them the others are there, too.
const GATHERING: Duration = Duration::from_millis(2);
/// How often a member shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A member whose driver does not come back within this has to begin anew.
const HANGS: Duration = Duration::from_secs(60);
/// What the client may hold for one partition, in KiB; an event has about one.
const AHEAD: u32 = 1_024;

/// Joins.
pub(super) fn join(
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
        // A member hears of a rebalance with the answer to its next heartbeat.
        .set("heartbeat.interval.ms", HEARTBEAT.min(address.session_timeout / 4).as_millis().to_string())
        // The group waits so long for a member that lives and does not answer, such as one that cannot learn its positions.
        .set("max.poll.interval.ms", HANGS.max(address.session_timeout * 3).as_millis().to_string())
        .set("statistics.interval.ms", watchdog::INTERVAL.as_millis().to_string())
        .set("queued.min.messages", "1000")
        // How long fetching rests when enough is there: the default of a second is felt by whoever reads fast.
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", AHEAD.to_string())
        .set("fetch.message.max.bytes", (AHEAD * 512).to_string());
    if let Some(instance) = &instance {
        config.set("group.instance.id", &instance.name);
    }
    let lanes = Arc::new(Lanes::default());
    let member = Member::new(address.prefix.clone(), Arc::clone(&lanes));
    let consumer: BaseConsumer<Member> = config.create_with_context(member).map_err(unavailable)?;
    let names: Vec<String> =
        subscription.topics.iter().map(|topic| format!("{}{topic}", address.prefix)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    consumer.subscribe(&names).map_err(unavailable)?;
    let driver = Driver {
        consumer: Arc::new(consumer),
        lanes: Arc::clone(&lanes),
        readers: bus.readers.clone(),
        prefix: address.prefix.clone(),
        group,
        resume: subscription.resume,
        begins,
        runtime: tokio::runtime::Handle::current(),
        drain: address.session_timeout / 2,
        patience: address.request_timeout,
        stalls: Arc::clone(&bus.stalls),
        instance,
    };
    aside("kafka-consumer", move || driver.run()).map_err(|error| BusError::Unavailable(Box::new(error)))?;
    Ok(KafkaConsumer { lanes, partitions: address.partitions })
}

/// The name of a static member while it is used.
struct Instance {
    name: String,
    all: Arc<Mutex<BTreeSet<String>>>,
}

impl Instance {
    /// The first of `name`, `name-2`, `name-3` … that is free, so that a member that comes back finds its name.
    fn take(all: &Arc<Mutex<BTreeSet<String>>>, name: &str) -> Self {
        let mut used = all.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// The owner's end of a member.
pub(super) struct KafkaConsumer {
    lanes: Arc<Lanes>,
    partitions: u32,
}

#[async_trait]
impl Consumer for KafkaConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        // Who asks for more is done with what was given before.
        self.lanes.done();
        let deadline = Instant::now() + patience;
        loop {
            let woken = self.lanes.woken();
            if let Some(delivery) = self.lanes.take(max.max(1))? {
                return Ok(delivery);
            }
            let look = deadline.min(Instant::now() + LOOK);
            if timeout_at(look, woken).await.is_ok() {
                tokio::time::sleep(GATHERING).await;
            } else if Instant::now() >= deadline {
                return Ok(Delivery::default());
            }
        }
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        self.lanes.commit(positions);
        Ok(())
    }

    fn has(&self, topic: Topic, key: &str) -> bool {
        self.lanes.has(Partition { topic, number: partition_of(key, self.partitions) })
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        self.lanes.stop();
    }
}
