//! Who did it.

use async_graphql::{Context, Object, Result};
use http_server::Audience;
use read_models::documents;

use super::names::{ActorType, named};
use crate::reader::reader;

/// Who did it.
pub(crate) struct Actor(pub(crate) documents::Actor);

/// Who did it.
#[Object]
impl Actor {
    /// What kind of party.
    async fn r#type(&self) -> Result<ActorType> {
        Ok(named(&self.0.kind)?)
    }

    /// Which one of them; shoppers are not told who works at the shop.
    async fn id(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        let hidden = self.0.kind == "STAFF" && reader(ctx)?.audience == Audience::Public;
        Ok((!hidden).then_some(self.0.id.as_str()))
    }
}
