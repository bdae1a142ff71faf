//! What operators and auditors can ask.

mod audit;
mod back_office;
mod node;

use async_graphql::MergedObject;

use crate::catalog::Catalog;

/// What operators and auditors can ask.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct AdminQuery(Catalog, back_office::BackOffice, audit::Audit, node::Nodes);
