//! A bus with wrapped consumers, for decorators that only concern deliveries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemas::{Context, Topic};

use super::{Browse, Bus, BusError, Consumer, Reach, Record, Subscription, TopicInfo};

/// A bus whose consumers `wrap` replaces; it also gets the name of the group. All other calls go to the wrapped bus.
pub struct WrappedBus<W> {
    bus: Arc<dyn Bus>,
    wrap: W,
}

impl<W> WrappedBus<W>
where
    W: Fn(Box<dyn Consumer>, String) -> Box<dyn Consumer> + Send + Sync,
{
    /// `bus`, with its consumers wrapped.
    pub fn new(bus: Arc<dyn Bus>, wrap: W) -> Self {
        Self { bus, wrap }
    }
}

#[async_trait]
impl<W> Bus for WrappedBus<W>
where
    W: Fn(Box<dyn Consumer>, String) -> Box<dyn Consumer> + Send + Sync,
{
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let group = subscription.group.clone();
        Ok((self.wrap)(self.bus.subscribe(subscription).await?, group))
    }

    fn partition_of(&self, key: &str) -> u32 {
        self.bus.partition_of(key)
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        self.bus.topics(topics).await
    }

    async fn ends(&self, topics: &[Topic]) -> Result<BTreeMap<Topic, BTreeMap<u32, u64>>, BusError> {
        self.bus.ends(topics).await
    }

    async fn reach(&self, contexts: &[Context]) -> Result<BTreeMap<Context, Reach>, BusError> {
        self.bus.reach(contexts).await
    }

    async fn browse(&self, topic: Topic, browse: &Browse) -> Result<Vec<Record>, BusError> {
        self.bus.browse(topic, browse).await
    }

    async fn grown(
        &self,
        topic: Topic,
        after: &BTreeMap<u32, u64>,
        patience: Duration,
    ) -> Result<(), BusError> {
        self.bus.grown(topic, after, patience).await
    }
}
