//! Every command that can be asked for over HTTP, one file per group.

use super::table::Table;

mod catalog;
mod orders;
mod reactions;
mod shipments;
mod stock;

/// All of them.
pub(super) fn all(table: Table) -> Table {
    let table = orders::routes(table);
    let table = catalog::routes(table);
    let table = stock::routes(table);
    let table = shipments::routes(table);
    reactions::routes(table).status("/v1/commands/{id}")
}
