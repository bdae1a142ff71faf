//! Objects with a global id.

use async_graphql::{ID, Interface};

use super::category::Category;
use super::event::Event;
use super::order::{Order, ShopOrder};
use super::parked::ParkedReaction;
use super::payment::Payment;
use super::product::{Product, Variant};
use super::shipment::Shipment;
use super::stock::{Reservation, StockItem};

/// An object with a global id.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id of the object."))]
pub(crate) enum Node {
    /// A product.
    Product(Product),
    /// A variant.
    Variant(Variant),
    /// A category.
    Category(Category),
    /// An order. Never found by its id alone, because it also requires a guest token.
    Order(Order),
}

/// An object with a global id.
#[derive(Clone, Interface)]
#[graphql(name = "Node", field(name = "id", ty = "ID", desc = "Global id of the object."))]
pub(crate) enum ShopNode {
    /// A product.
    Product(Product),
    /// A variant.
    Variant(Variant),
    /// A category.
    Category(Category),
    /// An order.
    Order(ShopOrder),
    /// A stock item.
    StockItem(StockItem),
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
}
