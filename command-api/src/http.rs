//! The commands over HTTP: one router for everybody, one for the back office.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use platform::shutdown::Shutdown;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;

use crate::commands::Commands;
use table::Table;

mod call;
mod describe;
mod docs;
mod frame;
mod health;
mod problem;
mod routes;
mod status;
mod table;
mod trace;

/// Settings of the command API.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a command may take. One that takes longer may still be recorded: repeating it under its key tells.
    pub timeout: Duration,
    /// How many commands may be under way at once, at each address; further ones are told to come again.
    pub max_running: usize,
    /// Bytes of a request's body.
    pub max_body: usize,
    /// Who commands at the back office's address are written down as, until people sign in.
    pub staff: String,
    /// Not ready any more once it has begun.
    pub shutdown: Option<Shutdown>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_running: 1_024,
            max_body: 256 * 1024,
            staff: "operator".to_owned(),
            shutdown: None,
        }
    }
}

/// Which of the two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Open to everybody.
    Public,
    /// For those who work in the shop; whoever reaches it is one of them.
    Staff,
}

/// What every request at an address needs. Cheap to clone.
#[derive(Clone)]
struct Door(Arc<Inside>);

struct Inside {
    side: Side,
    commands: Commands,
    options: Options,
    running: Semaphore,
}

/// What shoppers may do: place an order, cancel it, pay another way; and what became of it.
pub fn public_router(commands: Commands, options: Options) -> Router {
    router(Side::Public, commands, options)
}

/// What those who work in the shop may do. It asks nobody who they are: the wiring sees to it that only they reach it.
pub fn staff_router(commands: Commands, options: Options) -> Router {
    router(Side::Staff, commands, options)
}

/// Both addresses' commands as an OpenAPI document, tagged `public` and `staff`.
pub fn openapi() -> OpenApi {
    describe::document(routes::all(Table::of(None)).operations)
}

fn router(side: Side, commands: Commands, options: Options) -> Router {
    let table = routes::all(Table::of(Some(side)));
    let (max_body, running) = (options.max_body, Semaphore::new(options.max_running));
    let door = Door(Arc::new(Inside { side, commands, options, running }));
    table
        .router
        .merge(docs::routes(describe::document(table.operations)))
        .merge(health::routes())
        .fallback(problem::unknown_route)
        .layer(DefaultBodyLimit::max(max_body))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(door.clone(), frame::frame))
        .with_state(door)
}
