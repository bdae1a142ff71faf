//! The queries of the back office.

mod audit;
mod history;
mod node;
mod shop;

use crate::execution::merged;
use async_graphql::MergedObject;

use crate::catalog::Catalog;

/// Queries of the back office, for operators and auditors.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct AdminQuery(Catalog, shop::Shop, history::History, audit::Audit, node::Nodes);

merged!(AdminQuery: 0: Catalog, 1: shop::Shop, 2: history::History, 3: audit::Audit, 4: node::Nodes);
