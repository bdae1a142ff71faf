//! How the relay gets a log onto its topics: in transactions, each with a mark of how far the topics are after it.

use std::sync::Arc;

use async_trait::async_trait;
use schemas::Timestamp;

/// How far a context's topics are: kept on the bus itself, in the transaction of the records that it tells of.
/// **Stored format.**
pub use schemas::relay::RelayMark as Mark;

/// A record to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic's name, without the prefix of the bus.
    pub topic: String,
    /// The partition that its key belongs to ([`schemas::topics::partition_of`]).
    pub partition: u32,
    /// The stream's id.
    pub key: String,
    /// The CloudEvents attributes.
    pub headers: Vec<(&'static str, String)>,
    /// The exact bytes of the log.
    pub payload: Arc<str>,
    /// When it was recorded.
    pub time: Timestamp,
}

/// Writes one context's topics; at any time one publisher of a context can. **After any error it must be dropped**, and
/// another one take over: what it was about to publish is then either wholly on the topics, mark and all, or not at all.
#[async_trait]
pub trait Publisher: Send {
    /// Makes every older publisher of this context powerless, ends what it left open, and only then reads how far the
    /// topics are; `None` while nothing was ever published. To be called first, and once.
    async fn take_over(&mut self) -> Result<Option<Mark>, PublishError>;

    /// Publishes `records` in their order, and the mark: all of it or nothing. There may be no records, when only the mark
    /// is news. When this returns it stands, and readers see it at once or very soon.
    async fn publish(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError>;
}

/// What can go wrong with publishing.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another publisher has taken over.
    #[error("another relay of this context has taken over")]
    Fenced,
    /// The bus does not answer, or not in time. Whether the transaction stands is known once somebody takes over.
    #[error("the bus takes no records")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was to be published can never be, or what stands there cannot be read.
    #[error("the bus refuses: {0}")]
    Rejected(String),
}
