//! The history of an order.

use crate::execution::Ctx;
use query_api_macros::object;
use std::sync::Arc;

use async_graphql::{ID, Result};
use http_server::Audience;
use read_models::documents::order_timeline;

use super::actor::Actor;
use super::discretion;
use super::event::EventRef;
use crate::id::global;
use crate::page::Named;
use crate::reader::Doc;
use crate::scalars::DateTime;

#[derive(Clone)]
pub(crate) struct TimelineEntry(pub(crate) Arc<Doc<order_timeline::TimelineEntry>>);

impl TimelineEntry {
    /// Whether this audience sees the entry.
    pub(crate) fn is_for(&self, audience: Audience) -> bool {
        discretion::is_for(&self.0.value.name, audience)
    }

    /// Title and reason.
    fn told(&self, ctx: &Ctx<'_>) -> Result<(&str, Option<&str>)> {
        let entry = &self.0.value;
        let audience = ctx.reader().audience;
        Ok(discretion::entry(&entry.name, &entry.title, entry.reason.as_deref(), audience))
    }
}

/// One entry in the history of an order.
#[object]
impl TimelineEntry {
    /// Global id of the entry.
    pub(crate) fn id(&self) -> ID {
        global("TimelineEntry", &self.0.id)
    }

    /// Time of the event.
    fn at(&self) -> DateTime {
        (&self.0.value.at).into()
    }

    /// Event type without namespace and version, such as `OrderPlaced`.
    fn r#type(&self) -> &str {
        &self.0.value.name
    }

    /// Description of the event in one sentence.
    fn title(&self, ctx: &Ctx<'_>) -> Result<&str> {
        Ok(self.told(ctx)?.0)
    }

    /// The party that caused the event.
    fn actor(&self) -> Actor {
        Actor(self.0.value.actor.clone())
    }

    /// Reason code. Null if the event states none. Shoppers see OTHER or DECLINED instead of FRAUD.
    fn reason(&self, ctx: &Ctx<'_>) -> Result<Option<&str>> {
        Ok(self.told(ctx)?.1)
    }

    /// Reference to the event behind the entry.
    fn event(&self) -> EventRef {
        (&self.0.value.event).into()
    }
}

impl Named for TimelineEntry {
    const NAME: &'static str = "Timeline";
}
