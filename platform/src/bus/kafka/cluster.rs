//! Asking the cluster what there is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;

use super::address::Address;
use super::client;
use super::topics::{Shape, TopicShape};
use crate::bus::BusError;

/// How long one attempt lasts before it is looked what the client says.
const ATTEMPT: Duration = Duration::from_secs(1);
/// How long a cluster may take to show itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// The cluster behind an address. Cheap to clone.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) address: Arc<Address>,
    client: Arc<BaseConsumer<LastWord>>,
}

impl Cluster {
    pub(super) fn new(address: Arc<Address>) -> Result<Self, BusError> {
        let client = client::settings(&address)
            .create_with_context(LastWord::default())
            .map_err(|error| BusError::Unavailable(Box::new(error)))?;
        Ok(Self { address, client: Arc::new(client) })
    }

    /// Brokers and topics.
    pub(super) async fn shape(&self) -> Result<Shape, BusError> {
        let cluster = self.clone();
        tokio::task::spawn_blocking(move || cluster.ask())
            .await
            .map_err(|failed| BusError::Unavailable(Box::new(failed)))?
    }

    fn ask(&self) -> Result<Shape, BusError> {
        let started = Instant::now();
        let patience = PATIENCE.min(self.address.request_timeout);
        loop {
            match self.client.fetch_metadata(None, ATTEMPT) {
                Ok(metadata) => return Ok(shape(&metadata)),
                Err(error) => {
                    // The client tells its reasons only while it is polled.
                    while self.client.poll(Duration::ZERO).is_some() {}
                    if started.elapsed() > patience {
                        let word = self.client.context().last();
                        return Err(BusError::Unreachable {
                            brokers: self.address.brokers.join(", "),
                            problem: word.unwrap_or_else(|| error.to_string()),
                        });
                    }
                }
            }
        }
    }
}

fn shape(metadata: &Metadata) -> Shape {
    let topic = |topic: &rdkafka::metadata::MetadataTopic| {
        let copies = topic.partitions().iter().map(|partition| partition.replicas().len()).min();
        let shape = TopicShape {
            partitions: u32::try_from(topic.partitions().len()).unwrap_or(0),
            copies: u32::try_from(copies.unwrap_or(0)).unwrap_or(0),
        };
        (topic.name().to_owned(), shape)
    };
    let there = metadata.topics().iter().filter(|topic| topic.error().is_none());
    Shape {
        brokers: u32::try_from(metadata.brokers().len()).unwrap_or(0),
        topics: there.map(topic).collect(),
    }
}

/// Keeps what the client said last of what went wrong.
#[derive(Default)]
struct LastWord(Mutex<Option<String>>);

impl LastWord {
    fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for LastWord {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
        // `FAIL` is why a connection came to nothing.
        if facility == "FAIL" {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(error = %error, reason, "Kafka's client reports");
    }
}

impl ConsumerContext for LastWord {}
