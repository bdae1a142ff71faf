//! Event time. The clock of a shop on imported time shows the time of the latest event that the process has received.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{
    Browse, Bus, BusError, Consumer, Delivery, Positions, Reach, Record, Subscription, TopicInfo,
};
use platform::clock::DrivenClock;
use schemas::{Context, Topic};

/// A bus that advances a clock to the time of its records before it delivers them.
pub(super) struct EventTimeBus {
    pub bus: Arc<dyn Bus>,
    pub clock: DrivenClock,
}

#[async_trait]
impl Bus for EventTimeBus {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let consumer = self.bus.subscribe(subscription).await?;
        Ok(Box::new(EventTimeConsumer { consumer, clock: self.clock.clone() }))
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

struct EventTimeConsumer {
    consumer: Box<dyn Consumer>,
    clock: DrivenClock,
}

#[async_trait]
impl Consumer for EventTimeConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        let delivery = self.consumer.next(max, patience).await?;
        if let Some(latest) = delivery.records.iter().map(|record| record.envelope.time).max() {
            self.clock.advance_to(latest);
        }
        Ok(delivery)
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        self.consumer.commit(positions).await
    }

    fn has(&self, topic: Topic, key: &str) -> bool {
        self.consumer.has(topic, key)
    }
}
