//! The history of an order.

use std::sync::Arc;

use async_graphql::{ID, Object};
use read_models::documents::order_timeline;

use super::actor::Actor;
use super::event::EventRef;
use crate::id::global;
use crate::page::Named;
use crate::reader::Doc;
use crate::scalars::DateTime;

pub(crate) struct TimelineEntry(pub(crate) Arc<Doc<order_timeline::TimelineEntry>>);

/// One entry in the history of an order.
#[Object]
impl TimelineEntry {
    /// Global id of the entry.
    async fn id(&self) -> ID {
        global("TimelineEntry", &self.0.id)
    }

    /// Time of the event.
    async fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// Event type without namespace and version, such as `OrderPlaced`.
    async fn r#type(&self) -> &str {
        &self.0.value.name
    }

    /// Description of the event in one sentence.
    async fn title(&self) -> &str {
        &self.0.value.title
    }

    /// The party that caused the event.
    async fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// Reason code. Null if the event states none.
    async fn reason(&self) -> Option<&str> {
        self.0.value.reason.as_deref()
    }

    /// Reference to the event behind the entry.
    async fn event(&self) -> EventRef {
        (&self.0.value.event).into()
    }
}

impl Named for TimelineEntry {
    const NAME: &'static str = "Timeline";
}
