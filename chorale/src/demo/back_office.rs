//! The back office: packs, sends and delivers what was ordered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Tally;
use super::http::{Door, Http};

/// The pause between two rounds.
pub(super) const ROUND: Duration = Duration::from_millis(500);

const PARCELS: &str = "query($status: [ShipmentStatus!]) { shipments(first: 50, where: { status: $status }) { nodes { id status } } }";

/// Works until it is told to stop. A parcel that cannot go on now is tried again in the next round.
pub(super) async fn work(http: Http, tally: Arc<Tally>, name: String) {
    loop {
        if let Err(error) = round(&http, &tally, &name).await {
            tracing::warn!(%error, "the back office could not do its round");
            tally.failed.fetch_add(1, Ordering::Relaxed);
        }
        sleep(ROUND).await;
    }
}

async fn round(http: &Http, tally: &Tally, name: &str) -> Result<()> {
    for (status, step) in [("DISPATCHED", "deliver"), ("LABELLED", "dispatch"), ("PLANNED", "pack")] {
        let page = http.ask(Door::Staff, PARCELS, json!({ "status": [status] })).await?;
        for parcel in page["shipments"]["nodes"].as_array().into_iter().flatten() {
            let Some(id) = parcel["id"].as_str() else { continue };
            if take(http, name, id, step).await? {
                match step {
                    "dispatch" => drop(tally.dispatched.fetch_add(1, Ordering::Relaxed)),
                    "deliver" => drop(tally.delivered.fetch_add(1, Ordering::Relaxed)),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// Whether the step was taken now, and not before.
async fn take(http: &Http, name: &str, parcel: &str, step: &str) -> Result<bool> {
    let (path, key) = (format!("/v1/shipments/{parcel}/{step}"), format!("{name}-{step}-{parcel}"));
    let (status, answer): (_, Value) = http.command(Door::Staff, &path, &key, None, &json!({})).await?;
    if status.is_server_error() || status == 400 || status == 404 {
        anyhow::bail!("{path} answered {status} {}", answer["code"]);
    }
    Ok(status.is_success())
}
