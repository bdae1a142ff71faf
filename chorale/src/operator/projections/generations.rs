//! `chorale projections rollback` and `drop-old`.

use std::io::Write;

use anyhow::Result;
use serde_json::json;

use super::{ReadOnlyShop, backends, named, selected, writable};
use crate::cli::Which;
use crate::progress::{progress_bar, show_rebuild};
use crate::table;

/// Makes the generation that was live before live again.
pub async fn rollback(shop: &ReadOnlyShop, name: &str, as_json: bool, out: &mut impl Write) -> Result<()> {
    let projection = named(name)?;
    let store = writable(shop).await?;
    let bar = progress_bar(0, name);
    let generation = projectors::rollback(projection, &backends(shop, store), show_rebuild(&bar)).await;
    bar.finish_and_clear();
    let generation = generation?;
    if as_json {
        table::json(out, &json!({ "projection": name, "generation": generation }))?;
    } else {
        writeln!(out, "Generation {generation} of {name} has caught up and is live again.")?;
    }
    Ok(())
}

/// Drops retired generations.
pub async fn drop_old(shop: &ReadOnlyShop, which: &Which, as_json: bool, out: &mut impl Write) -> Result<()> {
    let store = writable(shop).await?;
    for projection in selected(which)? {
        let dropped = projectors::drop_old(projection, &backends(shop, store.clone())).await?;
        let name = projection.name();
        if as_json {
            table::json(out, &json!({ "projection": name, "dropped": dropped }))?;
        } else if dropped.is_empty() {
            writeln!(out, "{name} has no retired generation.")?;
        } else {
            let numbers: Vec<String> = dropped.iter().map(u32::to_string).collect();
            writeln!(out, "{name}: dropped generation {}.", numbers.join(", "))?;
        }
    }
    Ok(())
}
