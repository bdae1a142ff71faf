//! The bus's contract.

use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::Bus;
use platform::bus::contract::{AnyError, BusUnderTest, Factory, NONE, breaches};
use schemas::{StreamId, Topic};

use crate::harness::Harness;

struct Kafka;

struct UnderTest(Harness);

#[async_trait]
impl Factory for Kafka {
    async fn fresh(&self) -> Result<Box<dyn BusUnderTest>, AnyError> {
        let topics = [Topic::ORDER, Topic::STOCK, Topic::RESERVATION, Topic::PAYMENT];
        Ok(Box::new(UnderTest(Harness::with(&topics, 3, "").await)))
    }
}

#[async_trait]
impl BusUnderTest for UnderTest {
    async fn publish(&self, topic: Topic, stream: &StreamId, count: u64) -> Result<(), AnyError> {
        Ok(self.0.publish(topic, stream, count).await?)
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.0.bus.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_keeps_every_promise_of_a_bus() {
    assert_eq!(breaches(&Kafka).await, NONE);
}
