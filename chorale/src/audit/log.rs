//! `chorale log`: the heads of the logs, and whether anything in them was changed.

use std::io::{IsTerminal, Write};

use anyhow::Result;
use event_log::chain;
use event_log::verify::verify;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Look;
use crate::table;

/// Shows where each log ends.
pub async fn head(look: &Look, as_json: bool, out: &mut impl Write) -> Result<()> {
    let mut rows = Vec::new();
    for log in &look.logs {
        let (context, head) = (log.context().name(), log.head().await?);
        let hash = chain::to_hex(&head.hash);
        if as_json {
            let epoch = head.epoch.to_string();
            table::json(
                out,
                &json!({ "context": context, "position": head.position, "hash": hash, "epoch": epoch }),
            )?;
        }
        rows.push(vec![context.to_owned(), table::number(head.position), hash, head.epoch.to_string()]);
    }
    if !as_json {
        table::print(out, &["context", "position>", "hash", "epoch"], &rows)?;
    }
    Ok(())
}

/// Recomputes the hash chain of every log. `false` when something is wrong.
pub async fn check(look: &Look, as_json: bool, out: &mut impl Write) -> Result<bool> {
    let mut sound = true;
    for log in &look.logs {
        let context = log.context().name();
        let bar = progress(log.head().await?.position, context);
        let found = verify(log.as_ref(), None, |position| bar.set_position(position)).await;
        bar.finish_and_clear();
        match found {
            Ok(verified) if as_json => {
                table::json(out, &json!({ "context": context, "sound": true, "events": verified.events }))?;
            }
            Ok(verified) => writeln!(out, "{context:<10} sound, {} events", table::number(verified.events))?,
            Err(finding) => {
                sound = false;
                if as_json {
                    table::json(
                        out,
                        &json!({ "context": context, "sound": false, "finding": finding.to_string() }),
                    )?;
                } else {
                    writeln!(out, "{context:<10} BROKEN: {finding}")?;
                }
            }
        }
    }
    Ok(sound)
}

/// A bar with rate and time left on a terminal, nothing elsewhere.
pub fn progress(total: u64, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    match ProgressStyle::with_template("{msg:12} {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
