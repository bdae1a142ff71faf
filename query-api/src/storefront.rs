//! The queries of the public storefront.

use async_graphql::{Context, ID, MergedObject, Object, Result};
use read_models::documents::order_versions::ORDER_VERSIONS;

use crate::catalog::{self, Catalog, ProductList};
use crate::fault::Fault;
use crate::id;
use crate::input::{ProductSort, ProductWhere};
use crate::page::Window;
use crate::reader::{Moment, Reader, reader};
use crate::scalars::DateTime;
use crate::types::category::Category;
use crate::types::names::ProductStatus;
use crate::types::node::Node;
use crate::types::order::{self, Order, OrderVersion};
use crate::types::product::{Product, ProductConnection};
use crate::types::suggestion::Suggestion;

/// The most nodes that one request may ask for.
pub(crate) const MOST_NODES: usize = 100;

/// Queries of the public storefront. Personal data of an order requires the order's guest token.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct StorefrontQuery(Catalog, Storefront);

#[derive(Default)]
pub(crate) struct Storefront;

/// The queries of the storefront alone.
#[Object]
impl Storefront {
    /// Lists published products, by title if `sort` is not given, and the best match first if `search` is
    /// given without `sort`.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn products(
        &self,
        ctx: &Context<'_>,
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
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let window = Window { first, after, last, before };
        let list = ProductList {
            status: vec![ProductStatus::Published],
            search,
            filter: filter.unwrap_or_default(),
            sort,
            facets: ctx.look_ahead().field("facets").exists(),
        };
        Ok(Some(catalog::products(reader, &window, list).await?))
    }

    /// Suggests categories and published products for a search text that is still being typed, the best first:
    /// categories, then products.
    async fn suggest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was typed so far: at most 10 words and 200 characters.")] prefix: String,
        #[graphql(default = 8, desc = "Largest number of suggestions, 1 to 20.")] limit: i32,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Vec<Suggestion>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        Ok(Some(catalog::suggest(reader, &prefix, limit).await?))
    }

    /// Fetches an order by exactly one of `id` and `number`. Requires the guest token that was returned when
    /// the order was placed. Null if the order does not exist or the token belongs to a different order.
    async fn order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the order, or its UUID.")] id: Option<ID>,
        #[graphql(desc = "Order number, such as `10-000042`.")] number: Option<String>,
        #[graphql(desc = "Guest token from the answer to `placeOrder`.")] guest_token: Option<String>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Order>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let found = order::by_id_or_number(reader, id, number).await?;
        let Some(order) = found else { return Ok(None) };
        let token = guest_token.unwrap_or_default();
        let own = reader.is_guest_token(&order.value.order_id, &token).await?;
        Ok(own.then(|| Order::opened(order)))
    }

    /// Fetches an order as it was at a time or at a version. Requires exactly one of `id` and `number`, exactly one
    /// of `at` and `version`, and the guest token that was returned when the order was placed. Null if the order
    /// does not exist or the token belongs to a different order, if the order was placed later than `at`, or if it
    /// does not have this version.
    #[expect(clippy::too_many_arguments, reason = "two ways to name the order, and two the moment")]
    async fn order_as_of(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the order, or its UUID.")] id: Option<ID>,
        #[graphql(desc = "Order number, such as `10-000042`.")] number: Option<String>,
        #[graphql(desc = "Time of the wanted state; events at exactly this time are included.")] at: Option<
            DateTime,
        >,
        #[graphql(desc = "Version of the wanted state: the number of the order's events up to it.")]
        version: Option<u64>,
        #[graphql(desc = "Guest token from the answer to `placeOrder`.")] guest_token: Option<String>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<OrderVersion>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let moment = Moment::of(at, version)?;
        let Some(key) = order::key_of(reader, id, number).await? else { return Ok(None) };
        if !reader.is_guest_token(&key, &guest_token.unwrap_or_default()).await? {
            return Ok(None);
        }
        let found = reader.past(&ORDER_VERSIONS, format!("order-{key}"), moment).await?;
        Ok(found.map(OrderVersion::opened))
    }

    /// Fetches an object by its global id. Null if it does not exist or is not public. Orders are never found
    /// here, because they require a guest token.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of an object of any type.")] id: ID,
    ) -> Result<Option<Node>> {
        Ok(find(reader(ctx)?, &id).await?)
    }

    /// Fetches up to 100 objects by their global ids, in the order of `ids`. An entry is null if the object
    /// does not exist, is not public or cannot be read.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Up to 100 global ids of any type.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node>>>> {
        let reader = reader(ctx)?;
        check_nodes(&ids)?;
        let found = futures_util::future::join_all(ids.iter().map(|id| find(reader, id))).await;
        Ok(found.into_iter().map(each_by_itself).collect())
    }
}

/// A node that cannot be read does not affect the others.
pub(crate) fn each_by_itself<N>(found: Result<Option<N>, Fault>) -> Option<Result<N>> {
    found.map_err(async_graphql::Error::from).transpose()
}

/// Refuses a request for more than [`MOST_NODES`] ids.
pub(crate) fn check_nodes(ids: &[ID]) -> Result<(), Fault> {
    if ids.len() > MOST_NODES {
        return Err(Fault::BadInput("pass at most 100 ids".to_owned()));
    }
    Ok(())
}

async fn find(reader: &Reader, id: &ID) -> Result<Option<Node>, Fault> {
    let (kind, key) = id::read(id)?;
    Ok(match kind.as_str() {
        "Product" => {
            let product = reader.product(&key).await?;
            product.and_then(|one| Product::for_audience(one, reader.audience)).map(Node::Product)
        }
        "Variant" => catalog::variant(reader, &key).await?.map(Node::Variant),
        "Category" => {
            reader.categories().await?.and_then(|tree| Category::find(&tree, &key)).map(Node::Category)
        }
        _ => None,
    })
}
