//! The relay's port: publishes a log to its topics in transactions, each with a mark of the position that the topics reach.

use std::sync::Arc;

use async_trait::async_trait;
use schemas::{Context, Timestamp};

use super::BusError;

/// The position up to which a context's topics are complete. It is stored on the bus, in the transaction of its records.
/// **Stored format.**
pub use schemas::relay::RelayMark as Mark;

/// A record to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic's name, without the prefix of the bus.
    pub topic: String,
    /// The partition of its key ([`schemas::topics::partition_of`]).
    pub partition: u32,
    pub key: String,
    pub headers: Vec<(&'static str, String)>,
    /// The exact bytes of the log.
    pub payload: Arc<str>,
    /// The time at which it was recorded.
    pub time: Timestamp,
}

/// Publishes one context's topics. Only one publisher of a context can write at a time. **After any error it must be
/// dropped**, and another one must take over. The failed transaction is then either complete on the topics, including
/// its mark, or absent.
#[async_trait]
pub trait Publisher: Send {
    /// Fences all older publishers of this context, ends their open transactions, and only then reads the latest
    /// mark. `None` if nothing has been published. Must be called first, and once.
    async fn take_over(&mut self) -> Result<Option<Mark>, PublishError>;

    /// Publishes `records` in order, and the mark, all or nothing. `records` may be empty if only the mark has changed. On
    /// return the transaction is committed; readers see it at once or very soon.
    async fn publish(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError>;
}

/// The topics of a bus that relays write to, such as a cluster. On a bus whose topics are the logs themselves there is
/// nothing to relay.
#[async_trait]
pub trait RelayedTopics: Send + Sync {
    /// Creates the topics of these names that are missing, and checks the settings of the others. Fails with
    /// [`BusError::Topic`], which says what to do, if one differs.
    async fn ensure(&self, names: &[&str]) -> Result<(), BusError>;

    /// The number of partitions of every topic of events.
    fn partitions(&self) -> u32;

    /// A publisher of a context's topics. It connects in [`Publisher::take_over`].
    fn publisher(&self, context: Context) -> Box<dyn Publisher>;

    /// The payloads of all records of a topic that holds no events, in order per partition. They are all held in memory.
    async fn values(&self, name: &str) -> Result<Vec<String>, BusError>;
}

/// Why records could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another publisher has taken over.
    #[error("another relay of this context has taken over")]
    Fenced,
    /// The bus does not answer, or not in time. Whether the transaction was committed is known once a publisher takes over.
    #[error("the bus does not accept records")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The records can never be published, or the stored mark cannot be read.
    #[error("the bus refuses the records: {0}")]
    Rejected(String),
}
