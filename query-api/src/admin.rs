//! What operators and auditors can ask.

mod audit;
mod node;
mod shop;

use async_graphql::MergedObject;

use crate::catalog::Catalog;

/// What operators and auditors can ask.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct AdminQuery(Catalog, shop::Shop, audit::Audit, node::Nodes);
