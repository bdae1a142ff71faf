//! `chorale projections verify`: compares live documents with a fold of all events, and puts right those that differ.

use std::io::Write;

use anyhow::Result;
use projectors::{Difference, Projection, Verified};
use serde_json::{Value, json};

use super::{ReadOnlyShop, backends, selected, writable};
use crate::cli::Which;
use crate::progress::{progress_bar, show_rebuild};
use crate::table;

/// What can be wrong, in the order of the output.
const KINDS: [Difference; 4] =
    [Difference::Altered, Difference::Missing, Difference::Surplus, Difference::Stale];
/// Documents that the text names per projection; JSON names at most 100.
const NAMED: usize = 10;

/// Verifies projections, and repairs them if `repair`. Returns `false` if documents differ, and still do after the repair.
pub async fn verify(
    shop: &ReadOnlyShop,
    which: &Which,
    repair: bool,
    as_json: bool,
    out: &mut impl Write,
) -> Result<bool> {
    let store = writable(shop).await?;
    let mut sound = true;
    for projection in selected(which)? {
        let bar = progress_bar(0, projection.name());
        let verified =
            projectors::verify(projection, &backends(shop, store.clone()), repair, show_rebuild(&bar)).await;
        bar.finish_and_clear();
        let verified = verified?;
        sound &= verified.wrong() == 0;
        if as_json {
            table::json(out, &as_value(projection, &verified))?;
        } else {
            print(out, projection, &verified, repair)?;
        }
        // Each takes a while.
        out.flush()?;
    }
    Ok(sound)
}

fn name(kind: Difference) -> &'static str {
    match kind {
        Difference::Altered => "altered",
        Difference::Missing => "missing",
        Difference::Surplus => "surplus",
        Difference::Stale => "stale",
    }
}

fn as_value(projection: &Projection, verified: &Verified) -> Value {
    let mut value = json!({
        "projection": projection.name(), "kind": projection.kind(), "records": verified.records,
        "equal": verified.equal, "uncompared": verified.uncompared, "repaired": verified.repaired,
        "digest": verified.digest,
    });
    for kind in KINDS {
        value[name(kind)] = verified.different.get(&kind).copied().unwrap_or(0).into();
    }
    let documents = verified.first.iter().map(|(id, kind)| json!({ "id": id, "problem": name(*kind) }));
    value["documents"] = documents.collect();
    value
}

fn print(
    out: &mut impl Write,
    projection: &Projection,
    verified: &Verified,
    repair: bool,
) -> std::io::Result<()> {
    let counted = KINDS.into_iter().filter_map(|kind| {
        let count = verified.different.get(&kind)?;
        Some(format!("{} {}", table::number(*count), name(kind)))
    });
    let mut line = format!("{:<17} {} equal", projection.name(), table::number(verified.equal));
    counted.for_each(|count| line.push_str(&format!(", {count}")));
    if verified.uncompared > 0 {
        line.push_str(&format!(", {} not compared", table::number(verified.uncompared)));
    }
    match verified.wrong() {
        0 if verified.repaired > 0 => line.push_str("; all repaired"),
        wrong if repair && wrong > 0 => line.push_str(&format!("; {} STILL WRONG", table::number(wrong))),
        0 => {}
        _ => line.push_str("; WRONG"),
    }
    writeln!(out, "{line}")?;
    for (id, kind) in verified.first.iter().take(NAMED) {
        table::line(out, format_args!("  {} {id}", name(*kind)))?;
    }
    let all: u64 = verified.different.values().sum();
    if all > NAMED as u64 {
        writeln!(out, "  … and {} more", table::number(all - NAMED as u64))?;
    }
    Ok(())
}
