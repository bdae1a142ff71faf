//! Events, parked reactions, projectors and sales.

use async_graphql::{Context, ID, Object, Result};
use read_models::Direction;
use read_models::documents::events::EVENTS;
use read_models::documents::parked_reactions::PARKED_REACTIONS;

use crate::id;
use crate::input::{ParkedWhere, text, texts};
use crate::page::{Connection, List, Window};
use crate::reader::reader;
use crate::types::attention::Attention;
use crate::types::event::Event;
use crate::types::parked::ParkedReaction;
use crate::types::projector::{Projector, projectors};
use crate::types::sales::{SalesWeek, weeks};

/// What auditors ask.
#[derive(Default)]
pub(crate) struct Audit;

/// What auditors ask.
#[Object]
impl Audit {
    /// Events: of a stream in their order, of a flow in order of time, else all, newest first. No token covers them.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        stream: Option<String>,
        correlation_id: Option<ID>,
        #[graphql(desc = "Names, such as OrderPlaced, or full types.")] types: Option<Vec<String>>,
    ) -> Result<Option<Connection<Event>>> {
        let sort = match (&stream, &correlation_id) {
            (Some(_), _) => ("version", Direction::Ascending),
            (None, Some(_)) => ("at", Direction::Ascending),
            (None, None) => ("at", Direction::Descending),
        };
        let names = types.map(|types| types.iter().map(|one| short(one)).collect());
        let filters = [
            stream.map(|stream| text("stream", stream)),
            correlation_id.map(|flow| text("correlationId", flow.0)),
            names.map(|names| texts("name", names)).transpose()?,
        ];
        let filters = filters.into_iter().flatten().collect();
        let list = List { collection: &EVENTS, filters, sort: vec![sort] };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader(ctx)?, &window, 20).await?)))
    }

    /// Reactions that could not be carried out, newest first.
    async fn parked_reactions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(name = "where")] filter: Option<ParkedWhere>,
    ) -> Result<Option<Connection<ParkedReaction>>> {
        let sort = vec![("updatedAt", Direction::Descending)];
        let list =
            List { collection: &PARKED_REACTIONS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(reader(ctx)?, &window, 20).await?)))
    }

    /// How the projectors are doing.
    async fn projectors(&self, ctx: &Context<'_>) -> Result<Option<Vec<Projector>>> {
        Ok(Some(projectors(reader(ctx)?).await?.into_iter().map(Projector::from).collect()))
    }

    /// The weeks in which something was ordered of a product, as ISO 8601 weeks such as 2026-W09. No token covers them.
    async fn sales_by_week(
        &self,
        ctx: &Context<'_>,
        product: ID,
        from: Option<String>,
        to: Option<String>,
    ) -> Result<Option<Vec<SalesWeek>>> {
        let product = id::key(&product, "Product")?;
        Ok(Some(weeks(reader(ctx)?, product, from, to).await?))
    }

    /// What waits for somebody.
    async fn attention(&self) -> Attention {
        Attention
    }
}

/// `OrderPlaced` of `chorale.order.OrderPlaced.v1`.
fn short(kind: &str) -> String {
    let mut parts = kind.rsplit('.');
    match (parts.next(), parts.next()) {
        (Some(_), Some(name)) => name.to_owned(),
        _ => kind.to_owned(),
    }
}
