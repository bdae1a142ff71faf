//! Whether the process lives, and whether it can take commands.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemas::Context;
use serde_json::{Value, json};

use super::Door;
use super::problem::Problem;

/// Asked for also when as many requests as allowed are under way.
pub(super) const PATHS: [&str; 2] = ["/healthz", "/readyz"];

pub(super) fn routes() -> Router<Door> {
    Router::new().route(PATHS[0], get(alive)).route(PATHS[1], get(ready))
}

async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// Ready: not about to leave, and every log answers.
async fn ready(State(door): State<Door>) -> Result<Json<Value>, Problem> {
    if door.0.options.shutdown.as_ref().is_some_and(|shutdown| shutdown.has_begun()) {
        return Err(Problem::unavailable("NOT_READY", "The process is about to leave."));
    }
    for context in Context::ALL {
        if let Err(error) = door.0.commands.writers().of(context).log().head().await {
            let not_ready = Problem::unavailable("NOT_READY", "Commands cannot be recorded now.");
            return Err(Problem { cause: Some(format!("the log of {context}: {error}")), ..not_ready });
        }
    }
    Ok(Json(json!({ "status": "ready" })))
}
