//! `chorale log`: the heads of the logs, and the verification of their hash chains.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use event_log::chain;
use event_log::verify::verify;
use platform::config::Secret;
use platform::signing::Signer;
use serde_json::json;

use super::ReadOnlyShop;
use super::heads::{Heads, Vouched};
use crate::progress::progress_bar;
use crate::table;

/// Prints position, hash and epoch of each log's head.
pub async fn head(shop: &ReadOnlyShop, as_json: bool, out: &mut impl Write) -> Result<()> {
    let mut rows = Vec::new();
    for log in &shop.logs {
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

/// Recomputes the hash chain of every log, and compares it with its signed heads. Returns `false` if a chain or a signed
/// head does not match.
pub async fn check(shop: &ReadOnlyShop, as_json: bool, out: &mut impl Write) -> Result<bool> {
    let (mut sound, heads) = (true, Heads::read(shop).await?);
    for log in &shop.logs {
        let context = log.context().name();
        let bar = progress_bar(log.head().await?.position, context);
        let found = verify(log.as_ref(), None, |position| bar.set_position(position)).await;
        bar.finish_and_clear();
        let (events, finding, vouched) = match found {
            Ok(verified) => (verified.events, None, heads.compare(log.as_ref()).await?),
            Err(finding) => (0, Some(finding.to_string()), Vouched::Nothing),
        };
        let (count, agreement, finding) = match vouched {
            Vouched::Wrong(problem) => (0, String::new(), Some(problem)),
            Vouched::Nothing => (0, String::new(), finding),
            Vouched::Agree(count, last, verified) => (count, describe(count, last, verified), finding),
        };
        sound &= finding.is_none();
        if as_json {
            let sound = finding.is_none();
            table::json(
                out,
                &json!({ "context": context, "sound": sound, "events": events, "signedHeads": count, "finding": finding }),
            )?;
        } else if let Some(finding) = finding {
            table::line(out, format_args!("{context:<10} BROKEN: {finding}"))?;
        } else {
            writeln!(out, "{context:<10} sound, {} events{agreement}", table::number(events))?;
        }
    }
    Ok(sound)
}

fn describe(count: usize, last: u64, verified: bool) -> String {
    let signatures = match verified {
        true => "",
        false => "; signatures not checked: CHORALE_AUDIT_PUBLIC_KEY is not set",
    };
    format!("; {count} signed heads agree, the last at position {}{signatures}", table::number(last))
}

/// Prints the public half of the key that log heads are signed with, for auditors.
pub fn key(key: Option<&Secret>, as_json: bool, out: &mut impl Write) -> Result<()> {
    let Some(key) = key else {
        bail!("CHORALE_AUDIT_KEY is not set in the environment: 32 bytes, base64 or hex")
    };
    let signer = Signer::from_env_text(key).context("CHORALE_AUDIT_KEY")?;
    let (public, id) = (signer.public_key(), signer.key_id());
    if as_json {
        return Ok(table::json(out, &json!({ "publicKey": public, "keyId": id }))?);
    }
    writeln!(
        out,
        "{public}\n\nCHORALE_AUDIT_PUBLIC_KEY for `chorale log verify`, --public-key for examples/auditor. Key id {id}."
    )?;
    Ok(())
}
