//! What happened, as the logs have it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chorale::statements::orders::Orders;
use event_log::port::{Log, Read, StoredEvent};
use schemas::life_cycle::OrderStatus;
use schemas::order::OrderEvent;
use schemas::{AggregateType, EventSet, OrderId, ShipmentId, StreamId};

use crate::embedded::{Embedded, LOOK, SOON};

/// An order's own story.
pub struct Story {
    /// Its events, in order.
    pub events: Vec<OrderEvent>,
}

impl Story {
    /// The names of its events, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.events.iter().map(EventSet::name).collect()
    }

    /// How often an event of this name happened.
    pub fn count(&self, name: &str) -> usize {
        self.names().into_iter().filter(|other| *other == name).count()
    }

    /// Minor units that the order heard were taken and given back.
    pub fn money(&self) -> (i64, i64) {
        self.events.iter().fold((0, 0), |(taken, given), event| match event {
            OrderEvent::OrderPaymentCaptured(e) => (taken + e.amount.minor, given),
            OrderEvent::OrderRefunded(e) => (taken, given + e.amount.minor),
            _ => (taken, given),
        })
    }
}

impl Embedded {
    /// The log that holds a stream.
    fn log_of(&self, stream: &StreamId) -> Result<&Arc<dyn Log>> {
        let aggregate =
            AggregateType::of_stream(stream).with_context(|| format!("{stream} names no aggregate"))?;
        self.log(aggregate.context()).context("every context has a log")
    }

    /// The events of a stream.
    pub async fn events(&self, stream: &StreamId) -> Result<Vec<StoredEvent>> {
        let log = self.log_of(stream)?;
        Ok(log.read(Read::Streams(&[(stream.clone(), 0)]), usize::MAX).await?)
    }

    /// How often an event of this name happened to a stream.
    pub async fn count(&self, stream: &StreamId, name: &str) -> Result<usize> {
        Ok(self.events(stream).await?.iter().filter(|event| event.envelope.name == name).count())
    }

    /// Waits until an event of this name has happened to a stream.
    pub async fn until(&self, stream: &StreamId, name: &str) -> Result<()> {
        self.until_times(stream, name, 1).await
    }

    /// Waits until an event of this name has happened to a stream so often.
    pub async fn until_times(&self, stream: &StreamId, name: &str, times: usize) -> Result<()> {
        let log = self.log_of(stream)?;
        let waited = tokio::time::timeout(SOON, async {
            loop {
                let head = log.head().await?.position;
                if self.count(stream, name).await? >= times {
                    return anyhow::Ok(());
                }
                log.grown(head, LOOK).await;
            }
        })
        .await;
        if waited.is_err() {
            let names: Vec<_> =
                self.events(stream).await?.iter().map(|event| event.envelope.name.clone()).collect();
            anyhow::bail!("{stream} waits for {name} in vain: {names:?}");
        }
        waited?
    }

    /// An order's own story.
    pub async fn story(&self, order: OrderId) -> Result<Story> {
        let events = self.events(&order.stream()).await?;
        let decode = |event: &StoredEvent| {
            let envelope = &event.envelope;
            Ok(OrderEvent::decode(&envelope.name, envelope.type_version, &event.payload)?)
        };
        Ok(Story { events: events.iter().map(decode).collect::<Result<_>>()? })
    }

    /// Where an order stands.
    pub async fn status(&self, order: OrderId) -> Result<OrderStatus> {
        let orders = Orders::read(self).await?;
        Ok(orders.stories.get(&order).context("no such order")?.status)
    }

    /// Comes to rest and says where the order must stand then.
    pub async fn comes_to(&self, order: OrderId, status: OrderStatus) -> Result<()> {
        self.rest().await?;
        let found = self.status(order).await?;
        ensure!(
            found == status,
            "{order} is {found} and not {status}: {:?}",
            self.story(order).await?.names()
        );
        Ok(())
    }

    /// All orders.
    pub async fn orders(&self) -> Result<Vec<OrderId>> {
        Ok(Orders::read(self).await?.stories.into_keys().collect())
    }

    /// How many records of a reactor are parked.
    pub async fn parked(&self, reactor: &str) -> Result<usize> {
        let mut parked = 0;
        for log in &self.logs {
            parked += log.parked(Some(reactor), usize::MAX).await?.len();
        }
        Ok(parked)
    }

    /// The order's parcel that leaves from `location`.
    pub fn parcel(&self, order: OrderId, location: &str) -> Result<ShipmentId> {
        Ok(ShipmentId::of(order, &location.parse()?))
    }
}
