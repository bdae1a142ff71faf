//! A bus that can withhold deliveries from single groups, so that a test decides the order in which groups handle
//! events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{
    Browse, Bus, BusError, Consumer, Delivery, Positions, Reach, Record, Subscription, TopicInfo,
};
use schemas::{Context, Topic};
use tokio::sync::watch;
use tokio::time::Instant;

/// The groups whose deliveries are withheld. Clones share one set.
#[derive(Clone)]
pub struct HeldGroups(Arc<watch::Sender<BTreeSet<String>>>);

impl Default for HeldGroups {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeSet::new())))
    }
}

impl HeldGroups {
    /// Withholds deliveries from this group. It may still be handling records that it has already received.
    pub fn hold(&self, group: &str) {
        self.0.send_modify(|held| {
            held.insert(group.to_owned());
        });
    }

    /// Resumes deliveries to this group, starting with those that were withheld.
    pub fn release(&self, group: &str) {
        self.0.send_modify(|held| {
            held.remove(group);
        });
    }

    pub fn wrap(&self, bus: Arc<dyn Bus>) -> Arc<dyn Bus> {
        Arc::new(HeldBus { bus, held_groups: self.clone() })
    }
}

struct HeldBus {
    bus: Arc<dyn Bus>,
    held_groups: HeldGroups,
}

#[async_trait]
impl Bus for HeldBus {
    async fn subscribe(&self, subscription: Subscription) -> Result<Box<dyn Consumer>, BusError> {
        let (group, held) = (subscription.group.clone(), self.held_groups.0.subscribe());
        let consumer = self.bus.subscribe(subscription).await?;
        Ok(Box::new(HeldConsumer { consumer, group, held, kept: None }))
    }

    async fn topics(&self, topics: &[Topic]) -> Result<Vec<TopicInfo>, BusError> {
        self.bus.topics(topics).await
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

struct HeldConsumer {
    consumer: Box<dyn Consumer>,
    group: String,
    held: watch::Receiver<BTreeSet<String>>,
    /// A delivery that arrived while the group was being held.
    kept: Option<Delivery>,
}

impl HeldConsumer {
    fn is_held(&self) -> bool {
        self.held.borrow().contains(&self.group)
    }
}

#[async_trait]
impl Consumer for HeldConsumer {
    async fn next(&mut self, max: usize, patience: Duration) -> Result<Delivery, BusError> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.is_held() {
                let group = self.group.clone();
                let open = self.held.wait_for(|held| !held.contains(&group));
                if tokio::time::timeout(left, open).await.is_err() {
                    return Ok(Delivery::default());
                }
                continue;
            }
            if let Some(kept) = self.kept.take() {
                return Ok(kept);
            }
            let delivery = self.consumer.next(max, left).await?;
            if !self.is_held() {
                return Ok(delivery);
            }
            if !delivery.records.is_empty() || !delivery.positions.is_empty() {
                self.kept = Some(delivery);
            }
        }
    }

    async fn commit(&mut self, positions: &Positions) -> Result<(), BusError> {
        self.consumer.commit(positions).await
    }

    fn has(&self, topic: Topic, key: &str) -> bool {
        self.consumer.has(topic, key)
    }
}
