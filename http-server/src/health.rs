//! Whether the process runs (`/healthz`), and whether its APIs can answer (`/readyz`).

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

/// What an API needs does not answer within this: it is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says whether an API can answer.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Whether everything that the API needs answers. The error names what does not, for the log; clients do not see it.
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
