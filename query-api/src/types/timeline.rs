//! The story of an order.

use std::sync::Arc;

use async_graphql::{ID, Object};
use read_models::documents::order_timeline;

use super::actor::Actor;
use super::event::EventRef;
use crate::id::global;
use crate::page::Named;
use crate::reader::Doc;
use crate::scalars::DateTime;

/// Something that happened to an order.
pub(crate) struct TimelineEntry(pub(crate) Arc<Doc<order_timeline::TimelineEntry>>);

/// Something that happened to an order.
#[Object]
impl TimelineEntry {
    /// Its global id.
    async fn id(&self) -> ID {
        global("TimelineEntry", &self.0.id)
    }

    /// When.
    async fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// The name of the event's type: `OrderPlaced`.
    async fn r#type(&self) -> &str {
        &self.0.value.name
    }

    /// One sentence for people.
    async fn title(&self) -> &str {
        &self.0.value.title
    }

    /// Who.
    async fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// Why, as a code, where the event says.
    async fn reason(&self) -> Option<&str> {
        self.0.value.reason.as_deref()
    }

    /// The event.
    async fn event(&self) -> EventRef {
        (&self.0.value.event).into()
    }
}

impl Named for TimelineEntry {
    const NAME: &'static str = "Timeline";
}
