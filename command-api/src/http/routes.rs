//! The routes of all commands, one file per group.

use super::table::RouteTable;
use crate::inputs;
use crate::inputs::rules::InputSpec;

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

/// The limits and an example of the input whose schema has this name. `None`: it is no input.
pub(super) fn input(name: &str) -> Option<&'static InputSpec> {
    let groups = [
        inputs::SPECS,
        inputs::orders::SPECS,
        inputs::payments::SPECS,
        inputs::catalog::SPECS,
        inputs::stock::SPECS,
        inputs::shipments::SPECS,
        inputs::reactions::SPECS,
    ];
    groups.into_iter().flatten().find(|spec| spec.input == name)
}
