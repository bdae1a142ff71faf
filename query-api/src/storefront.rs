//! The queries of the public storefront.

use async_graphql::{Context, ID, MergedObject, Object, Result};

use crate::catalog::{self, Catalog};
use crate::fault::Fault;
use crate::id;
use crate::input::{ProductSort, ProductWhere};
use crate::page::{Connection, Window};
use crate::reader::{Reader, reader};
use crate::types::category::Category;
use crate::types::names::ProductStatus;
use crate::types::node::Node;
use crate::types::order::{self, Order};
use crate::types::product::Product;

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
    /// Lists published products, by title if `sort` is not given.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size, 0 to 100; default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor: the page starts after this node.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 0 to 100; not with `first`.")] last: Option<i32>,
        #[graphql(desc = "Cursor: the page ends before this node.")] before: Option<String>,
        #[graphql(desc = "Up to 10 words, each the beginning of a word of title, brand or SKU.")]
        search: Option<String>,
        #[graphql(name = "where", desc = "Filter; lists all if not given.")] filter: Option<ProductWhere>,
        #[graphql(desc = "Up to 3 sort keys, the most important first.")] sort: Option<Vec<ProductSort>>,
        #[graphql(desc = "Token of a command whose effects must be visible.")] consistency: Option<String>,
    ) -> Result<Option<Connection<Product>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let window = Window { first, after, last, before };
        let status = vec![ProductStatus::Published];
        Ok(Some(catalog::products(reader, &window, status, search, filter.unwrap_or_default(), sort).await?))
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
