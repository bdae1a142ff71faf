//! Kafka as the bus (`kafka://`): the relays write each context's topics in transactions, everybody else reads what is
//! committed. A record's place is its log position, as on every bus; Kafka's offsets are only found from it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use schemas::topics::partition_of;
use schemas::{Context, Topic};

use super::{
    Browse, Bus, BusError, Consumer, Partition, Positions, Reach, Record, Start, Subscription, TopicInfo,
};

pub mod address;
mod client;
mod cluster;
mod codec;
mod consumer;
mod hints;
mod looking;
mod publisher;
mod reader;
#[cfg(any(test, feature = "contract"))]
pub mod scratch;
mod topics;

pub use address::Address;
pub use publisher::KafkaPublisher;

use cluster::Cluster;
use looking::Looking;
use reader::Readers;

/// The partition of a context's mark.
fn relay_partition(context: Context) -> u32 {
    context.relay_partition()
}

/// The bus on a Kafka cluster. Cheap to clone.
#[derive(Clone)]
pub struct KafkaBus {
    address: Arc<Address>,
    cluster: Cluster,
    readers: Readers,
    looking: Looking,
    stalls: Arc<AtomicU64>,
    /// Names of static members in use by this process, per group.
    instances: Arc<Mutex<BTreeSet<String>>>,
}

impl KafkaBus {
    /// Connects to the cluster at `url` ([`Address`]), with user, password and instance from the environment where the
    /// address does not name them.
    pub async fn connect(url: &str) -> Result<Self, BusError> {
        Self::at(Address::of_environment(url)?).await
    }

    /// Connects to the cluster at an address.
    pub async fn at(address: Address) -> Result<Self, BusError> {
        let address = Arc::new(address);
        let cluster = Cluster::new(Arc::clone(&address))?;
        cluster.shape().await?;
        let readers = Readers::new(Arc::clone(&address));
        let looking = Looking::new(Arc::clone(&address), readers.clone());
        let (stalls, instances) = (Arc::default(), Arc::default());
        Ok(Self { address, cluster, readers, looking, stalls, instances })
    }

    /// What it was connected with.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Makes the topics of these names (without prefix) that are missing, and checks the others: partitions, retention,
    /// clean-up, copies in sync. One that differs is refused with [`BusError::Topic`], which says what to do.
    pub async fn ensure_topics(&self, names: &[&str]) -> Result<(), BusError> {
        topics::ensure(&self.address, &self.cluster, names).await
    }

    /// The partition of a key in any topic of the shop.
    pub fn partition_of(&self, key: &str) -> u32 {
        partition_of(key, self.address.partitions)
    }

    /// A publisher of a context's topics. It connects when it takes over.
    pub fn publisher(&self, context: Context) -> KafkaPublisher {
        KafkaPublisher::new(Arc::clone(&self.address), self.readers.clone(), context)
    }

    /// The values of all records of a topic that holds no events (name without prefix): all of them in memory.
    pub async fn values(&self, name: &str) -> Result<Vec<String>, BusError> {
        self.looking.values(name).await
    }

    /// How often fetching of a partition had to be started anew because nothing came although there was something.
    pub fn stalls(&self) -> u64 {
        self.stalls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Bus for KafkaBus {
    /// Joins a group of Kafka's. Every member reads its partitions from where [`Resume`](super::Resume) says at the moment
    /// of getting them. Kafka's own offsets of the group follow for lag tools, and as hints.
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let begins = match subscription.start {
            Start::Beginning => Positions::new(),
            Start::Head => heads(self.ends(&subscription.topics).await?),
        };
        Ok(Box::new(consumer::join(self, subscription, begins)?))
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        self.looking.topics(topics).await
    }

    async fn ends(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        self.looking.ends(topics).await
    }

    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        self.looking.reach(contexts).await
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        self.looking.browse(topic, browse).await
    }

    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        self.looking.grown(topic, after, patience).await
    }
}

fn heads(ends: BTreeMap<Topic, BTreeMap<u32, u64>>) -> Positions {
    let of = |(topic, ends): (Topic, BTreeMap<u32, u64>)| {
        ends.into_iter().map(move |(number, end)| (Partition { topic, number }, end))
    };
    ends.into_iter().flat_map(of).collect()
}

/// Does something that waits on a thread of its own.
fn aside(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
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
