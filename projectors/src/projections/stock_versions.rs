//! Every version of every stock item.

use read_models::documents::stock_versions;
use schemas::Topic;

use super::stock;
use crate::projection::{Projection, Versions};

/// Versions of the stock item's stream.
pub static STOCK_VERSIONS: Projection =
    Projection::versions(&stock_versions::STOCK_VERSIONS, &[Topic::STOCK], &Versions(stock::evolve));
