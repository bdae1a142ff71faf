//! The queries of the public storefront.

mod nodes;

use crate::execution::Ctx;
use crate::execution::merged;
use async_graphql::{ID, MergedObject, Result};
use query_api_macros::object;
use read_models::documents::order_versions::ORDER_VERSIONS;

use crate::catalog::{self, Catalog, ProductList};
use crate::fault::Fault;
use crate::input::{Moment, OrderKey, ProductSort, ProductWhere};
use crate::page::Window;
use crate::types::names::ProductStatus;
use crate::types::node::Node;
use crate::types::order::{self, Order, OrderVersion};
use crate::types::product::ProductConnection;
use crate::types::suggestion::Suggestion;

/// Queries of the public storefront. Personal data of an order requires the order's guest token.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct StorefrontQuery(Catalog, Storefront);

merged!(StorefrontQuery: 0: Catalog, 1: Storefront);

#[derive(Default)]
pub(crate) struct Storefront;

/// The queries of the storefront alone.
#[object]
impl Storefront {
    /// Lists published products, by title if `sort` is not given, and the best match first if `search` is
    /// given without `sort`.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn products(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(
            desc = "Words to look for in title, brand, categories, attributes, SKUs, barcodes and description: at most 10 words \
            and 200 characters. Beginnings of words, plurals and typing errors are found as well."
        )]
        search: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<ProductWhere>,
        #[graphql(desc = "Up to 3 sort keys, the most important first.")] sort: Option<Vec<ProductSort>>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<ProductConnection>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let window = Window { first, after, last, before };
        let list = ProductList {
            status: vec![ProductStatus::Published],
            search,
            filter: filter.unwrap_or_default(),
            sort,
            facets: ctx.selects("facets"),
        };
        Ok(Some(catalog::products(reader, &window, list).await?))
    }

    /// Suggests categories and published products for a search text that is still being typed, the best first:
    /// categories, then products.
    async fn suggest(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "What was typed so far: at most 10 words and 200 characters.")] prefix: String,
        #[graphql(default = 8, desc = "Largest number of suggestions, 1 to 20.")] limit: i32,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Vec<Suggestion>>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        Ok(Some(catalog::suggest(reader, &prefix, limit).await?))
    }

    /// Fetches an order. Requires the guest token that was returned when the order was placed. Null if the order
    /// does not exist or the token belongs to a different order.
    async fn order(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "The order that is wanted.")] by: OrderKey,
        #[graphql(
            desc = "Guest token from the answer to `placeOrder`. Default: the header `X-Guest-Token`."
        )]
        guest_token: Option<String>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Order>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let Some(order) = order::by(reader, by).await? else { return Ok(None) };
        let own = reader.is_own(&order.value.order_id, guest_token.as_deref()).await?;
        Ok(own.then(|| Order::opened(order)))
    }

    /// Fetches an order as it was at a time or at a version. Requires the guest token that was returned when the order
    /// was placed. Null if the order does not exist or the token belongs to a different order, if the order was placed
    /// later than the time, or if it does not have the version.
    async fn order_as_of(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "The order that is wanted.")] by: OrderKey,
        #[graphql(desc = "The state that is wanted.")] moment: Moment,
        #[graphql(
            desc = "Guest token from the answer to `placeOrder`. Default: the header `X-Guest-Token`."
        )]
        guest_token: Option<String>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<OrderVersion>> {
        let reader = ctx.reader();
        reader.require(consistency.as_deref())?;
        let Some(key) = order::key_of(reader, by).await? else { return Ok(None) };
        if !reader.is_own(&key, guest_token.as_deref()).await? {
            return Ok(None);
        }
        let found = reader.past(&ORDER_VERSIONS, format!("order-{key}"), moment).await?;
        Ok(found.map(OrderVersion::opened))
    }

    /// Fetches an object by its global id. Null if it does not exist or is not public. An order, and what belongs to
    /// one, requires the order's guest token in the header `X-Guest-Token`; `nodes` takes it as an argument, too.
    async fn node(
        &self,
        ctx: &Ctx<'_>,
        // Relay refetches only through a field with this one argument.
        #[graphql(desc = "Global id of an object of any type.")] id: ID,
    ) -> Result<Option<Node>> {
        Ok(nodes::find(ctx.reader(), &id, None).await?)
    }

    /// Fetches up to 100 objects by their global ids, in the order of `ids`. An entry is null if the object
    /// does not exist, is not public, requires another guest token or cannot be read.
    async fn nodes(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Up to 100 global ids of any type.")] ids: Vec<ID>,
        #[graphql(
            desc = "Guest token from the answer to `placeOrder`. Default: the header `X-Guest-Token`."
        )]
        guest_token: Option<String>,
    ) -> Result<Vec<Option<Result<Node>>>> {
        let reader = ctx.reader();
        let find = |id| nodes::find(reader, id, guest_token.as_deref());
        let found = futures_util::future::join_all(ids.iter().map(find)).await;
        Ok(found.into_iter().map(each_by_itself).collect())
    }
}

/// A node that cannot be read does not affect the others.
pub(crate) fn each_by_itself<N>(found: Result<Option<N>, Fault>) -> Option<Result<N>> {
    found.map_err(async_graphql::Error::from).transpose()
}
