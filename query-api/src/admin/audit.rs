//! Events, parked reactions, projectors, reactors and sales.

use crate::execution::Ctx;
use async_graphql::{ID, Result};
use query_api_macros::object;
use read_models::Direction;
use read_models::documents::events::EVENTS;
use read_models::documents::parked_reactions::PARKED_REACTIONS;

use crate::id;
use crate::input::{ParkedWhere, text, texts};
use crate::page::{Connection, List, Window};
use crate::types::attention::Attention;
use crate::types::event::Event;
use crate::types::parked::ParkedReaction;
use crate::types::projector::{Projector, projectors};
use crate::types::reactor::{Reactor, reactors};
use crate::types::sales::{SalesWeek, weeks};

#[derive(Default)]
pub(crate) struct Audit;

/// Audit and operations queries of the back office.
#[object]
impl Audit {
    /// Lists recorded events: those of one stream by version, those of one correlation id by time, otherwise
    /// all events, newest first. Consistency tokens do not cover this list.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn events(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(desc = "Stream id, such as `order-…`: lists it by version.")] stream: Option<String>,
        #[graphql(desc = "Correlation id: lists the events of one flow by time.")] correlation_id: Option<ID>,
        #[graphql(
            desc = "Event types, such as `OrderPlaced`, or full types, at most 100; all if not given."
        )]
        types: Option<Vec<String>>,
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
            names.map(|names| texts("name", names)),
        ];
        let filters = filters.into_iter().flatten().collect();
        let list = List { collection: &EVENTS, filters, sort: vec![sort] };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(ctx.reader(), &window, 20).await?)))
    }

    /// Lists reactions that a reactor has given up on, most recently changed first.
    async fn parked_reactions(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<ParkedWhere>,
    ) -> Result<Option<Connection<ParkedReaction>>> {
        let sort = vec![("updatedAt", Direction::Descending)];
        let list =
            List { collection: &PARKED_REACTIONS, filters: filter.unwrap_or_default().filters(), sort };
        let window = Window { first, after, last, before };
        Ok(Some(Connection::of(list.page(ctx.reader(), &window, 20).await?)))
    }

    /// Status of every generation of every projection, whichever process updates it. A status may be one second old.
    async fn projectors(&self, ctx: &Ctx<'_>) -> Result<Option<Vec<Projector>>> {
        Ok(Some(projectors(ctx.reader()).await?.into_iter().map(Projector::from).collect()))
    }

    /// Status of every reactor, whichever processes run it. A status may be one second old.
    async fn reactors(&self, ctx: &Ctx<'_>) -> Result<Option<Vec<Reactor>>> {
        Ok(Some(reactors(ctx.reader()).await?.into_iter().map(Reactor::from).collect()))
    }

    /// Weekly sales of one product, oldest week first; weeks without sales are left out. Consistency tokens
    /// do not cover this list.
    async fn sales_by_week(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Global id of the product, or its UUID.")] product: ID,
        #[graphql(desc = "First week, such as `2026-W09`; no limit if not given.")] from: Option<String>,
        #[graphql(desc = "Last week, such as `2026-W12`; no limit if not given.")] to: Option<String>,
    ) -> Result<Option<Vec<SalesWeek>>> {
        let product = id::key(&product, "Product")?;
        Ok(Some(weeks(ctx.reader(), product, from, to).await?))
    }

    /// Counts of what requires an operator's attention.
    fn attention(&self) -> Attention {
        Attention
    }
}

fn short(kind: &str) -> String {
    let mut parts = kind.rsplit('.');
    match (parts.next(), parts.next()) {
        (Some(_), Some(name)) => name.to_owned(),
        _ => kind.to_owned(),
    }
}
