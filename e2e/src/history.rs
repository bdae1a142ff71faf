//! Reading the events of a shop from its logs.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chorale::invariants::orders::Orders;
use event_log::port::{Log, Read, StoredEvent};
use schemas::life_cycle::OrderStatus;
use schemas::order::OrderEvent;
use schemas::{AggregateType, EventSet, OrderId, ShipmentId, StreamId};

use crate::embedded::{Embedded, POLL, SOON};

/// The events of an order.
pub struct OrderHistory {
    /// In the order of the stream.
    pub events: Vec<OrderEvent>,
}

impl OrderHistory {
    /// Names of the events, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.events.iter().map(EventSet::name).collect()
    }

    /// Number of events with this name.
    pub fn count(&self, name: &str) -> usize {
        self.names().into_iter().filter(|other| *other == name).count()
    }

    /// Captured and refunded amounts as recorded by the order, in minor units.
    pub fn money(&self) -> (i64, i64) {
        self.events.iter().fold((0, 0), |(taken, given), event| match event {
            OrderEvent::OrderPaymentCaptured(e) => (taken + e.amount.minor, given),
            OrderEvent::OrderRefunded(e) => (taken, given + e.amount.minor),
            _ => (taken, given),
        })
    }
}

impl Embedded {
    /// The log of a stream.
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

    /// Number of events with this name in a stream.
    pub async fn count(&self, stream: &StreamId, name: &str) -> Result<usize> {
        Ok(self.events(stream).await?.iter().filter(|event| event.envelope.name == name).count())
    }

    /// Waits until a stream has an event with this name.
    pub async fn until(&self, stream: &StreamId, name: &str) -> Result<()> {
        self.until_times(stream, name, 1).await
    }

    /// Waits until a stream has at least `times` events with this name.
    pub async fn until_times(&self, stream: &StreamId, name: &str, times: usize) -> Result<()> {
        let log = self.log_of(stream)?;
        let waited = tokio::time::timeout(SOON, async {
            loop {
                let head = log.head().await?.position;
                if self.count(stream, name).await? >= times {
                    return anyhow::Ok(());
                }
                log.grown(head, POLL).await;
            }
        })
        .await;
        if waited.is_err() {
            let names: Vec<_> =
                self.events(stream).await?.iter().map(|event| event.envelope.name.clone()).collect();
            anyhow::bail!("timed out waiting for {name} in {stream}; it has {names:?}");
        }
        waited?
    }

    /// Reads the events of an order.
    pub async fn history(&self, order: OrderId) -> Result<OrderHistory> {
        let events = self.events(&order.stream()).await?;
        let decode = |event: &StoredEvent| {
            let envelope = &event.envelope;
            Ok(OrderEvent::decode(&envelope.name, envelope.type_version, &event.payload)?)
        };
        Ok(OrderHistory { events: events.iter().map(decode).collect::<Result<_>>()? })
    }

    /// Current status of an order.
    pub async fn status(&self, order: OrderId) -> Result<OrderStatus> {
        let orders = Orders::read(self).await?;
        Ok(orders.histories.get(&order).context("no such order")?.status)
    }

    /// Waits until all consumers have caught up, and fails unless the order has this status.
    pub async fn settles_as(&self, order: OrderId, status: OrderStatus) -> Result<()> {
        self.settle().await?;
        let found = self.status(order).await?;
        ensure!(
            found == status,
            "{order} is {found} and not {status}: {:?}",
            self.history(order).await?.names()
        );
        Ok(())
    }

    /// Ids of all orders.
    pub async fn orders(&self) -> Result<Vec<OrderId>> {
        Ok(Orders::read(self).await?.histories.into_keys().collect())
    }

    /// Number of parked records of a reactor.
    pub async fn parked(&self, reactor: &str) -> Result<usize> {
        let mut parked = 0;
        for log in &self.logs {
            parked += log.parked(Some(reactor), usize::MAX).await?.len();
        }
        Ok(parked)
    }

    /// The order's parcel from `location`.
    pub fn parcel(&self, order: OrderId, location: &str) -> Result<ShipmentId> {
        Ok(ShipmentId::of(order, &location.parse()?))
    }
}
