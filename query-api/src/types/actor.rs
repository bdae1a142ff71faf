//! The party that caused an event.

use crate::execution::Ctx;
use async_graphql::Result;
use http_server::Audience;
use query_api_macros::object;
use read_models::documents;

use super::names::{ActorType, named};

pub(crate) struct Actor(pub(crate) documents::Actor);

/// The party that caused an event.
#[object]
impl Actor {
    /// Kind of party that acted.
    fn r#type(&self) -> Result<ActorType> {
        Ok(named(&self.0.kind)?)
    }

    /// Id of the party, such as an operator's or a reactor's name. Null for shoppers if the party is a member
    /// of staff.
    fn id(&self, ctx: &Ctx<'_>) -> Result<Option<&str>> {
        let hidden = self.0.kind == "STAFF" && ctx.reader().audience == Audience::Public;
        Ok((!hidden).then_some(self.0.id.as_str()))
    }
}
