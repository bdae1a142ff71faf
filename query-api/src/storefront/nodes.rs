//! Objects by their global ids, for shoppers: what is published, and with an order's guest token what belongs to the order.

use async_graphql::ID;
use read_models::documents::order_versions::ORDER_VERSIONS;

use crate::catalog;
use crate::fault::Fault;
use crate::id;
use crate::input::Moment;
use crate::reader::Reader;
use crate::types::category::Category;
use crate::types::node::Node;
use crate::types::order::{Order, OrderLine, OrderVersion, version_of};
use crate::types::payment::Payment;
use crate::types::product::Product;
use crate::types::shipment::Shipment;
use crate::types::timeline::TimelineEntry;

/// The object with this id, if the caller may see it.
pub(super) async fn find(reader: &Reader, id: &ID, token: Option<&str>) -> Result<Option<Node>, Fault> {
    let (kind, key) = id::read(id)?;
    Ok(match kind.as_str() {
        "Product" => {
            let product = reader.product(&key).await?;
            product.and_then(|one| Product::for_audience(one, reader.audience)).map(Node::Product)
        }
        "Variant" => catalog::variant(reader, &key).await?.map(Node::Variant),
        "StockView" => catalog::stock_view(reader, &key).await?.map(Node::StockView),
        "Category" => {
            reader.categories().await?.and_then(|tree| Category::find(&tree, &key)).map(Node::Category)
        }
        _ => of_order(reader, &kind, &key, token).await?,
    })
}

/// The object of an order, if the caller holds the order's guest token.
async fn of_order(
    reader: &Reader,
    kind: &str,
    key: &str,
    token: Option<&str>,
) -> Result<Option<Node>, Fault> {
    let (node, order) = match kind {
        "Order" => {
            let Some(order) = reader.order(key).await? else { return Ok(None) };
            (Node::Order(Order::opened(order)), key.to_owned())
        }
        "OrderLine" => {
            let Some((line, order)) = OrderLine::find(reader, key).await? else { return Ok(None) };
            (Node::OrderLine(line), order)
        }
        "OrderVersion" => {
            let Some((order, version)) = version_of(key) else { return Ok(None) };
            let (stream, version) = (format!("order-{order}"), Moment::Version(version));
            let Some(past) = reader.past(&ORDER_VERSIONS, stream, version).await? else { return Ok(None) };
            (Node::OrderVersion(OrderVersion::opened(past)), order.to_owned())
        }
        "Payment" => {
            let Some(payment) = reader.payment(key).await? else { return Ok(None) };
            let order = payment.value.order_id.clone();
            (Node::Payment(Payment(payment)), order)
        }
        "Shipment" => {
            let Some(parcel) = reader.parcel(key).await? else { return Ok(None) };
            let order = parcel.value.order_id.clone();
            (Node::Shipment(Shipment(parcel)), order)
        }
        "TimelineEntry" => {
            let entry = reader.timeline_entry(key).await?.map(TimelineEntry);
            let Some(entry) = entry.filter(|entry| entry.is_for(reader.audience)) else { return Ok(None) };
            let order = entry.0.value.order_id.clone();
            (Node::TimelineEntry(entry), order)
        }
        _ => return Ok(None),
    };
    Ok(reader.is_own(&order, token).await?.then_some(node))
}
