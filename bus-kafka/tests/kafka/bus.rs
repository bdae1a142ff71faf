//! The bus's contract.

use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::Bus;
use platform::bus::contract::BusUnderTest;
use platform::contract::Broken;
use schemas::{StreamId, Topic};

use crate::harness::Harness;

/// Topics of a test's own on the shared broker.
struct Kafka(Harness);

impl Kafka {
    async fn new() -> Self {
        let topics = [Topic::ORDER, Topic::STOCK, Topic::RESERVATION, Topic::PAYMENT];
        Self(Harness::with(&topics, 3, "").await)
    }
}

#[async_trait]
impl BusUnderTest for Kafka {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), Broken> {
        Ok(self.0.publish(topic, stream, count).await?)
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.0.bus.clone())
    }
}

mod kafka_keeps_every_promise_of_a_bus {
    platform::bus_suite!(super::Kafka::new().await);
}
