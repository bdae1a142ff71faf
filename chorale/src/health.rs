//! `chorale health`: whether a running process can answer requests. For the health checks of containers and supervisors.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Client;

/// Longer than the process itself may take to check its stores.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the process at `url` for `/readyz`. `false`: it answers that it is not ready.
pub async fn run(url: &str, out: &mut impl Write) -> Result<bool> {
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client")?;
    let url = format!("{}/readyz", url.trim_end_matches('/'));
    let response = client.get(&url).send().await.with_context(|| format!("no process answers at {url}"))?;
    let (status, ready) = (response.status(), response.status().is_success());
    let body = response.text().await.with_context(|| format!("the answer of {url} was cut off"))?;
    writeln!(out, "{}: {status} {body}", if ready { "ready" } else { "not ready" })?;
    Ok(ready)
}
