//! Kafka as the bus (`kafka://`): the adapter behind [`platform::bus`].
//!
//! The relays write each context's topics in transactions; all others read committed records. A record is addressed by its
//! log position, as on every bus. Kafka's offsets are internal: they are looked up from positions.
//!
//! Only `chorale` and tests depend on this crate.

#![warn(unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::publisher::{Publisher, RelayedTopics};
use platform::bus::{
    Browse, Bus, BusError, Consumer, Partition, Positions, Reach, Record, Start, Subscription, TopicInfo,
};
use schemas::topics::partition_of;
use schemas::{Context, Topic};

mod address;
mod client;
mod cluster;
mod codec;
mod consumer;
mod inspect;
mod offset_index;
mod publisher;
mod reader;
#[cfg(any(test, feature = "test-support"))]
pub mod scratch;
mod topics;

pub use address::{Address, ContentMode, InvalidAddress, Login, Tls};
pub use publisher::KafkaPublisher;

use cluster::Cluster;
use inspect::Inspector;
use reader::Readers;

/// The partition of the relay topic that holds a context's mark.
fn relay_partition(context: Context) -> u32 {
    context.relay_partition()
}

/// The bus on a Kafka cluster. Cheap to clone.
#[derive(Clone)]
pub struct KafkaBus {
    address: Arc<Address>,
    cluster: Cluster,
    readers: Readers,
    inspector: Inspector,
    stalls: Arc<AtomicU64>,
    /// Names of static members that this process uses, each with its group.
    instances: Arc<Mutex<BTreeSet<String>>>,
}

impl KafkaBus {
    /// Connects to the cluster at `url` ([`Address`]). User, password and instance come from the environment if the address
    /// does not name them.
    pub async fn connect(url: &str) -> Result<Self, BusError> {
        Self::at(Address::of_environment(url)?).await
    }

    /// Connects to the cluster at an address.
    pub async fn at(address: Address) -> Result<Self, BusError> {
        let address = Arc::new(address);
        let cluster = Cluster::new(Arc::clone(&address))?;
        cluster.metadata().await?;
        let readers = Readers::new(Arc::clone(&address));
        let inspector = Inspector::new(Arc::clone(&address), readers.clone());
        let (stalls, instances) = (Arc::default(), Arc::default());
        Ok(Self { address, cluster, readers, inspector, stalls, instances })
    }

    /// The address it was connected with.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Creates the topics of these names (without prefix) that are missing, and checks the others: partitions, retention,
    /// clean-up policy, in-sync replicas. Fails with [`BusError::Topic`], which says what to do, if one differs.
    pub async fn ensure_topics(&self, names: &[&str]) -> Result<(), BusError> {
        topics::ensure(&self.address, &self.cluster, names).await
    }

    /// A publisher of a context's topics. It connects in `take_over`.
    pub fn publisher(&self, context: Context) -> KafkaPublisher {
        KafkaPublisher::new(Arc::clone(&self.address), self.readers.clone(), context)
    }

    /// How often the fetch of a partition was restarted because it stalled with records remaining.
    pub fn stalls(&self) -> u64 {
        self.stalls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Bus for KafkaBus {
    /// Joins a consumer group. A member that is assigned a partition asks [`Resume`](platform::bus::Resume) for its position
    /// then. Kafka's committed offsets follow, for lag tools and to find positions quickly.
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let begins = match subscription.start {
            Start::Beginning => Positions::new(),
            Start::Head => heads(self.ends(&subscription.topics).await?),
        };
        Ok(Box::new(consumer::join(self, subscription, begins)?))
    }

    fn partition_of(&self, key: &str) -> u32 {
        partition_of(key, self.address.partitions)
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        self.inspector.topics(topics).await
    }

    async fn ends(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        self.inspector.ends(topics).await
    }

    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        self.inspector.reach(contexts).await
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        self.inspector.browse(topic, browse).await
    }

    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        self.inspector.grown(topic, after, patience).await
    }
}

#[async_trait]
impl RelayedTopics for KafkaBus {
    async fn ensure(&self, names: &[&str]) -> Result<(), BusError> {
        self.ensure_topics(names).await
    }

    fn partitions(&self) -> u32 {
        self.address.partitions
    }

    fn publisher(&self, context: Context) -> Box<dyn Publisher> {
        Box::new(Self::publisher(self, context))
    }

    async fn values(&self, name: &str) -> Result<Vec<String>, BusError> {
        self.inspector.values(name).await
    }
}

fn heads(ends: BTreeMap<Topic, BTreeMap<u32, u64>>) -> Positions {
    let of = |(topic, ends): (Topic, BTreeMap<u32, u64>)| {
        ends.into_iter().map(move |(number, end)| (Partition { topic, number }, end))
    };
    ends.into_iter().flat_map(of).collect()
}

/// Runs blocking work on a thread of its own.
fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_relay_waits_for_the_transaction_of_another() {
        let partitions: BTreeSet<u32> = Context::ALL.into_iter().map(relay_partition).collect();
        assert_eq!(partitions.len(), Context::ALL.len());
        assert_eq!(relay_partition(Context::Ordering), 14, "it can never be changed");
    }
}
