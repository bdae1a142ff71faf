//! Publishes for the relay: a transactional producer per context.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::bus::BusError;
use platform::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, Message};
use schemas::cloudevents::{SPECVERSION, STRUCTURED};
use schemas::topics::RELAY_TOPIC;
use schemas::{Context, Topic};

use crate::address::{Address, ContentMode};
use crate::codec::structured;
use crate::reader::{Reader, Readers, signed};
use crate::{client, codec, relay_partition};

/// Interval of polls for deliveries. The client's own `flush` polls in steps of 100 ms and does not return earlier.
const POLL: Duration = Duration::from_millis(1);
/// Pause after a transaction. The coordinator needs a moment to end it on all partitions. It rejects a transaction that begins
/// earlier, and the client retries only after 20 ms. A pause here, not before the next transaction, lets the next one carry
/// events that are recorded during the pause.
const REST: Duration = Duration::from_millis(5);

/// Publishes one context's topics to Kafka.
pub struct KafkaPublisher {
    address: Arc<Address>,
    readers: Readers,
    context: Context,
    producer: Option<Arc<Transactions>>,
}

impl KafkaPublisher {
    pub(crate) fn new(address: Arc<Address>, readers: Readers, context: Context) -> Self {
        Self { address, readers, context, producer: None }
    }

    /// Takes over, sends everything and stops before the commit, as a killed process does.
    #[cfg(any(test, feature = "test-support"))]
    pub async fn crash(mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError> {
        self.take_over().await?;
        let producer = self.producer.take().ok_or_else(not_taken_over)?;
        let messages = self.messages(records, mark)?;
        blocking(move || {
            producer.begin(&messages)?;
            producer.0.flush(Duration::from_secs(30)).map_err(problem)
        })
        .await
    }

    /// The records and the mark, with the topic names of the bus and in its content mode.
    fn messages(&self, records: &[Outgoing], mark: &Mark) -> Result<Vec<Outgoing>, PublishError> {
        if mark.context != self.context {
            return Err(PublishError::Rejected(format!("a mark of {} by {}", mark.context, self.context)));
        }
        let payload = serde_json::to_string(mark)
            .map_err(|error| PublishError::Rejected(format!("the mark cannot be written: {error}")))?;
        let mark = Outgoing {
            topic: RELAY_TOPIC.to_owned(),
            partition: relay_partition(self.context),
            key: self.context.name().to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            payload: payload.into(),
            time: mark.as_of,
        };
        records.iter().chain([&mark]).map(|record| self.message(record)).collect()
    }

    fn message(&self, record: &Outgoing) -> Result<Outgoing, PublishError> {
        let topic = format!("{}{}", self.address.prefix, record.topic);
        let is_event = record.headers.iter().any(|(name, _)| *name == SPECVERSION);
        if self.address.content_mode == ContentMode::Binary || !is_event {
            return Ok(Outgoing { topic, ..record.clone() });
        }
        let event = structured::encode(&record.headers, &record.payload).map_err(|error| {
            let key = &record.key;
            PublishError::Rejected(format!("the payload of an event of {key} is no JSON value ({error})"))
        })?;
        let headers = vec![("content-type", STRUCTURED.to_owned())];
        Ok(Outgoing { topic, headers, payload: event.into(), ..record.clone() })
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    async fn take_over(&mut self) -> Result<Option<Mark>, PublishError> {
        let (address, context) = (Arc::clone(&self.address), self.context);
        let producer = blocking(move || Transactions::connect(&address, context)).await?;
        self.producer = Some(Arc::new(producer));
        let topic = format!("{}{RELAY_TOPIC}", self.address.prefix);
        let number = relay_partition(self.context);
        let address = Arc::clone(&self.address);
        let looking = self.readers.read(move |reader| {
            let bounds = reader.bounds(&topic, &[number])?;
            let parts: Vec<_> = bounds.into_iter().map(|bounds| (number, bounds)).collect();
            let last = reader.last(&topic, &parts, |message| Ok(message.payload().map(<[u8]>::to_vec)))?;
            Ok((last.into_values().next(), last_position(reader, &address, context)?))
        });
        let (last, end) = looking.await.map_err(|error| PublishError::Unavailable(Box::new(error)))?;
        let mark =
            last.map(|payload| serde_json::from_slice::<Mark>(&payload.unwrap_or_default())).transpose();
        let mark =
            mark.map_err(|error| PublishError::Rejected(format!("the last mark cannot be read: {error}")))?;
        let position = mark.as_ref().map_or(0, |mark| mark.position);
        if end > position {
            // A mark is in the transaction of its records. Continuing from an older one would publish records again.
            let problem = format!(
                "the last mark of {context} is at position {position}, but its topics end at {end}: looking again"
            );
            return Err(PublishError::Unavailable(problem.into()));
        }
        Ok(mark)
    }

    async fn publish(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError> {
        let producer = self.producer.clone().ok_or_else(not_taken_over)?;
        let messages = self.messages(records, mark)?;
        let patience = self.address.request_timeout;
        blocking(move || producer.publish(&messages, patience)).await?;
        tokio::time::sleep(REST).await;
        Ok(())
    }
}

impl Drop for KafkaPublisher {
    fn drop(&mut self) {
        // Dropping the client waits for its threads.
        if let Some(producer) = self.producer.take()
            && let Err(error) = crate::spawn_thread("kafka-publisher-end", move || drop(producer))
        {
            tracing::warn!(%error, "could not start the thread that closes a publisher");
        }
    }
}

/// The highest position on the topics of a context. Last records that are not from a relay count as 0.
fn last_position(reader: &Reader, address: &Address, context: Context) -> Result<u64, BusError> {
    let numbers: Vec<u32> = (0..address.partitions).collect();
    let mut highest = 0;
    for topic in Topic::ALL.into_iter().filter(|topic| topic.context() == context) {
        let name = format!("{}{topic}", address.prefix);
        let ranges: Vec<_> = numbers.iter().copied().zip(reader.bounds(&name, &numbers)?).collect();
        let found =
            reader.last(&name, &ranges, |message| Ok(codec::position(topic, message).unwrap_or(0)))?;
        highest = found.into_values().fold(highest, u64::max);
    }
    Ok(highest)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PublishError> + Send + 'static,
) -> Result<T, PublishError> {
    tokio::task::spawn_blocking(work).await.map_err(|failed| PublishError::Unavailable(Box::new(failed)))?
}

fn not_taken_over() -> PublishError {
    PublishError::Rejected("a publisher that did not take over".to_owned())
}

struct Transactions(BaseProducer<Deliveries>);

impl Transactions {
    /// Connects, fences earlier producers of the context, and ends their open transactions.
    fn connect(address: &Address, context: Context) -> Result<Self, PublishError> {
        let mut config = client::settings(address);
        config
            .set("transactional.id", format!("{}chorale-relay-{context}", address.prefix))
            .set("transaction.timeout.ms", address.transaction_timeout.as_millis().to_string())
            .set("compression.codec", address.compression)
            .set("linger.ms", "0")
            .set("message.max.bytes", "1000000");
        let producer: BaseProducer<Deliveries> =
            config.create_with_context(Deliveries::default()).map_err(problem)?;
        producer.init_transactions(address.request_timeout).map_err(problem)?;
        Ok(Self(producer))
    }

    fn begin(&self, messages: &[Outgoing]) -> Result<(), PublishError> {
        self.0.poll(Duration::ZERO);
        self.0.begin_transaction().map_err(problem)?;
        messages.iter().try_for_each(|message| self.send(message))
    }

    fn send(&self, message: &Outgoing) -> Result<(), PublishError> {
        let headers = message.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value.as_str()) })
        });
        let mut record = BaseRecord::to(&message.topic)
            .partition(signed(message.partition))
            .key(message.key.as_str())
            .payload(&*message.payload)
            .timestamp(message.time.as_millis())
            .headers(headers);
        loop {
            match self.0.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(Code::QueueFull), again)) => {
                    record = again;
                    self.poll();
                }
                Err((error, _)) => return Err(problem(error)),
            }
        }
    }

    /// Publishes all messages in one transaction.
    fn publish(&self, messages: &[Outgoing], patience: Duration) -> Result<(), PublishError> {
        let published = self.begin(messages).and_then(|()| self.commit(patience));
        if let Err(PublishError::Rejected(_)) = published {
            // So that readers need not wait for the transaction to time out. If this fails, they wait.
            if let Err(error) = self.0.abort_transaction(patience) {
                tracing::info!(%error, "could not abort a transaction; it will time out");
            }
        }
        published
    }

    /// Handles deliveries, or sleeps if there are none. The binding's own poll uses its whole timeout and spins in the last
    /// millisecond of it.
    #[expect(
        clippy::disallowed_methods,
        reason = "this runs on a blocking thread, and the client reports deliveries only when polled"
    )]
    fn poll(&self) {
        let before = self.0.in_flight_count();
        self.0.poll(Duration::ZERO);
        if self.0.in_flight_count() == before {
            std::thread::sleep(POLL);
        }
    }

    fn commit(&self, patience: Duration) -> Result<(), PublishError> {
        let started = Instant::now();
        while self.0.in_flight_count() > 0 && started.elapsed() < patience {
            self.poll();
        }
        let delivered = started.elapsed();
        loop {
            let left = patience.saturating_sub(started.elapsed());
            match self.0.commit_transaction(left) {
                Ok(()) => {
                    tracing::debug!(?delivered, committed = ?started.elapsed(), "transaction committed");
                    return Ok(());
                }
                Err(KafkaError::Transaction(error)) if error.is_retriable() && !left.is_zero() => {
                    tracing::debug!(%error, "commit is slow; retrying");
                }
                Err(error) => {
                    let undelivered = self.0.context().take();
                    return Err(match problem(error) {
                        PublishError::Fenced => PublishError::Fenced,
                        other => undelivered.map_or(other, problem),
                    });
                }
            }
        }
    }
}

/// Keeps the error of the first record that could not be delivered.
#[derive(Default)]
struct Deliveries(Mutex<Option<KafkaError>>);

impl Deliveries {
    fn take(&self) -> Option<KafkaError> {
        self.0.lock().take()
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::info!(error = %error, reason, "Kafka producer error");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().get_or_insert_with(|| error.clone());
        }
    }
}

/// The relay's error for an error of the client.
fn problem(error: KafkaError) -> PublishError {
    let code = match &error {
        KafkaError::Transaction(error) => Some(error.code()),
        error => error.rdkafka_error_code(),
    };
    match code {
        Some(Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch) => PublishError::Fenced,
        Some(Code::UnknownPartition) => PublishError::Rejected(
            "a record for a partition that its topic does not have: partitions= must be as it was from the first".to_owned(),
        ),
        Some(Code::UnknownTopic | Code::UnknownTopicOrPartition) => {
            PublishError::Rejected("a record for a topic that is not there".to_owned())
        }
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::InvalidRecord) => {
            PublishError::Rejected(format!("a record that no broker takes ({error})"))
        }
        Some(Code::TransactionalIdAuthorizationFailed | Code::TopicAuthorizationFailed) => {
            PublishError::Rejected(format!("this user may not publish here ({error}): give it the rights"))
        }
        _ => PublishError::Unavailable(Box::new(error)),
    }
}
