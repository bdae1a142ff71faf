//! Health checks: the process is running (`/healthz`), its APIs can answer (`/readyz`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use platform::shutdown::Shutdown;

use crate::error::{ErrorFormat, HttpError};
use crate::trace::TraceContext;

/// An API that does not finish its check within this time is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// The readiness check of an API.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Succeeds if every store that the API needs answers. The error names the one that does not; it is logged, not sent.
    async fn ready(&self) -> Result<(), String>;
}

#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) checks: Arc<[Arc<dyn Readiness>]>,
    pub(crate) shutdown: Shutdown,
    pub(crate) errors: ErrorFormat,
}

/// The health routes. They are outside of the limits of all APIs, so that a busy process still answers them.
pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || status(r#"{"status":"alive"}"#)))
        .route("/readyz", get(ready))
        .with_state(health)
}

async fn ready(State(health): State<Health>, request: Request) -> Response {
    let trace = TraceContext::of(request.extensions());
    if health.shutdown.has_begun() {
        return (health.errors)(HttpError::NotReady, &trace);
    }
    let checked = async {
        for check in health.checks.iter() {
            check.ready().await?;
        }
        Ok(())
    };
    let late = || Err(format!("no answer within {} s", PATIENCE.as_secs()));
    match tokio::time::timeout(PATIENCE, checked).await.unwrap_or_else(|_| late()) {
        Ok(()) => status(r#"{"status":"ready"}"#),
        Err(cause) => {
            tracing::warn!(trace_id = trace.trace_id(), cause, "not ready");
            (health.errors)(HttpError::NotReady, &trace)
        }
    }
}

fn status(json: &'static str) -> Response {
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}
