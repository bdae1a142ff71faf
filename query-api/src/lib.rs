//! GraphQL over the read models, for the storefront and for the back office.
//!
//! Two schemas share their types: the storefront's at `/graphql` shows the published catalog and, to the holder of its guest
//! token, an order; the operators' at `/admin/graphql` shows everything. Neither changes anything. Subscriptions send what
//! has changed, over WebSockets and as server-sent events.
//!
//! **Invariant:** nothing here writes, and nothing here knows events or rules: what a resolver needs to know of them (which
//! actions an order allows, say) is in the documents.

#![warn(unreachable_pub)]

mod admin;
mod catalog;
mod consistency;
mod execution;
mod fault;
mod hot;
mod http;
mod id;
mod input;
mod limits;
mod live;
mod options;
mod page;
mod persisted;
mod pointers;
mod product_index;
mod reader;
mod recent;
mod scalars;
mod schema;
mod services;
mod storefront;
mod subscriptions;
mod types;

pub use http::{QueryApi, graphql_error_for};
pub use options::{LiveLimits, Options};
pub use persisted::{AutomaticLimits, Manifest, ManifestError, PersistedOptions};
pub use product_index::{EmptyIndex, IndexError, ProductIndex};
pub use schema::{admin_sdl, storefront_sdl};
pub use services::{BoxError, Services, StatusSource};
