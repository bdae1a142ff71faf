//! The versions of orders. Id: [`versions::id`].

use super::versions;
use crate::port::{Collection, Streams};

/// An [`Order`](super::orders::Order) after each of its events. It is as large as the order, and an order has few events. Personal data is sealed with
/// the order's key in every version, so all versions are erased with it.
pub static ORDER_VERSIONS: Collection = Collection {
    name: "order_versions",
    shape: 1,
    streams: Streams::Versions("order"),
    hot: false,
    indexes: versions::INDEXES,
};
