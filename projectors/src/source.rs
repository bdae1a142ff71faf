//! Reading a stream again after a version of it was skipped.

use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::{Browse, Bus, BusError, Record};
use schemas::Topic;

#[async_trait]
pub trait StreamSource: Send + Sync {
    /// The records of `stream` in `topic` with versions after `after`, in order.
    async fn stream(&self, topic: Topic, stream: &str, after: u64) -> Result<Vec<Record>, BusError>;
}

/// Reads streams from their topics.
pub struct TopicSource(Arc<dyn Bus>);

impl TopicSource {
    /// Records of a stream per request.
    const PAGE: usize = 1_000;

    /// A source over `bus`.
    pub fn new(bus: Arc<dyn Bus>) -> Self {
        Self(bus)
    }
}

#[async_trait]
impl StreamSource for TopicSource {
    async fn stream(&self, topic: Topic, stream: &str, after: u64) -> Result<Vec<Record>, BusError> {
        let mut browse = Browse { key: Some(stream.to_owned()), limit: Self::PAGE, ..Browse::default() };
        let mut found = Vec::new();
        loop {
            let page = self.0.browse(topic, &browse).await?;
            let more = page.len() >= Self::PAGE;
            for record in page {
                browse.after.insert(record.partition, record.envelope.position);
                if record.envelope.version > after {
                    found.push(record);
                }
            }
            if !more {
                return Ok(found);
            }
        }
    }
}
