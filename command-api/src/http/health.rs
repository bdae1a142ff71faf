//! Whether the process lives, and whether it can take commands.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use schemas::Context;
use serde_json::json;

use super::Door;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> Response {
    answer(StatusCode::OK, "alive")
}

/// Ready: not about to leave, and every log answers in time.
async fn ready(State(door): State<Door>) -> Response {
    if door.0.options.shutdown.as_ref().is_some_and(|shutdown| shutdown.has_begun()) {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "leaving");
    }
    match tokio::time::timeout(door.0.options.timeout, logs_answer(&door)).await {
        Ok(true) => answer(StatusCode::OK, "ready"),
        _ => answer(StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    }
}

async fn logs_answer(door: &Door) -> bool {
    for context in Context::ALL {
        if let Err(error) = door.0.commands.writers().of(context).log().head().await {
            tracing::warn!(%context, %error, "not ready");
            return false;
        }
    }
    true
}

fn answer(status: StatusCode, says: &str) -> Response {
    let mut response = (status, Json(json!({ "status": says }))).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
