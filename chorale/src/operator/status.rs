//! `chorale status`: the processes of `chorale up`, and the lag of every reactor and projection.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::{ReadOnlyShop, projections, reactors};
use crate::{health, table, up};

/// Lists processes, reactors and projections. `false`: a process is not ready.
pub async fn run(shop: &ReadOnlyShop, data: &Path, as_json: bool, out: &mut impl Write) -> Result<bool> {
    let (mut rows, mut all_ready) = (Vec::new(), true);
    for (role, process) in up::processes(data)? {
        let state = match &process.url {
            Some(url) => match health::ready(url).await {
                Ok((true, _)) => "ready".to_owned(),
                Ok((false, answer)) => format!("not ready: {answer}"),
                Err(error) => format!("does not answer: {error:#}"),
            },
            None => "starting".to_owned(),
        };
        let ready = state == "ready";
        all_ready &= ready;
        if as_json {
            let line = json!({ "process": role, "pid": process.pid, "url": process.url, "ready": ready, "state": state });
            table::json(out, &line)?;
        }
        rows.push(vec![role, process.pid.to_string(), process.url.unwrap_or_default(), state]);
    }
    if !as_json {
        if rows.is_empty() {
            writeln!(out, "No processes of `chorale up` are known in this data directory.")?;
        } else {
            table::print(out, &["process", "pid>", "health and metrics at", "state"], &rows)?;
        }
        writeln!(out)?;
    }
    reactors::list(shop, as_json, out).await?;
    if !as_json {
        writeln!(out)?;
    }
    projections::list(shop, as_json, out).await?;
    Ok(all_ready)
}
