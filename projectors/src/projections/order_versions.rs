//! Every version of every order.

use read_models::documents::order_versions;
use schemas::Topic;

use super::orders;
use crate::projection::{Projection, Versions};

/// Versions of the order's stream.
pub static ORDER_VERSIONS: Projection =
    Projection::versions(&order_versions::ORDER_VERSIONS, &[Topic::ORDER], &Versions(orders::evolve));
