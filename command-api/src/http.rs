//! The commands over HTTP: one API for the public, one for the back office.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use http_server::{Api, ApiLayers, Audience, Limits};
use utoipa::openapi::OpenApi;

use crate::commands::Commands;
use crate::following::Following;
use ready::StoresAnswer;
use table::RouteTable;

mod accepted;
mod answers;
mod body;
mod command;
mod contract;
mod describe;
mod docs;
mod problem;
mod ready;
mod resource;
mod route;
mod routes;
mod shape;
mod status;
mod table;

pub use problem::problem_for;

/// The default bounds, for each of the two APIs.
pub const LIMITS: Limits =
    Limits { timeout: Duration::from_secs(10), max_in_flight: 1_024, max_body: 256 * 1024 };

/// Shared by all handlers.
struct AppState {
    commands: Commands,
    following: Arc<dyn Following>,
    /// Bytes of a request's body.
    max_body: usize,
}

/// The commands of guests and customers, and the outcome of their commands.
pub fn public_api(commands: Commands, following: Arc<dyn Following>, limits: Limits) -> Api {
    api(Audience::Public, commands, following, limits)
}

/// The commands of the back office, and the outcome of all commands. For other callers its routes do not exist.
pub fn staff_api(commands: Commands, following: Arc<dyn Following>, limits: Limits) -> Api {
    api(Audience::Staff, commands, following, limits)
}

/// The OpenAPI document of both APIs. The operations are tagged `public`, `staff` or both.
pub fn openapi() -> OpenApi {
    describe::document(routes::all(RouteTable::of(None)).operations)
}

fn api(audience: Audience, commands: Commands, following: Arc<dyn Following>, limits: Limits) -> Api {
    let table = routes::all(RouteTable::of(Some(audience)));
    let state = Arc::new(AppState { commands: commands.clone(), following, max_body: limits.max_body });
    let routes: Router = table
        .router
        .merge(docs::routes(describe::document(table.operations)))
        .layer(from_fn(problem::write))
        .with_state(state);
    let layers = ApiLayers::new(limits, problem_for);
    Api { routes: layers.around(routes), readiness: Arc::new(StoresAnswer::new(commands)) }
}
