//! Objects that commands created, at the paths that `Location` names.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawPathParams, Request, State};
use axum::routing::{MethodRouter, get};
use http_server::{Audience, Caller};
use serde::Serialize;
use utoipa::ToSchema;

use super::AppState;
use super::command::require_guest_token;
use super::problem::Problem;
use crate::accepted::CommandError;
use crate::commands::{Commands, Recorded};

/// An object as the event logs have it. Queries have its contents.
#[derive(Serialize, ToSchema)]
pub(super) struct Resource {
    /// Id of the order, product or category (a UUID), or the SKU of the variant.
    id: String,
    /// Version of the object's stream, as for If-Match: of the variant's product, or of the category tree.
    version: u64,
    /// Consistency token, `stream@version`. A query that presents it sees the object in this version at least.
    token: String,
}

/// Where an object is described.
#[derive(Clone, Copy)]
pub(super) struct ResourceSpec {
    pub path: &'static str,
    pub audiences: &'static [Audience],
    /// The operation's id in OpenAPI.
    pub name: &'static str,
    pub summary: &'static str,
}

/// Answers with what `find` finds for the path's id and SKU. Guests need the token of their order.
pub(super) fn handler<F, R>(spec: ResourceSpec, find: F) -> MethodRouter<Arc<AppState>>
where
    F: Fn(Commands, String, String) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Recorded, CommandError>> + Send + 'static,
{
    get(async move |State(state): State<Arc<AppState>>, params: RawPathParams, request: Request| {
        let caller = Caller::of(request.extensions());
        if !spec.audiences.contains(&caller.audience()) {
            return Err(Problem::unknown_path());
        }
        let param =
            |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
        let (id, sku) = (param("id").unwrap_or_default(), param("sku").unwrap_or_default());
        if caller.audience() == Audience::Public {
            require_guest_token(&state.commands, &id, request.headers()).await?;
        }
        let Recorded { id, version, token } = find(state.commands.clone(), id, sku).await?;
        Ok::<_, Problem>(Json(Resource { id, version, token }))
    })
}
