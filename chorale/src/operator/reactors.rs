//! `chorale reactors status`: lists reactors with their lag.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use platform::clock::Clock;
use projectors::Backends;
use serde_json::json;

use super::ReadOnlyShop;
use crate::shop::StatusReader;
use crate::table;

/// Lists reactors with position, lag and parked events.
pub async fn list(shop: &ReadOnlyShop, as_json: bool, out: &mut impl Write) -> Result<()> {
    let store = shop.locations.read_models_read_only(&shop.logs).await?;
    let backends = Backends::new(store, Arc::clone(&shop.bus), Clock::system());
    let all = StatusReader::outside(backends, &shop.logs).reactors().await?;
    if as_json {
        for one in &all {
            table::json(
                out,
                &json!({
                    "name": one.name, "context": one.context, "positions": one.positions,
                    "lagEvents": one.lag_events, "lagSeconds": one.lag_seconds,
                    "parkedStreams": one.parked_streams, "parkedEvents": one.parked_events,
                }),
            )?;
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            vec![
                one.name.clone(),
                one.context.to_owned(),
                table::number(one.positions.values().copied().max().unwrap_or(0)),
                table::known(one.lag_events, table::number),
                table::known(one.lag_seconds, table::seconds),
                one.parked_events.to_string(),
            ]
        })
        .collect();
    table::print(out, &["reactor", "context", "position>", "lag>", "seconds>", "parked>"], &rows)?;
    Ok(())
}
