//! Events, for auditors.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};
use read_models::documents;
use read_models::documents::events::EventEntry;

use super::actor::Actor;
use crate::id::global;
use crate::page::{Listed, Named};
use crate::reader::Doc;
use crate::scalars::{BigInt, DateTime};

/// Where an event stands.
#[derive(SimpleObject)]
pub(crate) struct EventRef {
    /// The event.
    event_id: ID,
    /// Its full type: `chorale.order.OrderPlaced.v1`.
    r#type: String,
    /// Its stream.
    stream: String,
    /// Its version in the stream.
    version: u64,
    /// Its position in the context's log.
    position: BigInt,
    /// Its topic.
    topic: String,
    /// The flow it belongs to.
    correlation_id: ID,
    /// The event or command that caused it.
    causation_id: ID,
    /// The log's hash chain at this event.
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

/// An event as it was recorded.
#[derive(Clone)]
pub(crate) struct Event(Arc<Doc<EventEntry>>);

/// An event as it was recorded.
#[Object]
impl Event {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Event", &self.0.id)
    }

    /// Its own id, as it stands on its topic.
    async fn event_id(&self) -> &str {
        &self.0.value.event_id
    }

    /// Its full type: `chorale.order.OrderPlaced.v1`.
    async fn r#type(&self) -> &str {
        &self.0.value.kind
    }

    /// The type's name: `OrderPlaced`.
    async fn name(&self) -> &str {
        &self.0.value.name
    }

    /// Its stream.
    async fn stream(&self) -> &str {
        &self.0.value.stream
    }

    /// Its version in the stream.
    async fn version(&self) -> u64 {
        self.0.value.version
    }

    /// The context that recorded it.
    async fn context(&self) -> &str {
        &self.0.value.context
    }

    /// Its topic.
    async fn topic(&self) -> &str {
        &self.0.value.topic
    }

    /// Its position in the context's log.
    async fn position(&self) -> BigInt {
        self.0.value.position.into()
    }

    /// Which life of the log it is from.
    async fn epoch(&self) -> &str {
        &self.0.value.epoch
    }

    /// The flow it belongs to.
    async fn correlation_id(&self) -> &str {
        &self.0.value.correlation_id
    }

    /// The event or command that caused it.
    async fn causation_id(&self) -> &str {
        &self.0.value.causation_id
    }

    /// W3C trace context, where there was one.
    async fn traceparent(&self) -> Option<&str> {
        self.0.value.traceparent.as_deref()
    }

    /// The log's hash chain at this event.
    async fn hash(&self) -> &str {
        &self.0.value.hash
    }

    /// When it was recorded.
    async fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// One sentence for people.
    async fn summary(&self) -> &str {
        &self.0.value.summary
    }

    /// Who did it.
    async fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// The payload: the exact JSON text as it was recorded, personal data sealed.
    async fn payload(&self) -> &str {
        &self.0.value.payload
    }
}

impl Named for Event {
    const NAME: &'static str = "Event";
}

impl Listed for Event {
    type Document = EventEntry;

    fn of(document: Arc<Doc<EventEntry>>) -> Self {
        Self(document)
    }
}
