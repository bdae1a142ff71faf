//! The table of routes: one entry is both a route and its description, so that neither exists without the other.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use http_server::{Audience, Caller};
use schemas::CommandId;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::accepted::response_for;
use super::command::HttpCommand;
use super::describe::Operation;
use super::problem::{Problem, key_reused};
use super::resource::{self, Resource, ResourceSpec};
use super::route::RouteSpec;
use super::shape::Shape;
use super::{AppState, status};
use crate::accepted::{Accepted, CommandError};
use crate::commands::{Commands, Recorded};

/// The routes for an audience, and their descriptions.
pub(super) struct RouteTable {
    /// `None`: both, for the document of both APIs.
    audience: Option<Audience>,
    pub router: Router<Arc<AppState>>,
    pub operations: Vec<Operation>,
}

impl RouteTable {
    /// An empty table for an audience, or for both.
    pub(super) fn of(audience: Option<Audience>) -> Self {
        Self { audience, router: Router::new(), operations: Vec::new() }
    }

    /// Adds a command. `I`: the input in its body.
    pub(super) fn command<I, F, R>(mut self, route: RouteSpec, run: F) -> Self
    where
        I: DeserializeOwned + ToSchema + Send + 'static,
        F: Fn(HttpCommand<I>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Accepted, CommandError>> + Send + 'static,
    {
        if self.audience.is_some_and(|audience| !route.audiences.contains(&audience)) {
            return self;
        }
        self.operations.push(Operation::command::<I>(&route, self.audience));
        self.router = self.router.route(route.path, handler(route, run));
        self
    }

    /// Adds the description of an object.
    pub(super) fn resource<F, R>(mut self, spec: ResourceSpec, find: F) -> Self
    where
        F: Fn(Commands, String, String) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Recorded, CommandError>> + Send + 'static,
    {
        if self.audience.is_none_or(|audience| spec.audiences.contains(&audience)) {
            self.operations.push(Operation::resource::<Resource>(&spec, self.audience));
            self.router = self.router.route(spec.path, resource::handler(spec, find));
        }
        self
    }

    /// Adds the outcome of a command.
    pub(super) fn status(mut self, path: &'static str) -> Self {
        self.operations.push(Operation::status::<status::CommandStatus>(path, self.audience));
        self.router = self.router.route(path, get(status::command_status));
        self
    }
}

fn handler<I, F, R>(route: RouteSpec, run: F) -> MethodRouter<Arc<AppState>>
where
    I: DeserializeOwned + ToSchema + Send + 'static,
    F: Fn(HttpCommand<I>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Accepted, CommandError>> + Send + 'static,
{
    // `RouteGroup` sets only valid methods.
    let shape = Arc::new(Shape::of::<I>());
    let method = route.method.parse::<Method>().ok().and_then(|method| MethodFilter::try_from(method).ok());
    let handle = move |State(state): State<Arc<AppState>>, params: RawPathParams, request: Request| {
        let (run, shape) = (run.clone(), Arc::clone(&shape));
        async move {
            let caller = Caller::of(request.extensions());
            if !route.audiences.contains(&caller.audience()) {
                return Err(Problem::unknown_path());
            }
            let path = request.uri().path().to_owned();
            let command = HttpCommand::<I>::read(&state, &caller, &route, &params, &shape, request).await?;
            refuse_key_of_another_context(&state, &route, &caller, command.meta.command()).await?;
            let accepted = run(command).await?;
            Ok::<Response, Problem>(response_for(&route, &path, accepted))
        }
    };
    method.map_or_else(MethodRouter::new, |method| on(method, handle))
}

/// A ledger knows only the commands of its own context, and staff send commands to all contexts: a key that was used for a
/// command of another context was used for another request.
async fn refuse_key_of_another_context(
    state: &AppState,
    route: &RouteSpec,
    caller: &Caller,
    command: CommandId,
) -> Result<(), Problem> {
    let (Audience::Staff, Some(own)) = (caller.audience(), route.context) else { return Ok(()) };
    match state.commands.command_status(command).await? {
        Some((context, _, _)) if context != own => Err(key_reused()),
        _ => Ok(()),
    }
}
