//! The routes of all commands, one file per group.

use super::table::RouteTable;

mod catalog;
mod orders;
mod reactions;
mod resources;
mod shipments;
mod stock;

/// Adds all routes to a table.
pub(super) fn all(table: RouteTable) -> RouteTable {
    let table = orders::routes(table);
    let table = catalog::routes(table);
    let table = stock::routes(table);
    let table = shipments::routes(table);
    resources::routes(reactions::routes(table)).status("/v1/commands/{id}")
}
