//! A bus that can withhold deliveries from single groups, so that a test decides the order in which groups handle
//! events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{Bus, BusError, Consumer, Delivery, Positions, WrappedBus};
use schemas::Topic;
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
        let held_groups = self.0.clone();
        let wrap = move |consumer, group| {
            let held = held_groups.subscribe();
            Box::new(HeldConsumer { consumer, group, held, kept: None }) as Box<dyn Consumer>
        };
        Arc::new(WrappedBus::new(bus, wrap))
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
