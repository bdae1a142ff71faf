//! The versions of stock items. Id: [`versions::id`].

use super::versions;
use crate::port::{Collection, Streams};

/// A [`StockItem`](super::stock::StockItem) after each of its events.
pub static STOCK_VERSIONS: Collection = Collection {
    name: "stock_versions",
    shape: 1,
    streams: Streams::Versions("stock"),
    hot: false,
    indexes: versions::INDEXES,
};
