//! The limit: an axum server that reads a JSON request and writes the same tree as JSON. It is this program, started with
//! `plain FILE`, because processor time is measured per process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::Outcome;

/// The file to serve, if this process is to be the plain server.
pub fn asked() -> Option<PathBuf> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == "plain").then(|| arguments.next().map(PathBuf::from))?
}

/// Prints its address, and answers every request with the content of the file.
pub async fn serve(file: &Path) -> Outcome<()> {
    let answer: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let app = Router::new().route("/graphql", post(answered)).with_state(Arc::new(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn answered(
    State(answer): State<Arc<Value>>,
    Json(request): Json<Value>,
) -> Result<Json<Arc<Value>>, StatusCode> {
    match request["query"].is_string() {
        true => Ok(Json(answer)),
        false => Err(StatusCode::BAD_REQUEST),
    }
}
