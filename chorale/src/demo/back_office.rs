//! The back office: packs, dispatches and delivers orders.

use std::collections::HashSet;
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

/// Runs until it is stopped. A parcel that cannot be dispatched now is attempted again in the next round.
pub(super) async fn work(http: Http, tally: Arc<Tally>, name: String) {
    let mut office = Office { http, tally, name, done: HashSet::new(), rounds: 0 };
    loop {
        if let Err(error) = office.round().await {
            tracing::warn!(%error, "the simulated back office failed");
            office.tally.failed.fetch_add(1, Ordering::Relaxed);
        }
        sleep(ROUND).await;
    }
}

struct Office {
    http: Http,
    tally: Arc<Tally>,
    name: String,
    /// Steps taken, which the read side may not show yet.
    done: HashSet<(String, &'static str)>,
    /// A refusal is final for its key, so each round uses new keys.
    rounds: u64,
}

impl Office {
    async fn round(&mut self) -> Result<()> {
        self.rounds += 1;
        for (status, step) in [("DISPATCHED", "deliver"), ("PACKED", "dispatch"), ("PLANNED", "pack")] {
            let page = self.http.ask(Door::Staff, PARCELS, json!({ "status": [status] })).await?;
            for parcel in page["shipments"]["nodes"].as_array().into_iter().flatten() {
                let Some(id) = parcel["id"].as_str() else { continue };
                if !self.done.contains(&(id.to_owned(), step)) && self.take(id, step).await? {
                    self.done.insert((id.to_owned(), step));
                    match step {
                        "dispatch" => drop(self.tally.dispatched.fetch_add(1, Ordering::Relaxed)),
                        "deliver" => drop(self.tally.delivered.fetch_add(1, Ordering::Relaxed)),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the command was accepted.
    async fn take(&self, parcel: &str, step: &str) -> Result<bool> {
        let path = format!("/v1/shipments/{parcel}/{step}");
        let key = format!("{}-{step}-{parcel}-{}", self.name, self.rounds);
        let (status, answer): (_, Value) =
            self.http.command(Door::Staff, &path, &key, None, &json!({})).await?;
        if status.is_server_error() || status == 400 || status == 404 {
            anyhow::bail!("{path} answered {status} {}", answer["code"]);
        }
        Ok(status.is_success())
    }
}
