//! What shoppers can ask.

use async_graphql::{Context, ID, MergedObject, Object, Result};
use read_models::documents::orders::ORDERS;

use crate::catalog::{self, Catalog};
use crate::fault::Fault;
use crate::id;
use crate::input::{ProductSort, ProductWhere, text};
use crate::page::{Connection, Window};
use crate::reader::{Reader, reader, shared};
use crate::types::category::Category;
use crate::types::names::ProductStatus;
use crate::types::node::Node;
use crate::types::order::Order;
use crate::types::product::Product;

/// The most nodes that are asked for at once.
pub(crate) const MOST_NODES: usize = 100;

/// What shoppers can ask.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct StorefrontQuery(Catalog, Storefront);

/// What only shoppers ask.
#[derive(Default)]
pub(crate) struct Storefront;

/// What only shoppers ask.
#[Object]
impl Storefront {
    /// Published products. `search` finds words of title, brand and SKU by how they begin; each must be found.
    #[expect(clippy::too_many_arguments, reason = "a connection's arguments are many")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        search: Option<String>,
        #[graphql(name = "where")] filter: Option<ProductWhere>,
        sort: Option<Vec<ProductSort>>,
        consistency: Option<String>,
    ) -> Result<Option<Connection<Product>>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let window = Window { first, after, last, before };
        let status = vec![ProductStatus::Published];
        Ok(Some(catalog::products(reader, &window, status, search, filter.unwrap_or_default(), sort).await?))
    }

    /// An order by its id or number, for who holds the guest token that placing it answered. Null when there is no such
    /// order, and the same when the token is not its own.
    async fn order(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        number: Option<String>,
        guest_token: Option<String>,
        consistency: Option<String>,
    ) -> Result<Option<Order>> {
        let reader = reader(ctx)?;
        reader.require(consistency.as_deref())?;
        let found = match (id, number) {
            (Some(id), None) => reader.order(&id::key(&id, "Order")?).await?,
            (None, Some(number)) => reader.find_one(&ORDERS, text("number", number)).await?.and_then(shared),
            _ => return Err(Fault::BadInput("give one of id and number".to_owned()).into()),
        };
        let Some(order) = found else { return Ok(None) };
        let token = guest_token.unwrap_or_default();
        let own = reader.is_guest_token(&order.value.order_id, &token).await?;
        Ok(own.then(|| Order::opened(order)))
    }

    /// Whatever has this id; null when there is no such thing, or it takes more than its id to see it.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        Ok(find(reader(ctx)?, &id).await?)
    }

    /// Up to 100 of them, in their order; null for what is not there or cannot be read.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Result<Node>>>> {
        let reader = reader(ctx)?;
        check_nodes(&ids)?;
        let found = futures_util::future::join_all(ids.iter().map(|id| find(reader, id))).await;
        Ok(found.into_iter().map(each_by_itself).collect())
    }
}

/// One that fails leaves the others.
pub(crate) fn each_by_itself<N>(found: Result<Option<N>, Fault>) -> Option<Result<N>> {
    found.map_err(async_graphql::Error::from).transpose()
}

/// Refuses to look for too many.
pub(crate) fn check_nodes(ids: &[ID]) -> Result<(), Fault> {
    if ids.len() > MOST_NODES {
        return Err(Fault::BadInput("at most 100 nodes are asked for at once".to_owned()));
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
