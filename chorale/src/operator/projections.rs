//! `chorale projections`: lists generations of projections with their lag, and rebuilds, verifies and rolls back projections.

mod generations;
mod rebuild;
mod verify;
mod wait;

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use platform::clock::Clock;
use projectors::{Backends, Projection, REGISTRY};
use read_models::{ProjectorStatus, Store};
use serde_json::json;

pub use self::generations::{drop_old, rollback};
pub use self::rebuild::{Switch, rebuild};
pub use self::verify::verify;
pub use self::wait::wait;
use super::ReadOnlyShop;
use crate::cli::Which;
use crate::table;

fn backends(shop: &ReadOnlyShop, store: Store) -> Backends {
    Backends::new(store, Arc::clone(&shop.bus), Clock::system())
}

fn named(name: &str) -> Result<&'static Projection> {
    let known = || REGISTRY.iter().map(|projection| projection.name()).collect::<Vec<_>>().join(", ");
    projectors::projections::named(name)
        .with_context(|| format!("no projection {name:?}; the projections are {}", known()))
}

fn selected(which: &Which) -> Result<Vec<&'static Projection>> {
    match &which.name {
        Some(name) => Ok(vec![named(name)?]),
        None => Ok(REGISTRY.to_vec()),
    }
}

/// The documents, opened for writing.
async fn writable(shop: &ReadOnlyShop) -> Result<Store> {
    // If the shop has moved, these documents belong to logs that have grown elsewhere.
    shop.locations.require_here()?;
    let store = shop.locations.read_models(&shop.logs).await?;
    crate::shop::sources::claim(&store, &shop.logs).await?;
    Ok(store)
}

/// Lists the generations of projections with position, lag and the progress of a rebuild.
pub async fn list(shop: &ReadOnlyShop, as_json: bool, out: &mut impl Write) -> Result<()> {
    let store = shop.locations.read_models_read_only(&shop.logs).await?;
    let all = projectors::status(&backends(shop, store), &REGISTRY).await?;
    if as_json {
        for one in &all {
            table::json(
                out,
                &json!({
                    "name": one.name, "kind": one.kind, "store": one.store, "shape": one.shape,
                    "generation": one.generation, "state": one.state.name(), "positions": one.positions,
                    "lagEvents": one.lag_events, "lagSeconds": one.lag_seconds,
                    "eventsPerSecond": one.events_per_second, "rebuildProgress": one.rebuild_progress,
                    "rebuildEtaSeconds": one.rebuild_eta_seconds, "heldStreams": one.quarantined_streams,
                    "heldEvents": one.quarantined_events, "lastError": one.last_error,
                }),
            )?;
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let position = one.positions.values().copied().max().unwrap_or(0);
            vec![
                one.name.clone(),
                one.kind.to_owned(),
                one.store.to_owned(),
                one.state.name().to_owned(),
                one.generation.to_string(),
                table::number(position),
                table::known(one.lag_events, table::number),
                table::known(one.lag_seconds, table::seconds),
                one.quarantined_events.to_string(),
                rebuild_of(one),
            ]
        })
        .collect();
    table::print(
        out,
        &[
            "projection",
            "kind",
            "store",
            "state",
            "generation>",
            "position>",
            "lag>",
            "seconds>",
            "held>",
            "rebuild",
        ],
        &rows,
    )?;
    Ok(())
}

/// `42 %, 1 200 events/s, 35 s left`; empty for a generation that is not being built.
fn rebuild_of(one: &ProjectorStatus) -> String {
    let Some(progress) = one.rebuild_progress else { return String::new() };
    let mut text = format!("{:.0} %", progress * 100.0);
    if let Some(rate) = one.events_per_second {
        text.push_str(&format!(", {rate:.0} events/s"));
    }
    if let Some(left) = one.rebuild_eta_seconds {
        text.push_str(&format!(", {left:.0} s left"));
    }
    text
}

#[cfg(test)]
mod tests {
    use platform::bus::Positions;
    use read_models::Write;
    use serde_json::Value;

    use super::*;
    use crate::shop::{Shop, ShopOptions};
    use crate::stores::Stores;

    #[tokio::test]
    async fn projections_are_listed_without_writing_also_where_nothing_was_projected_yet() {
        let folder = tempfile::tempdir().unwrap();
        Shop::open(folder.path(), ShopOptions::default()).await.unwrap().close().await.unwrap();
        let shop = ReadOnlyShop::open(folder.path(), &Stores::default()).await.unwrap();
        let file = folder.path().join("documents.sqlite");
        let before = std::fs::read(&file).unwrap();
        let mut out = Vec::new();
        list(&shop, true, &mut out).await.unwrap();
        let listed = String::from_utf8(out).unwrap();
        assert_eq!(listed.lines().count(), REGISTRY.len(), "{listed}");
        assert!(listed.lines().all(|line| line.contains("\"generation\":0")), "{listed}");
        assert!(std::fs::read(&file).unwrap() == before);
        let log = std::fs::metadata(folder.path().join("documents.sqlite-wal"));
        assert_eq!(log.map_or(0, |log| log.len()), 0);

        std::fs::remove_file(&file).unwrap();
        list(&shop, true, &mut Vec::new()).await.unwrap_err();
        assert!(!file.exists());
    }

    async fn verified(shop: &ReadOnlyShop, name: Option<&str>, repair: bool, json: bool) -> (bool, String) {
        let which = Which { name: name.map(str::to_owned), all: name.is_none() };
        let mut out = Vec::new();
        let sound = verify(shop, &which, repair, json, &mut out).await.unwrap();
        (sound, String::from_utf8(out).unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_that_no_event_leads_to_is_found_named_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        Shop::open(folder.path(), ShopOptions::default()).await.unwrap().close().await.unwrap();
        let shop = ReadOnlyShop::open(folder.path(), &Stores::default()).await.unwrap();
        let store = writable(&shop).await.unwrap();
        let live = store.generations.live(&read_models::documents::stock::STOCK).await.unwrap();
        let surplus =
            Write { id: "stock-NONE".to_owned(), version: 3, body: Some("{}".to_owned()), stale: false };
        store.keyed.write(&live, &[surplus], &Positions::new()).await.unwrap();

        let (sound, text) = verified(&shop, Some("stock"), false, false).await;
        assert!(!sound);
        assert!(text.contains("0 equal, 1 surplus; WRONG\n  surplus stock-NONE\n"), "{text}");
        let (sound, lines) = verified(&shop, None, false, true).await;
        assert!(!sound);
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), REGISTRY.len());
        let wrong: Vec<&Value> = lines.iter().filter(|one| one["surplus"] != 0).collect();
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0]["documents"], json!([{ "id": "stock-NONE", "problem": "surplus" }]));

        let (sound, text) = verified(&shop, Some("stock"), true, false).await;
        assert!(sound && text.contains("1 surplus; all repaired"), "{text}");
        let (sound, text) = verified(&shop, Some("stock"), false, false).await;
        assert!(sound && text.trim_end().ends_with("0 equal"), "{text}");
        let unknown = named("shoes").unwrap_err().to_string();
        assert!(unknown.contains("the projections are categories, "), "{unknown}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_generation_before_is_live_again_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        Shop::open(folder.path(), ShopOptions::default()).await.unwrap().close().await.unwrap();
        let shop = ReadOnlyShop::open(folder.path(), &Stores::default()).await.unwrap();
        let refused = rollback(&shop, "stock", false, &mut Vec::new()).await.unwrap_err().to_string();
        assert_eq!(refused, "stock has no retired generation");
        rebuild(&shop, "stock", Switch::IfExpected, false, &mut Vec::new()).await.unwrap();
        let mut out = Vec::new();
        rollback(&shop, "stock", true, &mut out).await.unwrap();
        let which = Which { name: Some("stock".to_owned()), all: false };
        drop_old(&shop, &which, true, &mut out).await.unwrap();
        let lines: Vec<Value> =
            String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected = [
            json!({ "projection": "stock", "generation": 1 }),
            json!({ "projection": "stock", "dropped": [2] }),
        ];
        assert_eq!(lines, expected);
    }
}
