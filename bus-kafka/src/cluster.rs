//! Metadata of the cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use platform::bus::BusError;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;

use crate::address::Address;
use crate::client;
use crate::topics::{ClusterMetadata, TopicMetadata};

/// How long one attempt lasts before the client is polled for the reason of a failure.
const ATTEMPT: Duration = Duration::from_secs(1);
/// How long a cluster may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(10);

/// The cluster behind an address. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) address: Arc<Address>,
    client: Arc<BaseConsumer<LastFailure>>,
}

impl Cluster {
    pub(crate) fn new(address: Arc<Address>) -> Result<Self, BusError> {
        let client = client::settings(&address)
            .create_with_context(LastFailure::default())
            .map_err(|error| BusError::Unavailable(Box::new(error)))?;
        Ok(Self { address, client: Arc::new(client) })
    }

    pub(crate) async fn metadata(&self) -> Result<ClusterMetadata, BusError> {
        let cluster = self.clone();
        tokio::task::spawn_blocking(move || cluster.ask())
            .await
            .map_err(|failed| BusError::Unavailable(Box::new(failed)))?
    }

    fn ask(&self) -> Result<ClusterMetadata, BusError> {
        let started = Instant::now();
        let patience = PATIENCE.min(self.address.request_timeout);
        loop {
            match self.client.fetch_metadata(None, ATTEMPT) {
                Ok(metadata) => return Ok(convert(&metadata)),
                Err(error) => {
                    // The client reports reasons only while it is polled.
                    while self.client.poll(Duration::ZERO).is_some() {}
                    if started.elapsed() > patience {
                        let reason = self.client.context().last();
                        return Err(BusError::Unreachable {
                            brokers: self.address.brokers.join(", "),
                            problem: reason.unwrap_or_else(|| error.to_string()),
                        });
                    }
                }
            }
        }
    }
}

fn convert(metadata: &Metadata) -> ClusterMetadata {
    let topic = |topic: &rdkafka::metadata::MetadataTopic| {
        let copies = topic.partitions().iter().map(|partition| partition.replicas().len()).min();
        let found = TopicMetadata {
            partitions: u32::try_from(topic.partitions().len()).unwrap_or(0),
            copies: u32::try_from(copies.unwrap_or(0)).unwrap_or(0),
        };
        (topic.name().to_owned(), found)
    };
    let there = metadata.topics().iter().filter(|topic| topic.error().is_none());
    ClusterMetadata {
        brokers: u32::try_from(metadata.brokers().len()).unwrap_or(0),
        topics: there.map(topic).collect(),
    }
}

/// Keeps the client's latest connection failure.
#[derive(Default)]
struct LastFailure(Mutex<Option<String>>);

impl LastFailure {
    fn last(&self) -> Option<String> {
        self.0.lock().clone()
    }
}

impl ClientContext for LastFailure {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
        // `FAIL` carries the reason of a failed connection.
        if facility == "FAIL" {
            *self.0.lock() = Some(message.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(error = %error, reason, "Kafka client error");
    }
}

impl ConsumerContext for LastFailure {}
