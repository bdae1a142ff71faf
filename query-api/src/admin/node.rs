//! Objects by their global ids, for the back office.

use crate::catalog;
use crate::fault::Fault;
use crate::id;
use crate::page::Listed;
use crate::reader::{Reader, reader};
use crate::storefront::{check_nodes, each_by_itself};
use crate::types::category::Category;
use crate::types::event::Event;
use crate::types::node::ShopNode;
use crate::types::order::ShopOrder;
use crate::types::parked::ParkedReaction;
use crate::types::payment::Payment;
use crate::types::product::Product;
use crate::types::shipment::Shipment;
use crate::types::stock::{Reservation, StockItem};
use async_graphql::{Context, ID, Object, Result};

#[derive(Default)]
pub(crate) struct Nodes;

/// Node queries of the back office.
#[Object]
impl Nodes {
    /// Fetches an object by its global id. Null if it does not exist.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of an object of any type.")] id: ID,
    ) -> Result<Option<ShopNode>> {
        Ok(find(reader(ctx)?, &id).await?)
    }

    /// Fetches up to 100 objects by their global ids, in the order of `ids`. An entry is null if the object
    /// does not exist or cannot be read.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Up to 100 global ids of any type.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<ShopNode>>>> {
        let reader = reader(ctx)?;
        check_nodes(&ids)?;
        let found = futures_util::future::join_all(ids.iter().map(|id| find(reader, id))).await;
        Ok(found.into_iter().map(each_by_itself).collect())
    }
}

async fn find(reader: &Reader, id: &ID) -> Result<Option<ShopNode>, Fault> {
    let (kind, key) = id::read(id)?;
    Ok(match kind.as_str() {
        "Product" => reader.product(&key).await?.map(|one| ShopNode::Product(Product::of(one))),
        "Variant" => catalog::variant(reader, &key).await?.map(ShopNode::Variant),
        "Category" => {
            reader.categories().await?.and_then(|tree| Category::find(&tree, &key)).map(ShopNode::Category)
        }
        "StockItem" => reader.stock(&key).await?.map(|one| ShopNode::StockItem(StockItem::of(one))),
        "Payment" => reader.payment(&key).await?.map(|one| ShopNode::Payment(Payment(one))),
        "Reservation" => reader.reservation(&key).await?.map(|one| ShopNode::Reservation(Reservation(one))),
        "Order" => reader.order(&key).await?.map(|one| ShopNode::Order(ShopOrder::of(one))),
        "Shipment" => reader.parcel(&key).await?.map(|one| ShopNode::Shipment(Shipment(one))),
        "Event" => reader.event(&key).await?.map(|one| ShopNode::Event(Event::of(one))),
        "ParkedReaction" => {
            reader.parked(&key).await?.map(|one| ShopNode::ParkedReaction(ParkedReaction(one)))
        }
        _ => None,
    })
}
