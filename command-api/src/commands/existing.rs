//! Looking up the resource that a command is about, before anything is sealed or sent to the writer.

use std::str::FromStr;

use domain::Refusal;
use event_log::port::{Read, StoredEvent};
use event_log::request::WriteError;
use schemas::order::OrderEvent;
use schemas::{Context, EventSet, OrderId, ShipmentId, StreamId};

use super::{Commands, Target};
use crate::accepted::CommandError;
use crate::ids::Named;

/// An order that exists.
pub(super) struct KnownOrder {
    pub id: OrderId,
    /// The subject whose key seals the order's personal data.
    pub subject: String,
    pub target: Target,
}

/// There is none, or the context has not handled the order's events yet.
fn not_yet(what: &'static str) -> CommandError {
    CommandError::Refused { refusal: Refusal::not_found(what).retryable(), replayed: false }
}

/// The id in a path.
pub(super) fn in_path<T: FromStr>(named: Named, text: &str) -> Result<T, CommandError> {
    named.id(text).map_err(|invalid| CommandError::invalid_id(named, invalid))
}

impl Commands {
    async fn first_event(
        &self,
        context: Context,
        stream: &StreamId,
    ) -> Result<Option<StoredEvent>, CommandError> {
        let streams = [(stream.clone(), 0)];
        let log = self.writers.of(context).log();
        let mut events = log.read(Read::Streams(&streams), 1).await.map_err(WriteError::from)?;
        Ok(events.pop())
    }

    /// The order with this id. `NotFound` if the text is not an id.
    pub(super) async fn known_order(&self, order: &str) -> Result<KnownOrder, CommandError> {
        let id: OrderId = in_path(Named::Order, order)?;
        let first = self.first_event(Context::Ordering, &id.stream()).await?;
        let first = first.ok_or(CommandError::NotFound("order"))?;
        let envelope = &first.envelope;
        let event =
            OrderEvent::decode(&envelope.name, envelope.type_version, &first.payload).map_err(|error| {
                CommandError::Internal(format!("{} cannot be read: {error}", envelope.token()))
            })?;
        let OrderEvent::OrderPlaced(placed) = event else {
            return Err(CommandError::Internal(format!(
                "{} does not begin with OrderPlaced",
                envelope.stream
            )));
        };
        let target = Target {
            context: Context::Ordering,
            stream: id.stream(),
            id: id.to_string(),
            type_name: Named::Order.type_name(),
            flow: Some(envelope.correlation),
        };
        Ok(KnownOrder { id, subject: placed.email.subject, target })
    }

    /// The payment of the order with this id.
    pub(super) async fn known_payment(&self, order: &str) -> Result<(OrderId, Target), CommandError> {
        let id: OrderId = in_path(Named::Payment, order)?;
        let stream = id.payment_stream();
        let first = self.first_event(Context::Payments, &stream).await?.ok_or_else(|| not_yet("payment"))?;
        let flow = Some(first.envelope.correlation);
        let type_name = Named::Payment.type_name();
        Ok((id, Target { context: Context::Payments, stream, id: id.to_string(), type_name, flow }))
    }

    /// The parcel with this id.
    pub(super) async fn known_shipment(&self, shipment: &str) -> Result<(ShipmentId, Target), CommandError> {
        let id: ShipmentId = in_path(Named::Shipment, shipment)?;
        let stream = id.stream();
        let first = self.first_event(Context::Shipping, &stream).await?.ok_or_else(|| not_yet("shipment"))?;
        let flow = Some(first.envelope.correlation);
        let type_name = Named::Shipment.type_name();
        Ok((id, Target { context: Context::Shipping, stream, id: id.to_string(), type_name, flow }))
    }
}
