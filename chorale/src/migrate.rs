//! `chorale migrate`: prepares stores on servers.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use platform::servers::Migrated;
use schemas::{Context, topics};
use serde_json::json;

use crate::stores::{StoreLocations, Stores};
use crate::table;

/// Creates or upgrades every schema, and creates and checks the topics. Stores in files need no preparation.
pub async fn run(path: &Path, stores: &Stores, as_json: bool, out: &mut impl Write) -> Result<()> {
    let locations = StoreLocations::claim(path, stores)?;
    for context in Context::ALL {
        let address = locations.log(context);
        let migrated = event_log::migrate(&address, context).await?;
        report(
            out,
            as_json,
            &format!("log of {context}"),
            &result(migrated.from.map(u64::from), migrated.to.into()),
        )?;
    }
    let vault = locations.vault();
    if let Some(Migrated { from, to }) = platform::vault::migrate(&vault).await? {
        report(out, as_json, "key vault", &result(from.map(|from| from as u64), to as u64))?;
    }
    let migrated = read_models::migrate(&locations.documents(), &read_models::documents::ALL).await?;
    report(out, as_json, "documents", &result(migrated.from.map(u64::from), migrated.to.into()))?;
    if let Some(address) = locations.hot_views() {
        read_models::check_hot(address).await?;
        report(out, as_json, "hot views", "can be kept by the server")?;
    }
    if let Some(relayed) = locations.bus.relayed().await? {
        relayed.ensure(&topics::names()).await?;
        report(
            out,
            as_json,
            "topics",
            &format!("{} exist and are configured as required", topics::names().len()),
        )?;
    }
    Ok(())
}

fn result(from: Option<u64>, to: u64) -> String {
    match from {
        None => format!("created with format {to}"),
        Some(from) if from == to => format!("is up to date with format {to}"),
        Some(from) => format!("upgraded from format {from} to {to}"),
    }
}

fn report(out: &mut impl Write, as_json: bool, what: &str, result: &str) -> Result<()> {
    if as_json {
        return Ok(table::json(out, &json!({ "store": what, "result": result }))?);
    }
    writeln!(out, "{what:<18} {result}")?;
    Ok(())
}
