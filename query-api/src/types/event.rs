//! Events, for auditors.

use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, SimpleObject};
use read_models::documents;
use read_models::documents::events::EventEntry;

use super::actor::Actor;
use crate::id::global;
use crate::page::listed;
use crate::reader::Doc;
use crate::scalars::{BigInt, DateTime};

/// Reference to a recorded event and its position in the log.
#[derive(SimpleObject, Fields)]
pub(crate) struct EventRef {
    /// Id of the event (UUID), as published on its topic.
    event_id: ID,
    /// Full event type, such as `chorale.order.OrderPlaced.v1`.
    r#type: String,
    /// Id of the event's stream, such as `order-…`.
    stream: String,
    /// Version of the stream after this event, starting at 1.
    version: u64,
    /// Position in the log of the event's context, starting at 1.
    position: BigInt,
    /// Name of the topic that carries the event.
    topic: String,
    /// Id shared by all events that follow from one original command.
    correlation_id: ID,
    /// Id of the event or command that directly caused this event.
    causation_id: ID,
    /// Hash of the log's chain at this event, in lower-case hexadecimal.
    hash: String,
}

impl From<&documents::EventRef> for EventRef {
    fn from(event: &documents::EventRef) -> Self {
        Self {
            event_id: ID(event.event_id.clone()),
            r#type: event.kind.clone(),
            stream: event.stream.clone(),
            version: event.version,
            position: event.position.into(),
            topic: event.topic.clone(),
            correlation_id: ID(event.correlation_id.clone()),
            causation_id: ID(event.causation_id.clone()),
            hash: event.hash.clone(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Event(Arc<Doc<EventEntry>>);

/// A recorded event, as stored in the log.
#[object]
impl Event {
    /// Global id of the event.
    pub(crate) fn id(&self) -> ID {
        global("Event", &self.0.id)
    }

    /// Id of the event (UUID), as published on its topic.
    fn event_id(&self) -> &str {
        &self.0.value.event_id
    }

    /// Full event type, such as `chorale.order.OrderPlaced.v1`.
    fn r#type(&self) -> &str {
        &self.0.value.kind
    }

    /// Event type without namespace and version, such as `OrderPlaced`.
    fn name(&self) -> &str {
        &self.0.value.name
    }

    /// Id of the event's stream, such as `order-…`.
    fn stream(&self) -> &str {
        &self.0.value.stream
    }

    /// Version of the stream after this event, starting at 1.
    fn version(&self) -> u64 {
        self.0.value.version
    }

    /// Name of the context that recorded the event, such as `ordering`.
    fn context(&self) -> &str {
        &self.0.value.context
    }

    /// Name of the topic that carries the event.
    fn topic(&self) -> &str {
        &self.0.value.topic
    }

    /// Position in the log of the event's context, starting at 1.
    fn position(&self) -> BigInt {
        self.0.value.position.into()
    }

    /// Epoch of the log: changes when a log is restored or forked.
    fn epoch(&self) -> &str {
        &self.0.value.epoch
    }

    /// Id shared by all events that follow from one original command.
    fn correlation_id(&self) -> &str {
        &self.0.value.correlation_id
    }

    /// Id of the event or command that directly caused this event.
    fn causation_id(&self) -> &str {
        &self.0.value.causation_id
    }

    /// W3C trace context (`traceparent`) of the request. Null if there was none.
    fn traceparent(&self) -> Option<&str> {
        self.0.value.traceparent.as_deref()
    }

    /// Hash of the log's chain at this event, in lower-case hexadecimal.
    fn hash(&self) -> &str {
        &self.0.value.hash
    }

    /// Time when the event was recorded.
    fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// Summary of the event in one sentence, without personal data.
    fn summary(&self) -> &str {
        &self.0.value.summary
    }

    /// The party that caused the event.
    fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// Payload: the exact JSON text that was recorded. Personal data in it is encrypted.
    fn payload(&self) -> &str {
        &self.0.value.payload
    }
}

listed!(Event, EventEntry);
