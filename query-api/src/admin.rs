//! The queries of the back office.

mod audit;
mod history;
mod node;
mod shop;

use async_graphql::MergedObject;

use crate::catalog::Catalog;

/// Queries of the back office, for operators and auditors.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct AdminQuery(Catalog, shop::Shop, history::History, audit::Audit, node::Nodes);
