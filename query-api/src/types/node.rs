//! Objects with a global id.

use async_graphql::{Context, ID, Interface, Result};

use super::category::Category;
use super::event::Event;
use super::order::{Order, OrderLine, OrderVersion, ShopOrder, ShopOrderVersion};
use super::parked::ParkedReaction;
use super::payment::Payment;
use super::product::{Product, Variant};
use super::projector::Projector;
use super::reactor::Reactor;
use super::shipment::Shipment;
use super::stock::{Reservation, StockItem, StockItemVersion, StockMovement, StockView};
use super::timeline::TimelineEntry;
use crate::execution::{described_only, one_of};

/// The method by which interfaces describe the field `id` of their types.
trait Identified: Sync {
    fn graphql_id(&self, _: &Context<'_>) -> impl Future<Output = Result<ID>> + Send {
        std::future::ready(Err(described_only()))
    }
}

impl<T: Sync> Identified for T {}

/// An object with a global id.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", method = "graphql_id", ty = "ID", desc = "Global id of the object."))]
pub(crate) enum Node {
    /// A product.
    Product(Product),
    /// A variant.
    Variant(Variant),
    /// A category.
    Category(Category),
    /// A stock level.
    StockView(StockView),
    /// An order. Found by its id and its guest token.
    Order(Order),
    /// An order as it was.
    OrderVersion(OrderVersion),
    /// A line of an order.
    OrderLine(OrderLine),
    /// A payment.
    Payment(Payment),
    /// A parcel.
    Shipment(Shipment),
    /// An entry of a timeline.
    TimelineEntry(TimelineEntry),
}

/// An object with a global id.
#[derive(Clone, Interface)]
#[graphql(
    name = "Node",
    field(name = "id", method = "graphql_id", ty = "ID", desc = "Global id of the object.")
)]
pub(crate) enum ShopNode {
    /// A product.
    Product(Product),
    /// A variant.
    Variant(Variant),
    /// A category.
    Category(Category),
    /// An order.
    Order(ShopOrder),
    /// An order as it was.
    OrderVersion(ShopOrderVersion),
    /// A line of an order.
    OrderLine(OrderLine),
    /// An entry of a timeline.
    TimelineEntry(TimelineEntry),
    /// A stock level.
    StockView(StockView),
    /// A stock item.
    StockItem(StockItem),
    /// A stock item as it was.
    StockItemVersion(StockItemVersion),
    /// An entry of the stock ledger.
    StockMovement(StockMovement),
    /// A reservation.
    Reservation(Reservation),
    /// A payment.
    Payment(Payment),
    /// A parcel.
    Shipment(Shipment),
    /// An event.
    Event(Event),
    /// A parked reaction.
    ParkedReaction(ParkedReaction),
    /// A generation of a projection.
    Projector(Projector),
    /// A reactor.
    Reactor(Reactor),
}

one_of!(Node: Product, Variant, Category, StockView, Order, OrderVersion, OrderLine, Payment, Shipment, TimelineEntry);
one_of!(ShopNode: Product, Variant, Category, Order, OrderVersion, OrderLine, TimelineEntry, StockView, StockItem, StockItemVersion, StockMovement, Reservation, Payment, Shipment, Event, ParkedReaction, Projector, Reactor);
