//! Event time. The clock of a shop on imported time shows the time of the latest event that the process has received.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::bus::{Bus, BusError, Consumer, Delivery, Positions, WrappedBus};
use platform::clock::DrivenClock;
use schemas::Topic;

/// A bus that advances a clock to the time of its records before it delivers them.
pub(super) fn event_time_bus(bus: Arc<dyn Bus>, clock: DrivenClock) -> Arc<dyn Bus> {
    let wrap = move |consumer, _| {
        Box::new(EventTimeConsumer { consumer, clock: clock.clone() }) as Box<dyn Consumer>
    };
    Arc::new(WrappedBus::new(bus, wrap))
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
