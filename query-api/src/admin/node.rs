//! Objects by their global ids, for the back office.

use crate::execution::Ctx;
use async_graphql::{ID, Result};
use query_api_macros::object;
use read_models::documents::order_versions::ORDER_VERSIONS;
use read_models::documents::stock_versions::STOCK_VERSIONS;

use crate::catalog;
use crate::fault::Fault;
use crate::id;
use crate::input::Moment;
use crate::page::Listed;
use crate::reader::Reader;
use crate::storefront::each_by_itself;
use crate::types::category::Category;
use crate::types::event::Event;
use crate::types::node::ShopNode;
use crate::types::order::{OrderLine, ShopOrder, ShopOrderVersion, version_of};
use crate::types::parked::ParkedReaction;
use crate::types::payment::Payment;
use crate::types::product::Product;
use crate::types::projector::{Projector, projectors};
use crate::types::reactor::{Reactor, reactors};
use crate::types::shipment::Shipment;
use crate::types::stock::{Reservation, StockItem, StockItemVersion, StockMovement};
use crate::types::timeline::TimelineEntry;

#[derive(Default)]
pub(crate) struct Nodes;

/// Node queries of the back office.
#[object]
impl Nodes {
    /// Fetches an object by its global id. Null if it does not exist.
    async fn node(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Global id of an object of any type.")] id: ID,
    ) -> Result<Option<ShopNode>> {
        Ok(find(ctx.reader(), &id).await?)
    }

    /// Fetches up to 100 objects by their global ids, in the order of `ids`. An entry is null if the object
    /// does not exist or cannot be read.
    async fn nodes(
        &self,
        ctx: &Ctx<'_>,
        #[graphql(desc = "Up to 100 global ids of any type.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<ShopNode>>>> {
        let reader = ctx.reader();
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
        "StockView" => catalog::stock_view(reader, &key).await?.map(ShopNode::StockView),
        "StockItem" => reader.stock(&key).await?.map(|one| ShopNode::StockItem(StockItem::of(one))),
        "StockMovement" => {
            reader.stock_movement(&key).await?.map(|one| ShopNode::StockMovement(StockMovement::of(one)))
        }
        "Payment" => reader.payment(&key).await?.map(|one| ShopNode::Payment(Payment(one))),
        "Reservation" => reader.reservation(&key).await?.map(|one| ShopNode::Reservation(Reservation(one))),
        "Order" => reader.order(&key).await?.map(|one| ShopNode::Order(ShopOrder::of(one))),
        "OrderLine" => OrderLine::find(reader, &key).await?.map(|(line, _)| ShopNode::OrderLine(line)),
        "TimelineEntry" => {
            reader.timeline_entry(&key).await?.map(|one| ShopNode::TimelineEntry(TimelineEntry(one)))
        }
        "Shipment" => reader.parcel(&key).await?.map(|one| ShopNode::Shipment(Shipment(one))),
        "Event" => reader.event(&key).await?.map(|one| ShopNode::Event(Event::of(one))),
        "ParkedReaction" => {
            reader.parked(&key).await?.map(|one| ShopNode::ParkedReaction(ParkedReaction(one)))
        }
        "OrderVersion" | "StockItemVersion" => version(reader, &kind, &key).await?,
        "Projector" => {
            let found = projectors(reader).await?.into_iter().map(Projector::from);
            found.into_iter().find(|one| one.has(&key)).map(ShopNode::Projector)
        }
        "Reactor" => {
            let found = reactors(reader).await?.into_iter().find(|one| one.name == key);
            found.map(|one| ShopNode::Reactor(Reactor::from(one)))
        }
        _ => None,
    })
}

async fn version(reader: &Reader, kind: &str, key: &str) -> Result<Option<ShopNode>, Fault> {
    let Some((key, version)) = version_of(key) else { return Ok(None) };
    let moment = Moment::Version(version);
    Ok(match kind {
        "OrderVersion" => {
            let found = reader.past(&ORDER_VERSIONS, format!("order-{key}"), moment).await?;
            found.map(|past| ShopNode::OrderVersion(ShopOrderVersion::of(past)))
        }
        _ => {
            let found = reader.past(&STOCK_VERSIONS, format!("stock-{key}"), moment).await?;
            found.map(|past| ShopNode::StockItemVersion(StockItemVersion::from(past)))
        }
    })
}
