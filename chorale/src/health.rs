//! `chorale health`: whether a running process can answer requests. For the health checks of containers and supervisors.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Client;

/// Longer than the process itself may take to check its stores.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the process at `url` for `/readyz`, and prints the answer. `false`: it answers that it is not ready.
pub async fn run(url: &str, out: &mut impl Write) -> Result<bool> {
    let (ready, answer) = ready(url).await?;
    writeln!(out, "{}: {answer}", if ready { "ready" } else { "not ready" })?;
    Ok(ready)
}

/// Whether the process at `url` is ready, and its answer. An error if it does not answer.
pub async fn ready(url: &str) -> Result<(bool, String)> {
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client")?;
    let url = format!("{}/readyz", url.trim_end_matches('/'));
    let response = client.get(&url).send().await.with_context(|| format!("no process answers at {url}"))?;
    let status = response.status();
    let body = response.text().await.with_context(|| format!("the answer of {url} was cut off"))?;
    Ok((status.is_success(), format!("{status} {body}")))
}
